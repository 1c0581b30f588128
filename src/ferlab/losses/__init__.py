"""Losses: each pairs a criterion with the link that turns its logits into probabilities."""

from ferlab.losses.cross_entropy import BinaryCrossEntropy, CrossEntropy, SigmoidCrossEntropy, SoftmaxOverLabels
from ferlab.losses.focal import Focal
from ferlab.losses.hinge import Hinge
from ferlab.losses.logit_adjusted import LogitAdjusted
from ferlab.losses.loss import KERAS_EPSILON, Loss

__all__ = [
    "KERAS_EPSILON",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Focal",
    "Hinge",
    "LogitAdjusted",
    "Loss",
    "SigmoidCrossEntropy",
    "SoftmaxOverLabels",
]
