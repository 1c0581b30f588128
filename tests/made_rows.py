"""Rows of a made model, for tests of what is computed from rows."""

from typing import Any

import numpy as np

from ferlab.evaluation.rows import Rows

NAMES = ("angry", "happy", "sad")


def make(n=300, seed=0, skill=1.2, columns=None, **meta: Any) -> Rows:
    """Test rows of three classes; `skill` moves the true class's logit, `meta` adds to the file's."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    logits = rng.normal(size=(n, 3))
    logits[np.arange(n), labels] += skill
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    meta = {"spec": {"labels": list(NAMES)}} | meta
    ids, split = np.arange(n).astype(str), np.full(n, "test")
    return Rows(ids, split, labels, p.argmax(1), p.astype(np.float32), NAMES, meta, columns or {})
