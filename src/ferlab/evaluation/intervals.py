"""95 % intervals for every figure: Wilson's for proportions, the percentile bootstrap for the rest.

Sources: Wilson, J. Am. Stat. Assoc. 22 (1927); Efron, Ann. Stat. 7 (1979). The bootstrap resamples rows, so it
speaks of other test samples from the same source, not of other training runs.
"""

from collections.abc import Callable, Iterator
from statistics import NormalDist

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

LEVEL = 0.95
RESAMPLES = 10_000
SEED = 20130707

Bounds = tuple[float, float]


def wilson(successes: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion, within 0..1; `n` must be at least 1."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)))
    # at 0 and n the bound is exact; rounding errors would otherwise push it past the value itself
    return (0.0 if successes <= 0 else max(0.0, centre - half)), (1.0 if successes >= n else min(1.0, centre + half))


def newcombe(ours: tuple[int, int], theirs: tuple[int, int], level: float = LEVEL) -> tuple[float, float]:
    """Return Newcombe's interval of a difference of independent proportions, from their Wilson intervals.

    Source: Stat. Med. 17 (1998), method 10.

    Args:
        ours: successes, and of how many.
        theirs: the same.
        level: of confidence.
    """
    (low, high), (low2, high2) = (wilson(*side, level) for side in (ours, theirs))
    p, q = (successes / n for successes, n in (ours, theirs))
    return p - q - float(np.hypot(p - low, high2 - q)), p - q + float(np.hypot(high - p, q - low2))


def newcombe_area(value: float, positives: int | float, negatives: int | float) -> Bounds:
    """Return Newcombe's score interval of an area under the ROC curve, within 0..1, from how many rows of either side.

    Source: Stat. Med. 25 (2006), part 2, method 5: Hanley and McNeil's variance where the interval ends.
    """
    z = NormalDist().inv_cdf(0.5 + LEVEL / 2)
    freedom = (positives + negatives) / 2 - 1

    def outside(area: float) -> bool:
        spread = 1 + freedom * ((1 - area) / (2 - area) + area / (1 + area))
        return (value - area) ** 2 > z * z * area * (1 - area) * spread / (positives * negatives)

    return _edge(outside, 0.0, value), _edge(outside, 1.0, value)


def _edge(outside: Callable[[float], bool], far: float, near: float) -> float:
    """Return where an interval around `near` ends towards `far`."""
    if not outside(far):
        return far
    for _ in range(50):
        middle = (far + near) / 2
        far, near = (middle, near) if outside(middle) else (far, middle)
    return near


def percentile(
    draws: Float[np.ndarray, "resample"], level: float = LEVEL, clusters: int | None = None
) -> tuple[float, float] | None:
    """Return the percentile interval of bootstrap draws, or None where fewer than half of them are defined.

    Draws of few clusters spread too little: their interval is widened as Student's is beside the normal one
    (Hesterberg's expanded percentile, Am. Stat. 69, 2015, section 5.3).

    Args:
        draws: what resampling gave.
        level: of confidence.
        clusters: how many clusters were drawn from; None where rows were. One cluster tells nothing: None.
    """
    defined = draws[~np.isnan(draws)]
    if len(defined) * 2 < len(draws) or not len(defined) or (clusters is not None and clusters < 2):
        return None
    tail = 0.5 - level / 2
    if clusters is not None:
        from scipy.stats import norm, t

        tail = float(norm.sf(t.isf(tail, clusters - 1) * np.sqrt(clusters / (clusters - 1))))
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)


def expanded_p(p: float, clusters: int) -> float:
    """Return the two-sided p that goes with the expanded percentile interval of so many clusters, 2 or more."""
    from scipy.stats import norm, t

    return min(1.0, 2 * float(t.sf(norm.isf(p / 2) * np.sqrt((clusters - 1) / clusters), clusters - 1)))


def resample_confusion(
    confusion: Int[np.ndarray, "classes classes"], resamples: int = RESAMPLES, seed: int = SEED
) -> Int[np.ndarray, "resample classes classes"]:
    """Draw confusion matrices as resampling the rows would give them.

    Rows in one cell are alike to every measure of the matrix, so resampling n rows is one multinomial draw over the
    filled cells: exact, and fast. Entry [true, predicted]; the total of each draw is that of `confusion`.
    """
    cells = confusion.ravel()
    filled = np.flatnonzero(cells)
    n = int(cells.sum())
    drawn = np.random.default_rng(seed).multinomial(n, cells[filled] / n, size=resamples)
    out = np.zeros((resamples, cells.size), dtype=np.int64)
    out[:, filled] = drawn
    return out.reshape(resamples, *confusion.shape)


def row_weights(
    n: int, resamples: int = RESAMPLES, seed: int = SEED, chunk_mb: int = 16
) -> Iterator[Float32[np.ndarray, "row chunk"]]:
    """Yield how often each of `n` rows is drawn in each resample, some resamples at a time to bound the memory."""
    rng = np.random.default_rng(seed)
    chunk = max(1, min(resamples, chunk_mb * 2**20 // (8 * n)))
    for start in range(0, resamples, chunk):
        width = min(chunk, resamples - start)
        drawn = rng.integers(0, n, size=(width, n)) + n * np.arange(width)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=width * n).reshape(width, n)
        yield np.ascontiguousarray(counts.T, dtype=np.float32)


def weighted_auroc(
    scores: Float[np.ndarray, "row"], positive: Bool[np.ndarray, "row"], weights: Float32[np.ndarray, "row resample"]
) -> Float[np.ndarray, "resample"]:
    """Return the area under the ROC curve for each column of row weights, ties counting one half.

    The area is the chance that a positive outranks a negative (Mann and Whitney): negatives below are cumulated once
    along the sorted scores, for all resamples together. NaN where a column holds one side only.
    """
    order = np.argsort(scores, kind="stable")
    negatives, positives = order[~positive[order]], order[positive[order]]
    own = weights[positives]
    lower = np.searchsorted(scores[negatives], scores[positives], side="left")
    upper = np.searchsorted(scores[negatives], scores[positives], side="right")
    # only where a positive stands is the sum asked for: between two such places negatives are added at once
    places = np.unique(np.concatenate([[0], lower, upper, [len(negatives)]]))
    below = np.zeros((len(places), weights.shape[1]), dtype=np.float32)
    if len(negatives):
        np.cumsum(np.add.reduceat(weights[negatives], places[:-1], axis=0), axis=0, out=below[1:])
    beaten = below[np.searchsorted(places, lower)]
    if not np.array_equal(lower, upper):
        beaten = (beaten + below[np.searchsorted(places, upper)]) / 2
    wins = np.einsum("pr,pr->r", own, beaten, dtype=np.float64)
    pairs = own.sum(0, dtype=np.float64) * below[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(pairs > 0, wins / pairs, np.nan), dtype=np.float64)
