"""95 % intervals of a sum of sizes of gaps, such as a calibration error, from bootstrap noise.

The plain percentile bootstrap fails here: each draw adds noise to gaps that hold noise already, sizes grow by it, and
for a well calibrated model the interval lies wholly above the truth. Instead the observed pattern of gaps is scaled
until the observed sum would be too small, or too large, to be seen in 95 % of the draws (a test inverted, after
Carpenter and Bithell, Stat. Med. 19 (2000), section 3.4). The difference of two such sums reaches from the ends of
their intervals: wider than it need be, but pairing cannot make it narrower, as no draw knows either sum's bias.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from ferlab.evaluation.intervals import LEVEL

STEPS = 18  # halvings: down to a few millionths of the range

Gaps = Float[np.ndarray, "cell"]
Noise = Float[np.ndarray, "cell resample"]


def interval(gaps: Gaps, noise: Noise, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval of the true sum of the gaps' sizes, within 0..1.

    The observed sum is biased upwards and may stand near the upper end; it never stands outside.

    Args:
        gaps: observed, signed.
        noise: resampled gaps less the observed ones.
        level: of confidence.
    """
    value = float(np.abs(gaps).sum())
    low, high = 0.5 - level / 2, 0.5 + level / 2
    pattern = _pattern(gaps, noise)

    def above(total: float) -> float:
        return float(np.quantile(_sizes(pattern, total, noise), high)) - value

    def below(total: float) -> float:
        return float(np.quantile(_sizes(pattern, total, noise), low)) - value

    return _crossing(above, 0.0, value), _crossing(below, value, max(value, 1.0))


def _pattern(gaps: Gaps, noise: Noise) -> Gaps:
    """Return the gaps scaled to a sum of one; where there is none, the noise's own spread."""
    total = np.abs(gaps).sum()
    shape, total = (gaps, total) if total > 0 else (noise.std(1), noise.std(1).sum())
    return np.asarray(shape / total if total > 0 else shape)


def _sizes(pattern: Gaps, total: float, noise: Noise) -> Float[np.ndarray, "resample"]:
    return np.asarray(np.abs(noise + (total * pattern[:, None]).astype(noise.dtype)).sum(0))


def _crossing(rising: Callable[[float], float], start: float, end: float) -> float:
    """Return where a rising function crosses 0 between two ends, or the end that it stays beyond."""
    if rising(start) >= 0:
        return start
    if rising(end) <= 0:
        return end
    for _ in range(STEPS):
        middle = (start + end) / 2
        if rising(middle) < 0:
            start = middle
        else:
            end = middle
    return (start + end) / 2
