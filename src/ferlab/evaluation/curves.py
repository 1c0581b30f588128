"""The points behind ROC and precision-recall curves."""

import numpy as np
from jaxtyping import Bool, Float, Float64

Curve = tuple[Float64[np.ndarray, "point"], Float64[np.ndarray, "point"]]


def roc_points(scores: Float[np.ndarray, "row"], positive: Bool[np.ndarray, "row"]) -> Curve:
    """Return false and true positive rates from the strictest threshold down, one point a distinct score, from (0, 0).

    Both classes must occur.
    """
    hits, misses = _cumulated(scores, positive)
    return np.append(0.0, misses / misses[-1]), np.append(0.0, hits / hits[-1])


def precision_recall_points(scores: Float[np.ndarray, "row"], positive: Bool[np.ndarray, "row"]) -> Curve:
    """Return recall and precision from the strictest threshold down, one point a distinct score.

    The positive class must occur.
    """
    hits, misses = _cumulated(scores, positive)
    return hits / hits[-1], hits / (hits + misses)


def _cumulated(scores: Float[np.ndarray, "row"], positive: Bool[np.ndarray, "row"]) -> Curve:
    """Count positive and negative rows at or above each distinct score, from above."""
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.diff(scores[order], append=-np.inf))
    hits, misses = (np.cumsum(side[order], dtype=np.float64)[last] for side in (positive, ~positive))
    return hits, misses
