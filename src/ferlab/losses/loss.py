"""Loss: what every criterion shares, the mean over a batch, class weights, blended labels and the link."""

from typing import ClassVar

import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor, nn

from ferlab.errors import FerlabError

# Keras clips probabilities by this before it takes their logarithm
KERAS_EPSILON = 1e-7


class Loss(nn.Module):
    """A criterion over logits, averaged over the batch.

    Args:
        kind: the task's kind, as in `TaskSpec`.
        class_weights: factor of each class's samples; `None` counts all alike.
        start_epoch: the class weights count from this epoch on; whoever trains then sets `weighted`.

    Attributes:
        weighted: whether the class weights count at present.
        kinds: kinds of task that it is defined for.
        mark: what every output must say of a model trained with it, or None.

    Raises:
        FerlabError: a kind that it is not defined for.
    """

    kinds: ClassVar[tuple[str, ...]] = ("multiclass", "binary")
    mark: ClassVar[str | None] = None
    class_weights: Tensor | None

    def __init__(
        self, kind: str = "multiclass", class_weights: list[float] | None = None, start_epoch: int = 0
    ) -> None:
        super().__init__()
        if kind not in self.kinds:
            cure = "loss=cross_entropy or loss=focal" if kind == "multilabel" else "loss=cross_entropy"
            raise FerlabError(
                f"loss: {type(self).__name__} is for tasks that are {' or '.join(self.kinds)}, this one is {kind}; "
                f"cure: {cure}"
            )
        if kind == "multilabel" and class_weights is not None:
            raise FerlabError("loss: a multilabel task has no class weights; cure: rebalance=none")
        self.kind, self.start_epoch, self.weighted = kind, start_epoch, True
        weights = None if class_weights is None else torch.tensor(class_weights, dtype=torch.float32)
        self.register_buffer("class_weights", weights, persistent=False)

    def forward(
        self,
        logits: Float[Tensor, "batch outputs"],
        labels: Int64[Tensor, "batch"] | Int64[Tensor, "batch label"],
        other: Int64[Tensor, "batch"] | Int64[Tensor, "batch label"] | None = None,
        share: Float32[Tensor, "batch"] | None = None,
        soft: Float32[Tensor, "batch classes"] | None = None,
    ) -> Float[Tensor, ""]:
        """Return the mean loss of a batch.

        Args:
            logits: what the network put out.
            labels: of each sample its class; multilabel: of each sample and label 0 or 1.
            other: labels of what was blended into each sample, where it was.
            share: how much of each sample is `labels`', 0 to 1; the rest is `other`'s.
            soft: each class's share of each sample, rows summing to one, in place of all labels: the loss is what a
                label drawn from these shares would cost on average. For the cross-entropies that is the cross-entropy
                to the shares. Class weights count as they would for the drawn label.
        """
        logits = logits.float()
        if soft is not None:
            return self._expected(logits, soft).mean()
        losses = self._of(logits, labels)
        if other is not None and share is not None:
            losses = share * losses + (1 - share) * self._of(logits, other)
        return losses.mean()

    def _expected(self, logits: Tensor, soft: Tensor) -> Tensor:
        batch, classes = soft.shape
        every = torch.arange(classes, device=soft.device).repeat_interleave(batch)
        return (self._of(logits.repeat(classes, 1), every).view(classes, batch) * soft.T).sum(0)

    def _of(self, logits: Tensor, labels: Tensor) -> Tensor:
        losses = self.each(logits, labels)
        return losses if self.class_weights is None or not self.weighted else losses * self.class_weights[labels]

    def each(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return one loss a sample, (batch,)."""
        raise NotImplementedError

    def probabilities(self, logits: Float[Tensor, "batch outputs"]) -> Float[Tensor, "batch classes"]:
        """Return class probabilities that sum to one; a binary task's single output gives two columns.

        Of a multilabel task each label's own, which need not sum to one.
        """
        if self.kind == "multilabel":
            return logits.float().sigmoid()
        if self.kind == "binary":
            positive = logits.float().sigmoid()
            # not 1 - positive: of a sure answer that would leave nothing but rounding
            return torch.cat([(-logits.float()).sigmoid(), positive], dim=1)
        return logits.float().softmax(dim=1)
