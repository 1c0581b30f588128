"""Rebalancing of the training samples: which are drawn, how often, and what each counts."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from ferlab.data.samples import Samples
from ferlab.errors import FerlabError


@dataclass(frozen=True)
class Extra:
    """Images that rebalancing made, each from a training sample whose label it keeps.

    Attributes:
        x: pixels 0..255.
        origin: position in `Samples` of the sample that each was made from.
    """

    x: UInt8[np.ndarray, "made height width channel"]
    origin: Int64[np.ndarray, "made"]


@dataclass(frozen=True)
class Rebalanced:
    """What training uses after rebalancing.

    Attributes:
        indices: training samples that are shown, one more than once where it is repeated; a position at or beyond
            the number of samples means `extra[position - number]`.
        draw_weights: probability weight of drawing each of `indices`, with replacement; `None` visits each once.
        class_weights: factor of each class in the loss; `None` counts all alike.
        start_epoch: draw weights and class weights count from this epoch on, counted from 0; before it all alike.
        extra: images that were made.
    """

    indices: Int64[np.ndarray, "kept"]
    draw_weights: Float64[np.ndarray, "kept"] | None = None
    class_weights: list[float] | None = None
    start_epoch: int = 0
    extra: Extra | None = None

    def __post_init__(self) -> None:
        if self.start_epoch < 0:
            raise FerlabError(f"rebalance.start_epoch: expected an epoch, counted from 0, found {self.start_epoch}")

    def origins(self, samples: int) -> Int64[np.ndarray, "kept"]:
        """Return the sample behind each of `indices`: itself, or the one that it was made from.

        Args:
            samples: how many there are in the data set.
        """
        if self.extra is None:
            return self.indices
        return np.concatenate([np.arange(samples), self.extra.origin]).take(self.indices)

    def expected_counts(self, labels: np.ndarray, classes: int) -> list[int]:
        """Return how many samples of each class, or with each label, an epoch shows; rounded where drawn at random."""
        of_kept = labels[self.origins(len(labels))]
        if labels.ndim == 2:
            return [int(n) for n in of_kept.sum(0)]
        if self.draw_weights is None:
            return [int(n) for n in np.bincount(of_kept, minlength=classes)]
        mass = np.bincount(of_kept, weights=self.draw_weights, minlength=classes)
        return [round(n) for n in mass / mass.sum() * len(of_kept)]


class Keep:
    """No rebalancing."""

    def __call__(self, samples: Samples, indices: np.ndarray, seed: int) -> Rebalanced:
        """Keep the training samples as they are."""
        del samples, seed
        return Rebalanced(indices)


class Undersample:
    """Cut every class to a ceiling, at random without replacement (document D4).

    Args:
        margin: the ceiling is the largest class less this; D4 uses 750.
        ceiling: the ceiling itself; overrides `margin`.
    """

    def __init__(self, margin: int = 750, ceiling: int | None = None) -> None:
        self.margin, self.ceiling = margin, ceiling

    def __call__(self, samples: Samples, indices: np.ndarray, seed: int) -> Rebalanced:
        """Choose the samples that stay.

        Raises:
            FerlabError: the ceiling leaves nothing.
        """
        counts = single_counts(samples, indices)
        ceiling = int(counts.max()) - self.margin if self.ceiling is None else self.ceiling
        if ceiling < 1:
            raise FerlabError(
                f"rebalance=undersample: a ceiling of {ceiling} samples a class leaves nothing (largest class "
                f"{counts.max()}, margin {self.margin}); cure: a smaller rebalance.margin, or rebalance.ceiling"
            )
        rng = np.random.default_rng(seed)
        labels = samples.labels[indices]
        kept = [rng.permutation(indices[labels == label])[:ceiling] for label in range(len(counts))]
        return Rebalanced(np.sort(np.concatenate(kept)).astype(np.int64))


class Oversample:
    """Repeat the samples of the smaller classes up to the largest, at random but evenly.

    Within a class each sample is shown n or n + 1 times an epoch.

    Args:
        ceiling: up to this many of each class; `None` takes the largest class's number. Larger classes stay whole.
    """

    def __init__(self, ceiling: int | None = None) -> None:
        if ceiling is not None and ceiling < 1:
            raise FerlabError(
                f"rebalance=oversample: ceiling: expected a number of samples, 1 or more, found {ceiling}"
            )
        self.ceiling = ceiling

    def __call__(self, samples: Samples, indices: np.ndarray, seed: int) -> Rebalanced:
        """Choose which samples come once more than others of their class."""
        counts = single_counts(samples, indices)
        ceiling = int(counts.max()) if self.ceiling is None else self.ceiling
        rng = np.random.default_rng(seed)
        labels = samples.labels[indices]
        shown = []
        for label in np.flatnonzero(counts):
            of_class = indices[labels == label]
            whole, rest = divmod(max(ceiling, len(of_class)), len(of_class))
            shown += [np.repeat(of_class, whole), rng.permutation(of_class)[:rest]]
        return Rebalanced(np.sort(np.concatenate(shown)).astype(np.int64))


class WeightedSampler:
    """Draw samples with replacement so that classes come up alike.

    Args:
        power: 1 draws every class alike, 0 leaves the frequencies, between them is between them.
        start_epoch: all samples are alike before this epoch (deferred re-weighting, arXiv 1906.07413).
    """

    def __init__(self, power: float | int = 1.0, start_epoch: int = 0) -> None:
        self.power, self.start_epoch = power, start_epoch

    def __call__(self, samples: Samples, indices: np.ndarray, seed: int) -> Rebalanced:
        """Weigh every training sample by its class's frequency to the power of -`power`."""
        del seed
        counts = single_counts(samples, indices).astype(np.float64)
        weights = counts[samples.labels[indices]] ** -self.power
        return Rebalanced(indices, draw_weights=weights, start_epoch=self.start_epoch)


