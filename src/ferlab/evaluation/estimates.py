"""A figure with its 95 % interval as plain values: {"value", "low", "high", "interval"}."""

import numpy as np
from jaxtyping import Float

from ferlab.evaluation.intervals import percentile, wilson
from ferlab.evaluation.resampling import LIMITS

Estimate = dict[str, float | str]


def estimate(value: float, bounds: tuple[float, float] | None, method: str) -> Estimate:
    """Round to six decimals: far below any interval's width, far above the noise of summation order."""
    low, high = bounds if bounds is not None else (0.0, 1.0)
    return {"value": round(value, 6), "low": round(low, 6), "high": round(high, 6), "interval": method}


def proportion(successes: int, n: int) -> Estimate:
    """Return a share of independent rows with Wilson's interval."""
    return estimate(successes / n, wilson(successes, n), "wilson")


def clustered(metric: str, value: float, draws: Float[np.ndarray, "resample"], clusters: int) -> Estimate:
    """Return a figure with the interval of a clustered bootstrap.

    Args:
        metric: its name.
        value: of the rows as they are.
        draws: under resampling of whole clusters.
        clusters: how many there are; one tells nothing, and gets the whole range.
    """
    bounds, limit = percentile(draws, clusters=max(clusters, 2)), LIMITS.get(metric, 1.0)
    if clusters < 2 or (metric in LIMITS and bounds is None):
        return estimate(value, (0.0, limit), "none")
    if bounds is None or bounds[0] == bounds[1]:
        # no draw differs (a class never recognised, say): an interval of no width would claim to know
        low, high = wilson(round(value * clusters), clusters)
        return estimate(value, (min(low, value), max(high, value)), "wilson over clusters")
    return estimate(value, (min(bounds[0], value), max(bounds[1], value)), "clustered bootstrap")
