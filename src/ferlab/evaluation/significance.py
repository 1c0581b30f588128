"""Tests of a difference: McNemar's, the bootstrap's p, and Holm's correction for many of them.

Sources: McNemar, Psychometrika 12 (1947), exact with mid-p as Fagerland, Lydersen and Laake recommend
(BMC Med. Res. Methodol. 13:91, 2013); Holm, Scand. J. Stat. 6 (1979).
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from ferlab.evaluation.intervals import expanded_p

ALPHA = 0.05


def mcnemar(gained: int, lost: int) -> dict[str, float | int]:
    """Test whether two classifiers are right equally often on the same independent samples.

    Args:
        gained: samples that only ours got right.
        lost: samples that only theirs got right.

    Returns:
        gained, lost, p (exact binomial, mid-p) and p_exact (without mid-p, never too small but often too large).
    """
    n = gained + lost
    if not n:
        return {"gained": 0, "lost": 0, "p": 1.0, "p_exact": 1.0}
    from scipy.stats import binom

    few = min(gained, lost)
    exact = min(1.0, 2 * float(binom.cdf(few, n, 0.5)))
    # where both sides are equal, the doubled tail holds the middle twice
    middle = min(1.0, 2 * float(binom.cdf(few, n, 0.5)) - float(binom.pmf(few, n, 0.5)))
    return {"gained": gained, "lost": lost, "p": middle, "p_exact": exact}


def bootstrap_p(
    draws: Float[np.ndarray, "resample"], units: int | None = None, clusters: int | None = None
) -> float | None:
    """Return the two-sided p of no difference, from the bootstrap draws of a difference.

    Twice the share of draws on the other side of 0 (or on it), so that it falls below 0.05 where the 95 % percentile
    interval leaves 0 out. Where no draw lies there, that share is only known to be small: the normal tail stands
    in for it, else ten thousand draws could never survive a correction for many pairs. None where fewer than half of
    the draws are defined.

    Args:
        draws: of a difference.
        units: how many rows or clusters were drawn from. Draws of few of them agree too often: p is never below that
            of all units on one side in a sign test, two in 2 ** units.
        clusters: how many clusters, 2 or more, where clusters were drawn: p then goes with the expanded interval.
    """
    least = 0.0 if units is None else 2 * 0.5 ** min(units, 1000)
    told = draws[~np.isnan(draws)]
    if len(told) * 2 < len(draws) or not len(told):
        return None
    other = min(int((told <= 0).sum()), int((told >= 0).sum()))
    p = min(1.0, 2 * (other + 1) / (len(told) + 1))
    if not other and np.ptp(told):
        p = min(p, math.erfc(abs(float(told.mean())) / float(told.std()) / math.sqrt(2)))
    if clusters is not None and clusters > 1:
        p = expanded_p(p, clusters)
    return min(1.0, max(p, least))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return p values corrected for how many there are, in their order; what is None stays so and is not counted."""
    told = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    out: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, i) in enumerate(told):
        highest = max(highest, min(1.0, p * (len(told) - rank)))
        out[i] = highest
    return out
