"""Hinge loss: the true class must lead by a margin (Crammer and Singer 2001; of two classes, the usual one)."""

from torch import Tensor

from ferlab.errors import FerlabError
from ferlab.losses.loss import Loss


class Hinge(Loss):
    """max(0, margin - lead), the lead being the true class's logit less the greatest other one.

    A binary task's single output is the lead of class 1. Nothing here makes logits into log-odds: the probabilities
    (softmax or sigmoid of the logits) rank the classes rightly but are NOT calibrated, so that log loss, Brier score
    and calibration error of such a model say little.

    Args:
        kind: the task's kind.
        class_weights: factor of each class's samples.
        start_epoch: the class weights count from this epoch on.
        margin: the lead that suffices.
        squared: square it, which is smooth where the margin is just met.
    """

    def __init__(
        self,
        kind: str = "multiclass",
        class_weights: list[float] | None = None,
        start_epoch: int = 0,
        margin: float | int = 1.0,
        squared: bool = False,
    ) -> None:
        super().__init__(kind, class_weights, start_epoch)
        if margin <= 0:
            raise FerlabError(f"loss.margin: expected above 0, found {margin}")
        self.margin, self.squared = float(margin), squared

    def each(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return one loss a sample, (batch,)."""
        if self.kind == "binary":
            lead = logits[:, 0] * (2 * labels - 1)
        else:
            of_true = labels[:, None]
            others = logits.scatter(1, of_true, float("-inf")).amax(dim=1)
            lead = logits.gather(1, of_true)[:, 0] - others
        short = (self.margin - lead).clamp(min=0)
        return short.square() if self.squared else short
