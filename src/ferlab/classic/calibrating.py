"""What a classifier decides by, made probabilities that can be taken at their word; no decision moves.

Decision values (of SVMs) times one factor go through a softmax: temperature scaling, Guo et al., arXiv 1706.04599. A
classifier's own probabilities take the same factor on their logarithms, behind a share of the even distribution: five
neighbours, or a leaf of a tree, say 0 of a class that they have not met, and no factor mends that.

Rows that are few, or all decided right, would have the factor grow without end: they are then as sure as one more row
of each class allows (Platt's targets, Advances in Large Margin Classifiers, 1999).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

Values = Float64[np.ndarray, "row classes"]
# of the even distribution, added to a classifier's own probabilities: 0 and 13 steps up to as much as these
SMOOTHING = (0.0, *(10.0 ** (step / 2) for step in range(-12, 1)))
SHARPNESS = (1e-3, 1e3)
# fewer rows tell nothing of probabilities
LEAST = 30
_TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Calibration:
    """How a classifier's values become probabilities.

    Attributes:
        own: whether the values are probabilities already.
        sharpness: factor of decision values, or of the logarithms of probabilities.
        smoothing: added to each probability, in shares of all of them.
    """

    own: bool
    sharpness: float = 1.0
    smoothing: float = 0.0

    def apply(self, values: Values) -> Values:
        """Return probabilities, in the order of the values."""
        if not self.own:
            return softmax(self.sharpness * values)
        total = values.sum(1, keepdims=True)
        # neighbours and leaves may be of one mind that a row is nothing
        p = np.where(total > 0, values / np.where(total > 0, total, 1), 1 / values.shape[1])
        if (self.sharpness, self.smoothing) == (1, 0):
            return np.asarray(p)
        return softmax(self.sharpness * _logs(p, self.smoothing))


def calibration_of(values: Values, y: Int64[np.ndarray, "row"], own: bool) -> Calibration:
    """Return the calibration of least log loss; of fewer than 30 rows, of probabilities, none.

    Args:
        values: what the classifier decides by, of rows that it was not fitted on.
        y: their classes.
        own: whether the values are probabilities.
    """
    if not own:
        # a scale of its own: decision values of a weak penalty are large
        spread = float(np.abs(values - values.mean(1, keepdims=True)).mean()) or 1.0
        return Calibration(own, _sharpest(values / spread, y)[1] / spread)
    if len(y) < LEAST:
        return Calibration(own)
    p = Calibration(own).apply(values)
    # without a share of the even distribution, a probability of 0 that came true can be mended by nothing
    shares = SMOOTHING if p[np.arange(len(y)), y].min() > _TINY else SMOOTHING[1:]
    best = min((*_sharpest(_logs(p, share), y), share) for share in shares)
    return Calibration(own, *best[1:])


def softmax(logits: Values) -> Values:
    """Return each row's exponentials, that sum to 1."""
    p = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(p / p.sum(1, keepdims=True))


def _logs(p: Values, share: float) -> Values:
    return np.asarray(np.log(np.maximum(p + share / p.shape[1], _TINY)))


def _sharpest(values: Values, y: Int64[np.ndarray, "row"]) -> tuple[float, float]:
    """Return the least mean log loss that a factor of the values reaches, in nats, and the factor."""
    from scipy.optimize import minimize_scalar

    below = values - values.max(1, keepdims=True)
    own = below[np.arange(len(y)), y]
    if len(y) < LEAST or not own.any():
        rows, classes = values.shape
        own = (rows * own + below.sum(1)) / (rows + classes)

    def loss(log_factor: float) -> float:
        factor = np.exp(log_factor)
        return float((np.log(np.exp(factor * below).sum(1)) - factor * own).mean())

    found = minimize_scalar(loss, bounds=tuple(np.log(SHARPNESS)), method="bounded", options={"xatol": 1e-6})
    return float(found.fun), float(np.exp(found.x))
