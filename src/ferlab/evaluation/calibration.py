"""How far probabilities can be taken at their word: calibration error, Brier score and log loss of labelled rows.

Sources: expected calibration error (ECE) over bins of equal width, Guo et al., arXiv 1706.04599; over bins of equal
mass, Nguyen and O'Connor, EMNLP 2015, and Nixon et al., arXiv 1904.01685; of every class, Kull et al., arXiv
1910.12656; Brier, Mon. Weather Rev. 78 (1950); labels drawn from the probabilities themselves as the reference,
Broecker and Smith, Weather and Forecasting 22 (2007).

A bin's gap is its mean confidence less its accuracy, and an ECE is the mean size of the gaps. Noise has a size too, so
few rows make every ECE too large, a perfectly calibrated model's above all: `if_calibrated` tells by how much.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Float64, Int64

from ferlab.errors import FerlabError
from ferlab.evaluation.intervals import wilson

if TYPE_CHECKING:
    from scipy.sparse import csr_array

BINS = 15
KINDS = ("ece", "ece_mass", "ece_classwise")
SIMULATIONS, SEED = 500, 20170617

Probabilities = Float[np.ndarray, "row classes"]
Labels = Int64[np.ndarray, "row"]


def ece(probabilities: Probabilities, labels: Labels, bins: int = BINS, mass: str = "width") -> float:
    """Return the expected calibration error of the predicted class, in 0..1.

    Args:
        probabilities: (row, classes), each row summing to 1.
        labels: index of the true class.
        bins: how many, over 0..1.
        mass: "width", bins of equal width, open below and closed above; "equal", bins of equally many rows, rows of
            the same confidence kept together.

    Raises:
        FerlabError: an unknown `mass`, no bin, or no row.
    """
    if mass not in ("width", "equal"):
        raise FerlabError(f'ece: mass: expected "width" or "equal", found {mass!r}')
    return size(gaps(probabilities, labels, "ece" if mass == "width" else "ece_mass", bins))


def classwise_ece(probabilities: Probabilities, labels: Labels, bins: int = BINS) -> float:
    """Return the mean over all classes of the calibration error of the class's own probability, in 0..1."""
    return size(gaps(probabilities, labels, "ece_classwise", bins))


def brier_losses(probabilities: Probabilities, labels: Labels) -> Float64[np.ndarray, "row"]:
    """Return the multi-class Brier score of each row: squared errors summed over the classes, 0 (best) to 2.

    Of two classes it is twice the score that counts the positive class alone.
    """
    errors = normalised(probabilities)
    errors[np.arange(len(labels)), labels] -= 1
    return np.asarray((errors**2).sum(1))


def log_losses(probabilities: Probabilities, labels: Labels) -> Float64[np.ndarray, "row"]:
    """Return minus the logarithm of each row's true class, in nats, clipped as `measure` clips its log loss."""
    tiny = float(np.finfo(np.float32).eps)
    return np.asarray(-np.log(np.clip(normalised(probabilities)[np.arange(len(labels)), labels], tiny, 1 - tiny)))


def confidences(probabilities: Probabilities, labels: Labels) -> Float64[np.ndarray, "row"]:
    """Return the probability of each row's predicted class; labels play no part."""
    del labels
    return np.asarray(normalised(probabilities).max(1))


def reliability(
    probabilities: Probabilities, labels: Labels, bins: int = BINS, mass: str = "width"
) -> list[dict[str, Any]]:
    """Return the bins of a reliability diagram that hold rows, from the least confident.

    Returns:
        Of each: n, confidence (mean), and accuracy with Wilson's interval.
    """
    p = normalised(probabilities)
    confidence, right = p.max(1), p.argmax(1) == labels
    index = (by_width if mass == "width" else by_mass)(confidence, bins)
    out = []
    for i in np.unique(index):
        here = index == i
        n, hits = int(here.sum()), int(right[here].sum())
        low, high = wilson(hits, n)
        accuracy = {"value": hits / n, "low": low, "high": high, "interval": "wilson"}
        out.append({"n": n, "confidence": float(confidence[here].mean()), "accuracy": accuracy})
    return out


