"""Rows whose calibration is known: their labels were drawn from their probabilities."""

import numpy as np

from ferlab.evaluation.temperature import tempered


def drawn(n: int, classes: int = 4, sharper: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities whose labels were drawn from them, then made too sure: by logits times `sharper`."""
    rng = np.random.default_rng(seed)
    logits = 1.5 * rng.normal(size=(n, classes))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = (rng.random((n, 1)) > np.cumsum(p, 1)[:, :-1]).sum(1).astype(np.int64)
    return tempered(p, 1 / sharper), labels
