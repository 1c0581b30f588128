"""Temperature scaling: one number that makes a trained model's probabilities mean what they say.

Source: Guo et al., arXiv 1706.04599, section 4.2. Dividing the logits by T is, of a softmax's or a sigmoid's
probabilities p, softmax(log p / T): so it is fitted and applied to rows, whatever the network. It
changes no prediction.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Float64, Int64

from ferlab.evaluation.calibration import log_losses
from ferlab.evaluation.clusters import Units
from ferlab.evaluation.intervals import RESAMPLES, SEED, percentile

LIMITS = (0.05, 20.0)
MIN_ROWS = 30


def tempered(
    probabilities: Float[np.ndarray, "row classes"], temperature: float | int
) -> Float[np.ndarray, "row classes"]:
    """Return what a model of these probabilities says at a temperature: above 1 less sure, below 1 surer.

    In double precision, in which rows that differ keep their order; at a temperature of 1 unchanged.
    """
    if temperature == 1:
        return probabilities
    p = np.exp(_log(probabilities) / temperature)
    return np.asarray(p / p.sum(1, keepdims=True))


def tempered_labels(
    probabilities: Float[np.ndarray, "*row label"], temperature: float | int
) -> Float[np.ndarray, "*row label"]:
    """Return what a model of several labels says at a temperature: each label's logit divided by it, as of two classes.

    The order of the probabilities of a label stays, so a threshold moves with them and decides as before.
    """
    p = probabilities.astype(np.float64).reshape(-1)
    return tempered(np.stack([1 - p, p], axis=1), temperature)[:, 1].reshape(probabilities.shape)


def fit(
    probabilities: Float[np.ndarray, "row classes"],
    labels: Int64[np.ndarray, "row"],
    resamples: int = RESAMPLES,
    seed: int = SEED,
    units: Units | None = None,
) -> dict[str, Any]:
    """Find the temperature of the least log loss on validation rows.

    Args:
        probabilities: (row, classes) of the validation rows, uncalibrated.
        labels: index of their true class.
        resamples: bootstrap draws of its interval, each one Newton step from the fitted value.
        seed: of the bootstrap.
        units: what is drawn; rows by default.

    Returns:
        Plain values: value, low, high, interval, fitted_on ("val"), n, nll_before and nll_after (mean log loss of
        these rows, nats), and note: null, or why the temperature is not the best one (few rows, one class, or the
        best one lies beyond 0.05..20). Where rows cannot tell it, it is 1.
    """
    n = len(labels)
    before = round(float(log_losses(probabilities, labels).mean()), 6)
    out: dict[str, Any] = {
        "value": 1.0,
        "low": None,
        "high": None,
        "interval": "one-step bootstrap",
        "fitted_on": "val",
    }
    out |= {"n": n, "nll_before": before, "nll_after": before, "note": None}
    if n < MIN_ROWS:
        return out | {"note": f"{n} validation rows, fewer than {MIN_ROWS}: too few to fit a temperature"}
    if len(np.unique(labels)) < 2:
        return out | {"note": "validation rows of a single class cannot tell a temperature"}
    logs = _log(probabilities)
    sharpness, note = _best(logs, labels)
    # rounded before use: what stands in the file is what is applied
    out["value"], out["note"] = round(1 / sharpness, 6), note
    units = units or Units(n, None, None, n)
    # draws of one cluster are all alike, and tell nothing of others
    if note is None and units.count > 1:
        out["low"], out["high"] = _bounds(logs, labels, sharpness, units.weights(resamples, seed), units.clusters)
    out["nll_after"] = round(float(log_losses(tempered(probabilities, out["value"]), labels).mean()), 6)
    return out


def _best(logs: Float64[np.ndarray, "row classes"], labels: Int64[np.ndarray, "row"]) -> tuple[float, str | None]:
    from scipy.optimize import minimize_scalar

    own = logs[np.arange(len(labels)), labels]

    def loss(log_sharpness: float) -> float:
        scaled = np.exp(log_sharpness) * logs
        return float((np.log(np.exp(scaled).sum(1)) - np.exp(log_sharpness) * own).mean())

    # convex in 1 / T, so of a single valley in its logarithm
    ends = -np.log(LIMITS[1]), -np.log(LIMITS[0])
    found = float(np.exp(minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-9}).x))
    for end, what in zip(LIMITS, ("surer", "less sure"), strict=True):
        if abs(np.log(found * end)) < 1e-3:
            return 1 / end, f"the least log loss lies beyond the temperature {end:g}: even {what} would fit better"
    return found, None


def _bounds(
    logs: Float64[np.ndarray, "row classes"],
    labels: Int64[np.ndarray, "row"],
    sharpness: float,
    draws: Iterable[Float32[np.ndarray, "row resample"]],
    clusters: int | None,
) -> tuple[float, float]:
    p = np.exp(sharpness * logs)
    p /= p.sum(1, keepdims=True)
    mean = (p * logs).sum(1)
    slope = mean - logs[np.arange(len(labels)), labels]
    curvature = (p * logs**2).sum(1) - mean**2
    found = []
    for weights in draws:
        step = np.einsum("rb,r->b", weights, slope) / np.einsum("rb,r->b", weights, curvature)
        found.append(1 / np.clip(sharpness - step, 1 / LIMITS[1], 1 / LIMITS[0]))
    bounds = percentile(np.concatenate(found), clusters=clusters)
    assert bounds is not None
    return round(bounds[0], 6), round(bounds[1], 6)


def _log(probabilities: Float[np.ndarray, "row classes"]) -> Float64[np.ndarray, "row classes"]:
    """Return log p, the largest of each row 0; probabilities that float32 could not hold count as its smallest."""
    logs = np.log(np.maximum(probabilities.astype(np.float64), np.finfo(np.float32).tiny))
    return np.asarray(logs - logs.max(1, keepdims=True))
