"""Logit-adjusted cross-entropy (arXiv 2007.07314): rare classes must win by a margin while learning."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ferlab.errors import FerlabError
from ferlab.losses.loss import Loss


class LogitAdjusted(Loss):
    """Cross-entropy of logits + tau * log(prior); predictions are the softmax of the plain logits.

    What is learnt so are the logits of a world in which all classes are equally frequent: it aims at balanced
    accuracy, and its probabilities are those of that world.

    Args:
        kind: the task's kind.
        class_weights: factor of each class's samples.
        start_epoch: the class weights count from this epoch on.
        tau: 0 is cross-entropy, 1 the paper's choice.
        priors: each class's share of the training samples, above 0; scaled to sum to one.
    """

    adjustment: Tensor

    def __init__(
        self,
        kind: str = "multiclass",
        class_weights: list[float] | None = None,
        start_epoch: int = 0,
        tau: float | int = 1.0,
        priors: list[float] | list[int] | None = None,
    ) -> None:
        super().__init__(kind, class_weights, start_epoch)
        if not priors or min(priors) <= 0:
            raise FerlabError(
                f"loss.priors: expected each class's share of the training samples, above 0, found {priors}"
            )
        if tau < 0:
            raise FerlabError(f"loss.tau: expected 0 or more, found {tau}")
        share = torch.tensor(priors, dtype=torch.float64)
        adjustment = (tau * (share / share.sum()).log()).float()
        self.register_buffer("adjustment", adjustment, persistent=False)

    def each(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return one loss a sample, (batch,)."""
        if self.kind == "binary":
            adjusted = logits[:, 0] + (self.adjustment[1] - self.adjustment[0])
            return F.binary_cross_entropy_with_logits(adjusted, labels.to(logits.dtype), reduction="none")
        return F.cross_entropy(logits + self.adjustment, labels, reduction="none")
