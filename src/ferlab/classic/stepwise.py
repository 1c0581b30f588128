"""Sequential forward selection of features by Wilks' lambda: stepwise discriminant analysis.

Source: Jennrich, Stepwise discriminant analysis, in Statistical Methods for Digital Computers (1977); the subset
selection that document D1's abstract names without a method. Each step adds the feature that, beside those chosen,
lowers det(W) / det(T) most, W and T being the scatter within classes and in all. Wrapping a classifier would cost
`n_features` x all features x folds fits; here both scatters are computed once, in rows x features^2, and a step costs
features x chosen: 200 of 4,356 features take seconds.
"""

from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped

from ferlab.errors import FerlabError

# two float64 matrices of features x features
MOST = 12_000
# a feature whose residual scatter is below this share of its own is a combination of those chosen
TOLERANCE = 1e-6
ROWS = 4_096


class Stepwise:
    """Greedy forward selection, with scikit-learn's fit and transform.

    Args:
        n_features: how many to choose, 1 or more.

    Attributes:
        chosen: columns in the order in which they were chosen; fewer than asked where the others add nothing.
    """

    def __init__(self, n_features: int = 50) -> None:
        self.n_features = n_features
        self.chosen = np.zeros(0, np.int64)

    def fit(self, x: Float[np.ndarray, "row feature"], y: Shaped[np.ndarray, "row"]) -> "Stepwise":
        """Choose features.

        Raises:
            FerlabError: more features than the memory of two scatter matrices allows.
        """
        if x.shape[1] > MOST:
            raise FerlabError(
                f"reduction=sequential: {x.shape[1]:,} features; expected {MOST:,} or fewer (two matrices of "
                "features x features are kept); cure: reduction=select_k_best, or fewer features"
            )
        within, total = _scatters(x, y)
        self.chosen = _forward(within, total, min(self.n_features, x.shape[1]))
        return self

    def transform(self, x: Float[np.ndarray, "row feature"]) -> Float[np.ndarray, "row chosen"]:
        """Return the chosen columns, in the order of choice."""
        return x[:, self.chosen]

    def fit_transform(self, x: Float[np.ndarray, "row feature"], y: Shaped[np.ndarray, "row"]) -> Any:
        """Choose features and return their columns."""
        return self.fit(x, y).transform(x)


def _scatters(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the scatter within classes and in all, (feature, feature), of features scaled to a variance of one."""
    mean, deviation = x.mean(0, dtype=np.float64), x.std(0, dtype=np.float64)
    deviation[deviation == 0] = 1.0
    total = np.zeros((x.shape[1], x.shape[1]))
    for first in range(0, len(x), ROWS):
        part = (x[first : first + ROWS] - mean) / deviation
        total += part.T @ part
    within = total.copy()
    for label in np.unique(y):
        rows = y == label
        centre = (x[rows].mean(0, dtype=np.float64) - mean) / deviation
        within -= rows.sum() * np.outer(centre, centre)
    return within, total


def _forward(within: np.ndarray, total: np.ndarray, count: int) -> Int[np.ndarray, "chosen"]:
    # what is left of each feature's scatter once the chosen ones have explained theirs: pivoted Cholesky of both
    left = [within.diagonal().copy(), total.diagonal().copy()]
    own = left[1].copy()
    factors = [np.zeros((count, len(own))) for _ in left]
    chosen: list[int] = []
    for step in range(count):
        # a feature that is constant within every class splits them perfectly: its ratio is zero, not a division by it
        usable = left[1] > TOLERANCE * own
        usable[chosen] = False
        if not usable.any():
            break
        ratio = np.full(len(own), np.inf)
        ratio[usable] = np.maximum(left[0][usable], 0) / left[1][usable]
        best = int(ratio.argmin())
        chosen.append(best)
        for scatter, factor, rest in zip((within, total), factors, left, strict=True):
            if rest[best] <= TOLERANCE * own[best]:
                continue
            row = scatter[best] - factor[:step].T @ factor[:step, best]
            factor[step] = row / np.sqrt(rest[best])
            rest -= factor[step] ** 2
    return np.asarray(chosen, dtype=np.int64)
