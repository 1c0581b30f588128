"""Rebalancing of the training samples: which are drawn, how often, and what each counts."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from ferlab.errors import FerlabError


@dataclass(frozen=True)
class Rebalanced:
    """What training uses after rebalancing.

    Attributes:
        indices: training samples that are kept.
        draw_weights: probability weight of drawing each of `indices`, with replacement; `None` visits each once.
        class_weights: factor of each class in the loss; `None` counts all alike.
    """

    indices: Int64[np.ndarray, "kept"]
    draw_weights: Float64[np.ndarray, "kept"] | None = None
    class_weights: list[float] | None = None

    def expected_counts(self, labels: np.ndarray, classes: int) -> list[int]:
        """Return how many samples of each class an epoch shows, rounded where they are drawn at random."""
        of_kept = labels[self.indices]
        if self.draw_weights is None:
            return [int(n) for n in np.bincount(of_kept, minlength=classes)]
        mass = np.bincount(of_kept, weights=self.draw_weights, minlength=classes)
        return [round(n) for n in mass / mass.sum() * len(of_kept)]


class Keep:
    """No rebalancing."""

    def __call__(self, indices: np.ndarray, labels: np.ndarray, classes: int, seed: int) -> Rebalanced:
        """Keep the training samples as they are."""
        del labels, classes, seed
        return Rebalanced(indices)


class Undersample:
    """Cut every class to a ceiling, at random without replacement (document D4).

    Args:
        margin: the ceiling is the largest class less this; D4 uses 750.
        ceiling: the ceiling itself; overrides `margin`.
    """

    def __init__(self, margin: int = 750, ceiling: int | None = None) -> None:
        self.margin, self.ceiling = margin, ceiling

    def __call__(self, indices: np.ndarray, labels: np.ndarray, classes: int, seed: int) -> Rebalanced:
        """Choose the samples that stay.

        Raises:
            FerlabError: the ceiling leaves nothing.
        """
        counts = np.bincount(labels[indices], minlength=classes)
        ceiling = int(counts.max()) - self.margin if self.ceiling is None else self.ceiling
        if ceiling < 1:
            raise FerlabError(
                f"rebalance=undersample: a ceiling of {ceiling} samples a class leaves nothing (largest class "
                f"{counts.max()}, margin {self.margin}); cure: a smaller rebalance.margin, or rebalance.ceiling"
            )
        rng = np.random.default_rng(seed)
        kept = [rng.permutation(indices[labels[indices] == label])[:ceiling] for label in range(classes)]
        return Rebalanced(np.sort(np.concatenate(kept)).astype(np.int64))


class WeightedSampler:
    """Draw samples with replacement so that classes come up alike.

    Args:
        power: 1 draws every class alike, 0 leaves the frequencies, between them is between them.
    """

    def __init__(self, power: float | int = 1.0) -> None:
        self.power = power

    def __call__(self, indices: np.ndarray, labels: np.ndarray, classes: int, seed: int) -> Rebalanced:
        """Weigh every training sample by its class's frequency to the power of -`power`."""
        del seed
        counts = np.bincount(labels[indices], minlength=classes).astype(np.float64)
        return Rebalanced(indices, draw_weights=counts[labels[indices]] ** -self.power)


class ClassWeights:
    """Weigh the loss by class, inversely to frequency, with a mean of one over the training samples.

    Args:
        power: 1 gives every class the same total weight, 0 leaves all samples alike.
    """

    def __init__(self, power: float | int = 1.0) -> None:
        self.power = power

    def __call__(self, indices: np.ndarray, labels: np.ndarray, classes: int, seed: int) -> Rebalanced:
        """Compute the weights from the training samples."""
        del seed
        counts = np.bincount(labels[indices], minlength=classes).astype(np.float64)
        weights = counts**-self.power
        weights *= counts.sum() / (weights * counts).sum()
        return Rebalanced(indices, class_weights=[float(w) for w in weights])