def if_calibrated(
    probabilities: Probabilities, bins: int = BINS, simulations: int = SIMULATIONS, seed: int = SEED
) -> dict[str, dict[str, float]]:
    """Return the calibration errors that a perfectly calibrated model of the same probabilities shows at this n.

    Labels are drawn from the probabilities, so every gap that then shows is noise.

    Returns:
        Of each of "ece", "ece_mass" and "ece_classwise": the mean, and low and high, between which 95 % of such
        models fall.
    """
    p, rng = normalised(probabilities), np.random.default_rng(seed)
    n, classes = p.shape
    top, chunk = p.argmax(1)[:, None], max(1, 2**21 // n)
    indicators = {kind: _cells(p, kind, bins).astype(np.float32) for kind in KINDS}
    edges = np.cumsum(p, axis=1)[:, :-1]
    found: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    for start in range(0, simulations, chunk):
        drawn = rng.random((n, min(chunk, simulations - start)))
        label = np.zeros(drawn.shape, dtype=np.int8 if classes < 128 else np.int64)
        for k in range(classes - 1):
            label += drawn > edges[:, k : k + 1]
        for kind, cells in indicators.items():
            expected = cells @ (p.max(1) if kind != "ece_classwise" else p.T.ravel())
            hits = label == top if kind != "ece_classwise" else np.concatenate([label == k for k in range(classes)])
            gap = expected[:, None] - cells @ hits.astype(np.float32)
            found[kind].append(np.abs(gap).sum(0) / n / (classes if kind == "ece_classwise" else 1))
    return {kind: _spread(np.concatenate(parts)) for kind, parts in found.items()}


def gaps(probabilities: Probabilities, labels: Labels, kind: str, bins: int = BINS) -> "csr_array":
    """Return each row's share of each cell's gap, a sparse (cell, row) matrix.

    Summed over rows it gives the cells' signed gaps, and the sum of their sizes is the ECE: so resampling rows is a
    product with their weights. Cells are bins; classwise, the bins of every class.

    Raises:
        FerlabError: no bin, or no row.
    """
    if bins < 1 or not len(labels):
        raise FerlabError(f"calibration: expected one bin and one row or more, found {bins} and {len(labels)}")
    from scipy.sparse import diags_array, hstack

    p = normalised(probabilities)
    n, classes = p.shape
    cells = _cells(p, kind, bins)
    if kind != "ece_classwise":
        return (cells @ diags_array((p.max(1) - (p.argmax(1) == labels)) / n)).tocsr()
    errors = p.copy()
    errors[np.arange(n), labels] -= 1
    scaled = cells @ diags_array(errors.T.ravel() / (n * classes))
    # the columns stand class after class: fold them onto the rows
    fold = hstack([diags_array(np.ones(n))] * classes).T
    return (scaled @ fold).tocsr()


def size(matrix: "csr_array") -> float:
    """Return the calibration error that a matrix of `gaps` amounts to."""
    return float(np.abs(matrix.sum(1)).sum())


def normalised(probabilities: Probabilities) -> Float64[np.ndarray, "row classes"]:
    """Return probabilities in double precision, each row divided by its sum."""
    p = probabilities.astype(np.float64)
    return np.asarray(p / p.sum(1, keepdims=True))


def by_width(values: Float[np.ndarray, "row"], bins: int) -> Int64[np.ndarray, "row"]:
    """Return the bin of each value in 0..1, of equally wide ones, each open below and closed above."""
    return np.clip(np.searchsorted(np.linspace(0, 1, bins + 1), values, side="left") - 1, 0, bins - 1)


def by_mass(values: Float[np.ndarray, "row"], bins: int) -> Int64[np.ndarray, "row"]:
    """Return the bin of each value, of bins that hold equally many; equal values stay together."""
    ranked, n = np.sort(values), len(values)
    firsts = [(n * i) // bins for i in range(1, bins)]
    return np.asarray(np.searchsorted(ranked[firsts], values, side="right"), dtype=np.int64)


def _cells(p: Float64[np.ndarray, "row classes"], kind: str, bins: int) -> "csr_array":
    """Return which values lie in which cell, (cell, value); classwise the values stand class after class."""
    from scipy.sparse import csr_array

    classes = p.shape[1]
    if kind == "ece_classwise":
        index = np.concatenate([k * bins + by_width(p[:, k], bins) for k in range(classes)])
        cells = classes * bins
    else:
        index, cells = (by_width if kind == "ece" else by_mass)(p.max(1), bins), bins
    return csr_array((np.ones(len(index)), (index, np.arange(len(index)))), shape=(cells, len(index)))


def _spread(draws: Float64[np.ndarray, "draw"]) -> dict[str, float]:
    low, high = np.quantile(draws, [0.025, 0.975])
    return {"mean": round(float(draws.mean()), 6), "low": round(float(low), 6), "high": round(float(high), 6)}
