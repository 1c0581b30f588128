"""The difference of two models, or two ways to ask one, on the same samples, with its 95 % interval.

Resampling both by the same draws keeps what is easy or hard for both out of the interval. Over several seeds a side,
the variance of the seeds is added to that of the rows, with Welch and Satterthwaite's degrees of freedom (Welch,
Biometrika 34, 1947), so the interval speaks of other test samples and other training runs at once.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from ferlab.errors import FerlabError
from ferlab.evaluation.clusters import Units, clusters_of
from ferlab.evaluation.intervals import LEVEL, RESAMPLES, SEED, Bounds, newcombe, percentile
from ferlab.evaluation.resampling import observed, resample
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.significance import ALPHA, bootstrap_p
from ferlab.evaluation.unseen import difference_reach


def accuracy_difference(ours: Rows, theirs: Rows, resamples: int = RESAMPLES, seed: int = SEED) -> dict[str, Any]:
    """Return the accuracy of `ours` less that of `theirs`, with the percentile interval of a paired bootstrap.

    Args:
        ours: rows of one split.
        theirs: the same samples in the same order.
        resamples: bootstrap draws.
        seed: of the bootstrap.

    Returns:
        {"value", "low", "high", "interval", "gained", "lost", "n"}: fractions of the samples; gained and lost count the
        samples that only one side got right.

    Raises:
        FerlabError: the samples differ.
    """
    if not np.array_equal(ours.ids, theirs.ids) or not np.array_equal(ours.labels, theirs.labels):
        raise FerlabError("paired difference: expected the same samples in the same order on both sides")
    units = clusters_of(ours)
    (value, draws), (other, theirs_drawn) = (
        (observed(rows, ["accuracy"])["accuracy"], resample(rows, ["accuracy"], units, resamples, seed)["accuracy"])
        for rows in (ours, theirs)
    )
    gap = paired_difference(value, other, draws, theirs_drawn, units, difference_reach(ours, theirs, "accuracy", units))
    gained, lost = only_one_right(ours, theirs)
    del gap["p"]
    return {**gap, "gained": gained, "lost": lost, "n": len(ours)}


def paired_difference(
    value: float,
    other: float,
    draws: Float[np.ndarray, "resample"],
    other_draws: Float[np.ndarray, "resample"],
    units: Units,
    reach: Bounds | None = None,
) -> dict[str, Any]:
    """Return `value` less `other` with the percentile interval and the p of a paired bootstrap.

    Args:
        value: ours.
        other: theirs.
        draws: of ours.
        other_draws: of theirs, by the same weights.
        units: what was drawn.
        reach: `unseen.difference_reach`, the interval where no draw tells the two apart, as of two that are always
            right: without it that interval would have no width.

    Returns:
        {"value", "low", "high", "interval", "p"}; low, high and p are None where the draws cannot tell them, or all
        rows are one cluster.
    """
    gaps = draws - other_draws
    bounds = percentile(gaps, clusters=units.clusters) if units.count > 1 else None
    kind = "paired bootstrap" if units.index is None else "paired clustered bootstrap"
    p = bootstrap_p(gaps, units.count, units.clusters)
    if reach is not None and units.count > 1 and bounds == (0.0, 0.0):
        low, high = _rounded(reach[0]), _rounded(reach[1])
        return {"value": 0.0, "low": low, "high": high, "interval": "unseen rows", "p": 1.0}
    # of few units that all say the same, draws have no spread: an interval of no width would claim to know
    certain = bounds is not None and bounds[0] == bounds[1] != 0 and (p is None or p >= ALPHA)
    if bounds is None or certain or np.isnan(value - other):
        return {"value": _rounded(value - other), "low": None, "high": None, "interval": "none", "p": None}
    low, high = bounds
    return {
        "value": _rounded(value - other),
        "low": _rounded(low),
        "high": _rounded(high),
        "interval": kind,
        "p": p,
    }


def apart(ours: tuple[int, int], theirs: tuple[int, int]) -> dict[str, Any]:
    """Return the difference of two independent proportions, each successes and of how many, as `paired_difference`.

    Its p falls below 1 - level where Newcombe's interval of that level leaves 0 out.
    """
    value = ours[0] / ours[1] - theirs[0] / theirs[1]
    low, high = newcombe(ours, theirs)
    # the logarithm of p by halves, between one and what double precision can tell
    inside, outside = -30.0, 0.0
    for _ in range(40):
        middle = (inside + outside) / 2
        ends = newcombe(ours, theirs, 1 - float(np.exp(middle)))
        inside, outside = (middle, outside) if ends[0] <= 0 <= ends[1] else (inside, middle)
    p = 1.0 if not value else float(np.exp(outside))
    return {"value": _rounded(value), "low": _rounded(low), "high": _rounded(high), "interval": "newcombe", "p": p}


def seeds_difference(
    values: Sequence[float],
    others: Sequence[float],
    draws: Float[np.ndarray, "seed resample"],
    other_draws: Float[np.ndarray, "_ resample"],
) -> dict[str, Any]:
    """Return the mean over our seeds less that over theirs, with an interval over rows and seeds.

    The spread of seeds on one test set holds some of the rows' noise too, so the interval is rather too wide than too
    narrow. A side of one seed tells nothing of its seeds' spread: only the other side's is then in the interval.

    Args:
        values: one figure a seed.
        others: theirs.
        draws: of each seed by the same weights.
        other_draws: theirs.

    Returns:
        As `paired_difference`; interval is "rows and seeds", or "rows" where both sides have one seed.
    """
    from scipy.stats import t

    value = float(np.mean(values) - np.mean(others))
    parts = [(float(np.var(side, ddof=1)) / len(side), len(side) - 1) for side in (values, others) if len(side) > 1]
    gaps = draws.mean(0) - other_draws.mean(0)
    variance = float(np.nanvar(gaps)) + sum(part for part, _ in parts)
    uncertain = sum(part**2 / freedom for part, freedom in parts)
    if np.isnan(value) or not variance:
        return {"value": _rounded(value), "low": None, "high": None, "interval": "none", "p": None}
    # the rows' variance comes from thousands of draws: its degrees of freedom have no end
    freedom = variance**2 / uncertain if uncertain else np.inf
    half = float(t.ppf(0.5 + LEVEL / 2, freedom)) * variance**0.5
    return {
        "value": _rounded(value),
        "low": _rounded(value - half),
        "high": _rounded(value + half),
        "interval": "rows and seeds" if parts else "rows",
        "p": 2 * float(t.sf(abs(value) / variance**0.5, freedom)),
    }


def only_one_right(ours: Rows, theirs: Rows) -> tuple[int, int]:
    """Count the samples that only ours, and only theirs, got right."""
    right, other = ours.preds == ours.labels, theirs.preds == theirs.labels
    return int((right & ~other).sum()), int((~right & other).sum())


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
