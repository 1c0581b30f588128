"""Which class each synthetic sample shows, and which it is said to show."""

from collections.abc import Sequence

import numpy as np

#: training images of FER-2013, a class each; contempt as rare against happy as in AffectNet's training set.
FER_COUNTS = {
    "angry": 3995,
    "disgust": 436,
    "fear": 4097,
    "happy": 7215,
    "sad": 4830,
    "surprise": 3171,
    "neutral": 4965,
    "contempt": 202,
}
_GOLDEN = 0.6180339887498949


def class_shares(classes: Sequence[str], imbalance: float) -> np.ndarray:
    """Return each class's share, from equal ones (imbalance 0) to those of FER-2013 (imbalance 1)."""
    counts = np.array([FER_COUNTS[name] for name in classes], dtype=np.float64)
    return np.asarray((1 - imbalance) / len(classes) + imbalance * counts / counts.sum())


def draw_labels(classes: Sequence[str], index: np.ndarray, imbalance: float, seed: Sequence[int]) -> np.ndarray:
    """Return the class of the samples number `index`, each from its own number alone.

    A golden-ratio sequence spreads the classes evenly: after n samples each count lies within a few of its share.
    """
    start = np.random.default_rng(list(seed)).random()
    place = (start + _GOLDEN * index) % 1.0
    edges = np.cumsum(class_shares(classes, imbalance))[:-1]
    return np.searchsorted(edges, place, side="right").astype(np.int64)


def swap_labels(labels: np.ndarray, classes: int, noise: float, rngs: Sequence[np.random.Generator]) -> np.ndarray:
    """Return the labels with a share `noise` of them swapped for another class, all others equally likely.

    Each sample's generator gives two numbers whatever the noise, so a face looks the same with and without it.
    """
    draws = np.array([rng.random(2) for rng in rngs])
    other = (labels + 1 + (draws[:, 1] * (classes - 1)).astype(np.int64)) % classes
    return np.where(draws[:, 0] < noise, other, labels).astype(np.int64)
