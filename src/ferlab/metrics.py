"""Metrics watched while a model trains: one torchmetrics collection, cloned for each split.

They give values alone, for choosing an epoch. The figures of a report, with intervals, come from
`ferlab.evaluation.measure`, under the same names.
"""

from typing import Any, cast

import torch
from jaxtyping import Float, Int, Num
from torch import Tensor
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassF1Score,
    MulticlassPrecision,
    MulticlassRecall,
    MultilabelAccuracy,
    MultilabelF1Score,
    MultilabelPrecision,
)

from ferlab.spec import TaskSpec


class MacroAuroc(Metric):
    """Area under the ROC curve, one class against the rest, averaged over the classes that have both sides.

    Of multilabel samples, that of each label.

    torchmetrics' own counts a class that is absent as 0 and warns; a class without samples has no curve, so
    here it is left out. NaN where no class has one.
    """

    full_state_update = False
    is_differentiable = False
    higher_is_better = True

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.add_state("probabilities", default=[], dist_reduce_fx="cat")
        self.add_state("labels", default=[], dist_reduce_fx="cat")

    def update(self, probabilities: Float[Tensor, "batch classes"], labels: Int[Tensor, "batch *label"]) -> None:
        """Keep one batch: probabilities in 0..1 and label indices; multilabel: 0 or 1 of each label."""
        cast("list[Tensor]", self.probabilities).append(probabilities.float())
        cast("list[Tensor]", self.labels).append(labels)

    def compute(self) -> Float[Tensor, ""]:
        """Return the mean area over the classes with at least one sample and one counter-sample."""
        probabilities, labels = _joined(self.probabilities), _joined(self.labels)
        positive = labels.bool() if labels.ndim == 2 else labels[:, None] == torch.arange(self.classes).to(labels)
        above = positive.sum(0).double()
        below = len(labels) - above
        rank_sum = (_mid_ranks(probabilities) * positive).sum(0)
        area = (rank_sum - above * (above + 1) / 2) / (above * below)
        return area[(above > 0) & (below > 0)].mean().float()


def collection(spec: TaskSpec) -> MetricCollection:
    """Return the metrics of a task, over probabilities (batch, classes) in 0..1 and labels (batch,).

    A binary task counts as two classes and hands in both columns. Names: accuracy, precision_macro, recall_macro
    (unweighted average recall), f1_macro, auroc_macro, and top2, top3, ... below the number of classes.

    Of a multilabel task labels are (batch, label), and each figure is the mean over the labels: of the share right, of
    precision, balanced accuracy, F1 and AUROC. A label is said from a probability of .5 on: the thresholds that a run
    ends with are chosen once, from the validation rows of the epoch that is kept.
    """
    if spec.kind == "multilabel":
        return _multilabel(len(spec.labels))
    classes = len(spec.labels)
    metrics: dict[str, Metric | MetricCollection] = {
        "accuracy": MulticlassAccuracy(classes, average="micro", validate_args=False),
        "precision_macro": MulticlassPrecision(classes, average="macro", validate_args=False),
        "recall_macro": MulticlassRecall(classes, average="macro", validate_args=False),
        "f1_macro": MulticlassF1Score(classes, average="macro", validate_args=False),
        "auroc_macro": MacroAuroc(classes),
    }
    for k in range(2, classes):
        metrics[f"top{k}"] = MulticlassAccuracy(classes, top_k=k, average="micro", validate_args=False)
    return MetricCollection(metrics)


class BalancedAccuracy(Metric):
    """Mean over the labels of balanced accuracy: of the recalls of yes and no, where both occur, else of the one."""

    full_state_update = False
    is_differentiable = False
    higher_is_better = True

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.add_state("counts", default=torch.zeros(2, 2, labels), dist_reduce_fx="sum")

    def update(self, probabilities: Float[Tensor, "batch label"], labels: Int[Tensor, "batch label"]) -> None:
        """Count one batch: probabilities in 0..1, and 0 or 1 of each label."""
        said, counts = probabilities >= 0.5, cast("Tensor", self.counts)
        for true in (0, 1):
            here = labels == true
            counts[true] += torch.stack([here.sum(0), (here & (said == bool(true))).sum(0)])

    def compute(self) -> Float[Tensor, ""]:
        """Return the mean."""
        n, right = cast("Tensor", self.counts).unbind(1)
        return (((right / n.clamp(min=1)) * (n > 0)).sum(0) / (n > 0).sum(0)).mean()


def _multilabel(labels: int) -> MetricCollection:
    how: dict[str, Any] = {"threshold": 0.5, "average": "macro", "validate_args": False}
    return MetricCollection(
        {
            "accuracy": MultilabelAccuracy(labels, **how),
            "precision_macro": MultilabelPrecision(labels, **how),
            "recall_macro": BalancedAccuracy(labels),
            "f1_macro": MultilabelF1Score(labels, **how),
            "auroc_macro": MacroAuroc(labels),
        }
    )


def _joined(state: object) -> Tensor:
    return torch.cat(list(state)) if isinstance(state, list | tuple) else cast("Tensor", state)


def _mid_ranks(values: Num[Tensor, "batch classes"]) -> Float[Tensor, "batch classes"]:
    """Rank each column from 1, ties sharing the mean of their ranks."""
    ranks = torch.empty_like(values, dtype=torch.double)
    for column in range(values.shape[1]):
        _, inverse, counts = torch.unique(values[:, column], return_inverse=True, return_counts=True)
        last = counts.cumsum(0).double()
        ranks[:, column] = (last - (counts - 1) / 2)[inverse]
    return ranks
