"""Figures of merit of counted rows: confusion matrices and ranks, and the scores of each class that follow.

Averages over classes (macro) take the classes that occur, so macro recall is balanced accuracy. Precision of a class
that occurs but is never predicted is 0.
"""

import numpy as np
from jaxtyping import Float, Int64, Num

from ferlab.evaluation.rows import Rows


def confusion_matrix(
    labels: Int64[np.ndarray, "row"], preds: Int64[np.ndarray, "row"], classes: int
) -> Int64[np.ndarray, "classes classes"]:
    """Count rows by true class (first axis) and predicted class (second axis)."""
    return np.bincount(labels * classes + preds, minlength=classes**2).reshape(classes, classes).astype(np.int64)


def label_ranks(rows: Rows) -> Int64[np.ndarray, "row"]:
    """Return how many classes stand before the true one, 0 where it comes first; ties go by class order."""
    p = rows.probabilities
    own = p[np.arange(len(rows)), rows.labels][:, None]
    earlier = np.arange(p.shape[1])[None] < rows.labels[:, None]
    return np.asarray(((p > own) | ((p == own) & earlier)).sum(1), dtype=np.int64)


def class_scores(confusion: Num[np.ndarray, "*draw classes classes"]) -> dict[str, Float[np.ndarray, "*draw classes"]]:
    """Return precision, recall and F1 of each class; 0 where a class is never predicted, or does not occur."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64)
    support, predicted = confusion.sum(-1), confusion.sum(-2)
    return {
        "precision": right / np.maximum(predicted, 1),
        "recall": right / np.maximum(support, 1),
        "f1": 2 * right / np.maximum(support + predicted, 1),
    }


def macro_scores(confusion: Num[np.ndarray, "*draw classes classes"]) -> dict[str, Float[np.ndarray, "*draw"]]:
    """Return macro precision, recall and F1 of one or many confusion matrices, over the classes that occur in each."""
    occurs = confusion.sum(-1) > 0
    return {
        f"{name}_macro": np.asarray((values * occurs).sum(-1) / occurs.sum(-1))
        for name, values in class_scores(confusion).items()
    }
