"""Focal loss (arXiv 1708.02002): samples that are told apart already count little."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor

from ferlab.errors import FerlabError
from ferlab.losses.loss import Loss


class Focal(Loss):
    """Cross-entropy times (1 - p)^gamma, p being the true class's probability.

    The paper's alpha is a class weight: `rebalance=class_weights`. On a multilabel task the mean over the labels.

    Args:
        kind: the task's kind.
        class_weights: factor of each class's samples.
        start_epoch: the class weights count from this epoch on.
        gamma: 0 is cross-entropy, 2 the paper's choice.
    """

    kinds: ClassVar[tuple[str, ...]] = ("multiclass", "binary", "multilabel")

    def __init__(
        self,
        kind: str = "multiclass",
        class_weights: list[float] | None = None,
        start_epoch: int = 0,
        gamma: float | int = 2.0,
    ) -> None:
        super().__init__(kind, class_weights, start_epoch)
        if gamma < 0:
            raise FerlabError(f"loss.gamma: expected 0 or more, found {gamma}")
        self.gamma = float(gamma)

    def each(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return one loss a sample, (batch,)."""
        # both logarithms come straight from the logits: 1 - p itself would round to 0 and its gradient to infinity
        if self.kind != "multiclass":
            signed = (logits[:, 0] if self.kind == "binary" else logits) * (2 * labels - 1)
            log_p, log_rest = F.logsigmoid(signed), F.logsigmoid(-signed)
        else:
            log_all = logits.log_softmax(dim=1)
            log_p = log_all.gather(1, labels[:, None])[:, 0]
            log_rest = log_all.scatter(1, labels[:, None], float("-inf")).logsumexp(dim=1)
        losses = -(self.gamma * log_rest).exp() * log_p
        return losses.mean(dim=1) if self.kind == "multilabel" else losses