class ClassWeights:
    """Weigh the loss by class, inversely to frequency, with a mean of one over the training samples.

    Args:
        power: 1 gives every class the same total weight, 0 leaves all samples alike.
        start_epoch: all samples are alike before this epoch (deferred re-weighting, arXiv 1906.07413).
    """

    def __init__(self, power: float | int = 1.0, start_epoch: int = 0) -> None:
        self.power, self.start_epoch = power, start_epoch

    def __call__(self, samples: Samples, indices: np.ndarray, seed: int) -> Rebalanced:
        """Compute the weights from the training samples."""
        del seed
        counts = single_counts(samples, indices).astype(np.float64)
        with np.errstate(divide="ignore"):
            weights = counts**-self.power
        return Rebalanced(indices, class_weights=mean_of_one(weights, counts), start_epoch=self.start_epoch)


class EffectiveNumber:
    """Weigh the loss by class, inversely to its effective number of samples (arXiv 1901.05555).

    A class of n samples counts as (1 - beta^n) / (1 - beta): each further sample adds less than the one before.

    Args:
        beta: 0 leaves all samples alike, towards 1 it becomes the inverse frequency; 0.9, 0.99, 0.999 and 0.9999
            are the paper's.
        start_epoch: all samples are alike before this epoch (deferred re-weighting, arXiv 1906.07413).
    """

    def __init__(self, beta: float | int = 0.9999, start_epoch: int = 0) -> None:
        if not 0 <= beta < 1:
            raise FerlabError(f"rebalance=effective_number: beta: expected 0 or more and below 1, found {beta}")
        self.beta, self.start_epoch = beta, start_epoch

    def __call__(self, samples: Samples, indices: np.ndarray, seed: int) -> Rebalanced:
        """Compute the weights from the training samples."""
        del seed
        counts = single_counts(samples, indices).astype(np.float64)
        with np.errstate(divide="ignore"):
            weights = (1 - self.beta) / (1 - self.beta**counts)
        return Rebalanced(indices, class_weights=mean_of_one(weights, counts), start_epoch=self.start_epoch)


def class_counts(samples: Samples, indices: np.ndarray) -> Int64[np.ndarray, "class"]:
    """Return how many of `indices` each class has, or how many have each label."""
    if samples.labels.ndim == 2:
        return np.asarray(samples.labels[indices].sum(0))
    return np.bincount(samples.labels[indices], minlength=len(samples.spec.labels)).astype(np.int64)


def single_counts(samples: Samples, indices: np.ndarray) -> Int64[np.ndarray, "class"]:
    """Return how many of `indices` each class has, of samples that have one class each.

    Raises:
        FerlabError: a multilabel data set: its samples belong to no single class that could come up more often.
    """
    if samples.labels.ndim == 2:
        raise FerlabError(
            f"rebalance: {samples.name} is multilabel, its samples belong to several labels at once and cannot be "
            "balanced by class; cure: rebalance=none, or one label at a time with data.classes=[<label>]"
        )
    return class_counts(samples, indices)


def mean_of_one(weights: Float64[np.ndarray, "class"], counts: Float64[np.ndarray, "class"]) -> list[float]:
    """Scale class weights so that their mean over the training samples is one: the learning rate keeps its meaning."""
    # a class without samples has no say, and no weight
    weights = np.where(counts > 0, weights, 0.0)
    return [float(w) for w in weights * counts.sum() / (weights * counts).sum()]
