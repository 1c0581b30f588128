"""Cross-entropies: over a softmax, smoothed or not, and the documents' three over other links or targets."""

from typing import ClassVar

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ferlab.errors import FerlabError
from ferlab.losses.loss import KERAS_EPSILON, Loss


class CrossEntropy(Loss):
    """Softmax cross-entropy; on a binary task's single output, the same thing through a sigmoid.

    On a multilabel task the mean over the labels of the binary cross-entropy of each through its own sigmoid.

    Args:
        kind: the task's kind.
        class_weights: factor of each class's samples.
        start_epoch: the class weights count from this epoch on.
        label_smoothing: this much of each label is spread over all classes alike, 0 to below 1 (arXiv 1512.00567);
            of a multilabel task over yes and no.
    """

    kinds: ClassVar[tuple[str, ...]] = ("multiclass", "binary", "multilabel")

    def __init__(
        self,
        kind: str = "multiclass",
        class_weights: list[float] | None = None,
        start_epoch: int = 0,
        label_smoothing: float | int = 0.0,
    ) -> None:
        super().__init__(kind, class_weights, start_epoch)
        if not 0 <= label_smoothing < 1:
            raise FerlabError(f"loss.label_smoothing: expected 0 or more and below 1, found {label_smoothing}")
        self.label_smoothing = float(label_smoothing)

    def each(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return one loss a sample, (batch,)."""
        if self.kind == "binary":
            target = labels.to(logits.dtype) * (1 - self.label_smoothing) + self.label_smoothing / 2
            return F.binary_cross_entropy_with_logits(logits[:, 0], target, reduction="none")
        if self.kind == "multilabel":
            target = labels.to(logits.dtype) * (1 - self.label_smoothing) + self.label_smoothing / 2
            return F.binary_cross_entropy_with_logits(logits, target, reduction="none").mean(dim=1)
        return F.cross_entropy(logits, labels, reduction="none", label_smoothing=self.label_smoothing)


class BinaryCrossEntropy(Loss):
    """Binary cross-entropy of every class against the rest.

    On a binary task it is that of the single sigmoid output. On several classes `over` says which probabilities
    it is taken of: "softmax" (document D2: `binary_crossentropy` after a softmax layer) or "sigmoid".
    """

    def __init__(
        self,
        kind: str = "multiclass",
        class_weights: list[float] | None = None,
        start_epoch: int = 0,
        over: str = "softmax",
    ) -> None:
        super().__init__(kind, class_weights, start_epoch)
        if over not in ("softmax", "sigmoid"):
            raise FerlabError(f"loss: over must be softmax or sigmoid, found {over!r}")
        self.over = over

    def each(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return one loss a sample, the mean over its classes, (batch,)."""
        if self.kind == "binary":
            return F.binary_cross_entropy_with_logits(logits[:, 0], labels.to(logits.dtype), reduction="none")
        target = F.one_hot(labels, logits.shape[1]).to(logits.dtype)
        if self.over == "sigmoid":
            return F.binary_cross_entropy_with_logits(logits, target, reduction="none").mean(dim=1)
        p = logits.softmax(dim=1).clamp(KERAS_EPSILON, 1 - KERAS_EPSILON)
        return F.binary_cross_entropy(p, target, reduction="none").mean(dim=1)

    def probabilities(self, logits: Float[Tensor, "batch outputs"]) -> Float[Tensor, "batch classes"]:
        """Return class probabilities that sum to one."""
        return super().probabilities(logits) if self.over == "softmax" or self.kind == "binary" else _share(logits)


class SigmoidCrossEntropy(Loss):
    """Categorical cross-entropy over sigmoid outputs (document D0): Keras divides them by their sum first."""

    kinds: ClassVar[tuple[str, ...]] = ("multiclass",)

    def each(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return one loss a sample, (batch,)."""
        p = _share(logits).clamp(KERAS_EPSILON, 1 - KERAS_EPSILON)
        return F.nll_loss(p.log(), labels, reduction="none")

    def probabilities(self, logits: Float[Tensor, "batch outputs"]) -> Float[Tensor, "batch classes"]:
        """Return the sigmoids' shares of their sum."""
        return _share(logits)


class SoftmaxOverLabels(Loss):
    """Categorical cross-entropy of one softmax over all labels of a multilabel task (document D2's ancestor).

    The labels compete for a probability of one although several may be true at once, and a sample of no label has no
    loss. It stands here to repeat what was done; `CrossEntropy` is the loss for such a task.
    """

    kinds: ClassVar[tuple[str, ...]] = ("multilabel",)
    mark: ClassVar[str | None] = "softmax over traits that are not exclusive"

    def each(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return one loss a sample, (batch,): the sum over its true labels, as Keras has it."""
        p = logits.softmax(dim=1).clamp(KERAS_EPSILON, 1 - KERAS_EPSILON)
        return -(labels.to(p.dtype) * p.log()).sum(dim=1)

    def probabilities(self, logits: Float[Tensor, "batch outputs"]) -> Float[Tensor, "batch classes"]:
        """Return the labels' shares of one, (batch, labels)."""
        return logits.float().softmax(dim=1)


def _share(logits: Tensor) -> Tensor:
    # sigmoid / sum of sigmoids, by way of logarithms: the sum cannot vanish
    return F.logsigmoid(logits.float()).softmax(dim=1)
