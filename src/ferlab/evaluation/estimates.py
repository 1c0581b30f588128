"""A figure with its 95 % interval as plain values: {"value", "low", "high", "interval"}."""

import numpy as np
from jaxtyping import Float

from ferlab.evaluation.intervals import Bounds, percentile, wilson
from ferlab.evaluation.resampling import LIMITS
from ferlab.evaluation.unseen import widened

Estimate = dict[str, float | str]


def estimate(value: float, bounds: tuple[float, float] | None, method: str) -> Estimate:
    """Round to six decimals: far below any interval's width, far above the noise of summation order."""
    low, high = bounds if bounds is not None else (0.0, 1.0)
    return {"value": round(value, 6), "low": round(low, 6), "high": round(high, 6), "interval": method}


def proportion(successes: int, n: int) -> Estimate:
    """Return a share of independent rows with Wilson's interval."""
    return estimate(successes / n, wilson(successes, n), "wilson")


def bootstrapped(value: float, draws: Float[np.ndarray, "resample"], reach: Bounds | None = None) -> Estimate:
    """Return a figure of independent rows with its bootstrap interval, as far as unseen rows reach (unseen.py)."""
    bounds = percentile(draws)
    return estimate(value, None if bounds is None else widened(bounds, value, reach), "bootstrap")


def clustered(
    metric: str, value: float, draws: Float[np.ndarray, "resample"], clusters: int, reach: Bounds | None = None
) -> Estimate:
    """Return a figure with the interval of a clustered bootstrap.

    Args:
        metric: its name.
        value: of the rows as they are.
        draws: under resampling of whole clusters.
        clusters: how many there are; one tells nothing, and gets the whole range.
        reach: of unseen clusters, `unseen.reach`.
    """
    bounds, limit = percentile(draws, clusters=max(clusters, 2)), LIMITS.get(metric, 1.0)
    if clusters < 2 or (metric in LIMITS and bounds is None):
        return estimate(value, (0.0, limit), "none")
    if bounds is None or bounds[0] == bounds[1]:
        # no draw differs (a class never recognised, say): an interval of no width would claim to know
        bounds = widened(wilson(round(value * clusters), clusters), value, reach)
        return estimate(value, bounds, "wilson over clusters")
    return estimate(value, widened(bounds, value, reach), "clustered bootstrap")
