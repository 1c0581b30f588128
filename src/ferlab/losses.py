"""Losses: each pairs a criterion with the link that turns its logits into probabilities."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ferlab.errors import FerlabError

# Keras clips probabilities by this before it takes their logarithm
KERAS_EPSILON = 1e-7


class Loss(nn.Module):
    """A criterion over logits, averaged over the batch.

    Args:
        kind: the task's kind, as in `TaskSpec`.
        class_weights: factor of each class's samples; `None` counts all alike.
    """

    class_weights: Tensor | None

    def __init__(self, kind: str = "multiclass", class_weights: list[float] | None = None) -> None:
        super().__init__()
        self.kind = kind
        weights = None if class_weights is None else torch.tensor(class_weights, dtype=torch.float32)
        self.register_buffer("class_weights", weights, persistent=False)

    def forward(self, logits: Float[Tensor, "batch outputs"], labels: Int64[Tensor, "batch"]) -> Float[Tensor, ""]:
        """Return the mean loss of a batch."""
        losses = self.each(logits.float(), labels)
        return (losses if self.class_weights is None else losses * self.class_weights[labels]).mean()

    def each(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return one loss a sample, (batch,)."""
        raise NotImplementedError

    def probabilities(self, logits: Float[Tensor, "batch outputs"]) -> Float[Tensor, "batch classes"]:
        """Return class probabilities that sum to one; a binary task's single output gives two columns."""
        if self.kind == "binary":
            positive = logits.float().sigmoid()
            return torch.cat([1 - positive, positive], dim=1)
        return logits.float().softmax(dim=1)


class CrossEntropy(Loss):
    """Softmax cross-entropy; on a binary task's single output, the same thing through a sigmoid."""

    def each(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return one loss a sample, (batch,)."""
        if self.kind == "binary":
            return F.binary_cross_entropy_with_logits(logits[:, 0], labels.to(logits.dtype), reduction="none")
        return F.cross_entropy(logits, labels, reduction="none")


class BinaryCrossEntropy(Loss):
    """Binary cross-entropy of every class against the rest.

    On a binary task it is that of the single sigmoid output. On several classes `over` says which probabilities
    it is taken of: "softmax" (document D2: `binary_crossentropy` after a softmax layer) or "sigmoid".
    """

    def __init__(
        self, kind: str = "multiclass", class_weights: list[float] | None = None, over: str = "softmax"
    ) -> None:
        super().__init__(kind, class_weights)
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

    def each(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return one loss a sample, (batch,)."""
        if self.kind == "binary":
            raise FerlabError("loss: sigmoid_cross_entropy is for several outputs; use loss=cross_entropy")
        p = _share(logits).clamp(KERAS_EPSILON, 1 - KERAS_EPSILON)
        return F.nll_loss(p.log(), labels, reduction="none")

    def probabilities(self, logits: Float[Tensor, "batch outputs"]) -> Float[Tensor, "batch classes"]:
        """Return the sigmoids' shares of their sum."""
        return _share(logits)


def _share(logits: Tensor) -> Tensor:
    # sigmoid / sum of sigmoids, by way of logarithms: the sum cannot vanish
    return F.logsigmoid(logits.float()).softmax(dim=1)
