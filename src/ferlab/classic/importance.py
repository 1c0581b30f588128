"""Which features a fitted classifier goes by: its weights or its trees' gains, else what it loses without a part.

Permutation importance after Breiman (doi:10.1023/A:1010933404324), here the rise of the log loss.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from ferlab.classic.fitting import Fitted
from ferlab.classic.preprocessing import Features, Preprocessing
from ferlab.features.belonging import belonging

# rows that weights are brought to one scale on; rows that lose a part
ROWS, ASKED = 2_000, 300
SECONDS = 20.0


@dataclass(frozen=True)
class Importance:
    """What counts, largest first.

    Attributes:
        names: of values, or of the parts that they belong to.
        values: of each, 0 or more; a part without which the classifier does better has less than 0.
        errors: standard error of each over rows; None where there is none.
        what: the values' meaning, for an axis.
        signs: of two classes, 1 where a larger value speaks for the second; None where there are more.
        rows: validation rows that were asked; None where none was.
    """

    names: list[str]
    values: Float64[np.ndarray, "name"]
    errors: Float64[np.ndarray, "name"] | None
    what: str
    signs: Float64[np.ndarray, "name"] | None = None
    rows: int | None = None


def importance(
    fitted: Fitted, names: Sequence[str], train: Features, val: Features, y: Int64[np.ndarray, "row"], seed: int = 0
) -> Importance | None:
    """Return what a classifier goes by.

    Args:
        fitted: steps and classifier.
        names: of the features as they come, those of each feature led by its own.
        train: training rows, to bring weights to one scale.
        val: validation rows, of which at most 300 are asked again and again.
        y: class of each validation row.
        seed: of the rows that are drawn and the order they are put into.

    Returns:
        None where asking would take more than about 20 s even part by part, or there is one part alone.
    """
    own = _weights(fitted, list(names), train[:: max(1, train.shape[0] // ROWS)])
    return own or _without(fitted, names, val, y, seed)


def _weights(fitted: Fitted, names: list[str], train: Features) -> Importance | None:
    estimator, prepared = fitted.estimator, fitted.prepared
    gains = getattr(estimator, "feature_importances_", None)
    weights = getattr(estimator, "coef_", None) if gains is None else None
    if gains is None and weights is None:
        return None
    names, projection = _through(prepared, names)
    if gains is not None:
        kept = [f"component {k}" for k in range(len(gains))] if projection is not None else names
        return _sorted(kept, np.asarray(gains, np.float64), None, "share of the trees' gain in purity")
    weights = np.atleast_2d(np.asarray(weights, np.float64))
    # without the projection the rows are those that the weights stand for
    rows = _before_reduction(prepared, train) if projection is not None else prepared.transform(train)
    if projection is not None:
        weights = weights @ projection
    size = np.sqrt((weights**2).mean(0)) * _sd(rows)
    signs = np.sign(weights[0]) if len(weights) == 1 else None
    return _sorted(
        names, size, None, "weight for one standard deviation" + ", over all classes" * (signs is None), signs
    )


def _through(prepared: Preprocessing, names: list[str]) -> tuple[list[str], np.ndarray | None]:
    """Return the names that selection leaves, and the projection (component, value) where there is one."""
    if prepared.kept is not None:
        names = [name for name, kept in zip(names, prepared.kept, strict=True) if kept]
    for part, step in prepared.steps:
        if part != "reduction":
            continue
        if hasattr(step, "get_support"):
            names = [names[k] for k in step.get_support(indices=True)]
        elif hasattr(step, "chosen"):
            names = [names[k] for k in step.chosen]
        elif hasattr(step, "components_"):
            scale = np.sqrt(step.explained_variance_)[:, None] if getattr(step, "whiten", False) else 1.0
            return names, step.components_ / scale
        elif hasattr(step, "scalings_"):
            count = step.transform(np.zeros((1, step.n_features_in_), np.float32)).shape[1]
            return names, step.scalings_[:, :count].T
    return names, None


def _before_reduction(prepared: Preprocessing, x: Features) -> Features:
    x = x if prepared.kept is None else x[:, prepared.kept]
    for part, step in prepared.steps:
        x = step.transform(x) if part == "scaling" else x
    return x


def _sd(x: Features) -> np.ndarray:
    if isinstance(x, np.ndarray):
        return np.asarray(x.std(0, dtype=np.float64))
    mean = np.asarray(x.mean(axis=0)).ravel()
    return np.asarray(np.sqrt(np.maximum(np.asarray(x.multiply(x).mean(axis=0)).ravel() - mean**2, 0)))


def _without(fitted: Fitted, names: Sequence[str], val: Features, y: np.ndarray, seed: int) -> Importance | None:
    parts = np.array(_parts(names))
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(y))[:ASKED])
    x, y = val[chosen], y[chosen]
    begun = time.monotonic()
    before = _loss(fitted, x, y)
    once = time.monotonic() - begun
    if len(np.unique(parts)) * once > SECONDS:
        parts = np.array([part.partition(": ")[0] for part in parts])
    which = np.unique(parts)
    if len(which) < 2 or len(which) * once > SECONDS:
        return None
    rises = np.stack([_loss(fitted, _shuffled(x, parts == part, rng), y) - before for part in which])
    errors = rises.std(1, ddof=1) / np.sqrt(len(y))
    told = "rise of the log loss where it is shuffled, nats"
    return _sorted([str(one) for one in which], rises.mean(1), errors, told, rows=len(y))


def _parts(names: Sequence[str]) -> list[str]:
    """Return "hog: block 3,4" of "hog: block 3,4 cell 0,0 20-40 degrees"."""
    split = [name.partition(": ") for name in names]
    return [f"{one[0]}: {part}" for one, part in zip(split, belonging([one[2] for one in split]), strict=True)]


def _loss(fitted: Fitted, x: Features, y: np.ndarray) -> np.ndarray:
    p = fitted.probabilities(x)[np.arange(len(y)), y]
    return np.asarray(-np.log(np.maximum(p, 1e-6)))


def _shuffled(x: Features, columns: np.ndarray, rng: np.random.Generator) -> Features:
    other = x[rng.permutation(x.shape[0])]
    if isinstance(x, np.ndarray):
        return np.where(columns, other, x)
    from scipy.sparse import csr_array, diags_array

    mask = columns.astype(np.float32)
    return csr_array(x @ diags_array(1 - mask) + other @ diags_array(mask))


def _sorted(
    names: list[str],
    values: np.ndarray,
    errors: np.ndarray | None,
    what: str,
    signs: np.ndarray | None = None,
    rows: int | None = None,
) -> Importance:
    order = np.argsort(-values, kind="stable")
    errors, signs = (None if one is None else one[order] for one in (errors, signs))
    return Importance([names[k] for k in order], np.asarray(values)[order], errors, what, signs, rows)
