"""Answering only when sure: the risk-coverage curve, and the confidence to ask for where an error rate is wished.

Sources: El-Yaniv and Wiener, JMLR 11 (2010); Geifman and El-Yaniv, arXiv 1705.08500 (selection with guaranteed risk)
and, for the area under the curve less the best one of the same accuracy, Geifman et al., arXiv 1805.08206; Clopper
and Pearson, Biometrika 26 (1934).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float64

from ferlab.errors import FerlabError
from ferlab.evaluation.clusters import Units
from ferlab.evaluation.intervals import LEVEL, RESAMPLES, SEED, percentile, wilson

WISHES = (0.05, 0.1, 0.2)

Confidence = Float[np.ndarray, "row"]
Wrong = Bool[np.ndarray, "row"]


def check_wishes(wishes: Sequence[float | int]) -> None:
    """Refuse wished error rates that are none.

    Raises:
        FerlabError: one is not a number between 0 and 1, or stands twice.
    """
    bad = [one for one in wishes if isinstance(one, bool) or not isinstance(one, int | float) or not 0 < one < 1]
    if bad or len(set(wishes)) < len(wishes):
        raise FerlabError(
            f"wished_errors: expected different error rates between 0 and 1, found {list(wishes)}; "
            "cure: wished_errors=[0.05,0.1]"
        )


def risk_coverage(confidence: Confidence, wrong: Wrong) -> tuple[Float64[np.ndarray, "point"], ...]:
    """Return the curve, one point a distinct confidence from the highest: threshold, coverage and risk.

    Coverage is the share of rows at least as confident as the threshold, risk the share of errors among them.
    """
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    errors = np.cumsum(wrong[order], dtype=np.float64)[last]
    return ranked[last].astype(np.float64), (last + 1) / len(ranked), errors / (last + 1)


def areas(
    confidence: Confidence, wrong: Wrong, resamples: int = RESAMPLES, seed: int = SEED, units: Units | None = None
) -> dict[str, Any]:
    """Return the area under the risk-coverage curve (AURC), and what it exceeds the best possible one by.

    The area is the mean over rows of the error rate among the rows at least as confident; the best possible one has
    every error behind every right answer, and knows as many errors.

    Args:
        confidence: of each row.
        wrong: whether its prediction is.
        resamples: bootstrap draws.
        seed: of the bootstrap.
        units: what is drawn; rows by default.

    Returns:
        "aurc" and "aurc_excess", each an estimate with its bootstrap interval.
    """
    n = len(wrong)
    units = units or Units(n, None, None, n)
    order = np.argsort(-confidence, kind="stable")
    ranked, errors = confidence[order], wrong[order].astype(np.float32)[:, None]
    last = np.searchsorted(-ranked, -ranked, side="right") - 1
    # 1 + 1/2 + ... up to as many rows as a draw may hold
    largest = n if units.index is None else int(units.count * np.bincount(units.index).max())
    harmonic = np.append(0.0, np.cumsum(1 / np.arange(1, largest + 1)))

    def both(weights: Float[np.ndarray, "row resample"]) -> Float64[np.ndarray, "two resample"]:
        weights = weights[order]
        held, lost = np.cumsum(weights, axis=0)[last], np.cumsum(weights * errors, axis=0)[last]
        total, right = held[-1].astype(int), (held[-1] - lost[-1]).astype(int)
        area = np.einsum("rb,rb->b", weights, lost / np.maximum(held, 1), dtype=np.float64) / total
        # errors behind all right answers: the sum over j = 1..errors of j / (right + j)
        best = (total - right - right * (harmonic[total] - harmonic[right])) / total
        return np.stack([area, area - best])

    values = both(np.ones((n, 1), dtype=np.float32))[:, 0]
    draws = np.concatenate([both(weights) for weights in units.weights(resamples, seed)], axis=1)
    out = {}
    for name, value, draw in zip(("aurc", "aurc_excess"), values, draws, strict=True):
        # draws of one cluster are all alike, and tell nothing of others
        low, high = (percentile(draw, clusters=units.clusters) if units.count > 1 else None) or (0.0, 1.0)
        estimate: dict[str, Any] = {"value": round(float(value), 6)}
        out[name] = estimate | {"low": round(low, 6), "high": round(high, 6), "interval": "bootstrap"}
    return out


def guaranteed(confidence: Confidence, wrong: Wrong, wish: float, level: float = LEVEL) -> tuple[float | None, float]:
    """Choose the confidence to ask for so that, with certainty `level`, at most `wish` of what is kept is wrong.

    Geifman and El-Yaniv's search: the coverage is halved or raised again by the exact (Clopper-Pearson) upper bound
    of the error rate among the kept rows, each of its log2(n) steps at its share of 1 - level, so that the promise
    holds for the threshold it ends with. It speaks of new samples like these, independent of each other.

    Args:
        confidence: of each validation row.
        wrong: whether its prediction is.
        wish: error rate.
        level: of certainty.

    Returns:
        The threshold and its upper bound; of the lowest bound seen and no threshold where none keeps the promise.
    """
    ranked = np.sort(confidence)
    n, steps = len(ranked), max(1, int(np.ceil(np.log2(len(ranked)))))
    low, high, found, bound, least = 0, n - 1, None, 1.0, 1.0
    for _ in range(steps):
        middle = (low + high) // 2
        kept = confidence >= ranked[middle]
        upper = upper_bound(int(wrong[kept].sum()), int(kept.sum()), 1 - (1 - level) / steps)
        least = min(least, upper)
        if upper <= wish:
            found, bound, high = float(ranked[middle]), upper, middle
        else:
            low = min(middle + 1, n - 1)
    return found, bound if found is not None else least


def plain(confidence: Confidence, wrong: Wrong, wish: float) -> float | None:
    """Return the lowest confidence at which no more than `wish` of the kept rows themselves are wrong; no promise."""
    thresholds, _, risk = risk_coverage(confidence, wrong)
    held = np.flatnonzero(risk <= wish)
    return float(thresholds[held[-1]]) if len(held) else None


def kept(confidence: Confidence, wrong: Wrong, threshold: float) -> dict[str, Any]:
    """Measure a threshold: coverage, and the error rate among the kept rows, with Wilson intervals; None of none."""
    held = confidence >= threshold
    n, errors = int(held.sum()), int(wrong[held].sum())
    return {"n": n, "coverage": _share(n, len(held)), "error": _share(errors, n) if n else None}


def upper_bound(errors: int, n: int, level: float) -> float:
    """Return Clopper and Pearson's one-sided upper bound of an error rate."""
    from scipy.special import betaincinv

    return 1.0 if errors >= n else float(betaincinv(errors + 1, n - errors, level))


def _share(successes: int, n: int) -> dict[str, Any]:
    low, high = wilson(successes, n)
    return {"value": round(successes / n, 6), "low": round(low, 6), "high": round(high, 6), "interval": "wilson"}
