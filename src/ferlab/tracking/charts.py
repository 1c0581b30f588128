"""W&B charts and tables of a finished run, from its rows; wandb is imported where one is made."""

from typing import Any

import numpy as np
from jaxtyping import UInt8

from ferlab.evaluation.curves import precision_recall_points, roc_points
from ferlab.evaluation.figures.explanations import overlay
from ferlab.evaluation.looking.evidence import Evidence
from ferlab.evaluation.multilabel_rows import is_multilabel
from ferlab.evaluation.own_columns import TRAIT
from ferlab.evaluation.rows import Rows

POINTS = 200  # of a curve: what a reader can tell apart, far below the 10,000 rows that W&B draws
SIDE = 128  # of a picture in a table, in pixels, at least
AREA = "wandb/area-under-curve/v0"


def confusion(measures: dict[str, Any]) -> Any:
    """Return W&B's confusion matrix of one split; `measures` is `measure`'s result."""
    import wandb

    names, counts = measures["labels"], measures["confusion"]
    data = [[names[i], names[j], counts[i][j]] for i in range(len(names)) for j in range(len(names))]
    return wandb.plot_table(
        "wandb/confusion_matrix/v1",
        wandb.Table(columns=["Actual", "Predicted", "nPredictions"], data=data),
        fields={"Actual": "Actual", "Predicted": "Predicted", "nPredictions": "nPredictions"},
        string_fields={"title": f"confusion, {measures['split']}, n = {measures['n']:,}"},
    )


def curves(rows: Rows) -> dict[str, Any]:
    """Return W&B's ROC and precision-recall curves of each class against the rest; of two classes, the positive one.

    Of several labels a sample those of each label.
    """
    import wandb

    shown = [1] if len(rows.names) == 2 else range(len(rows.names))
    roc: list[list[Any]] = []
    recall: list[list[Any]] = []
    sides = [(rows.names[i], rows.probabilities[:, i], rows.labels == i) for i in shown]
    if is_multilabel(rows.meta):
        own = {name: rows.columns[TRAIT] == name for name in rows.meta["spec"]["labels"]}
        sides = [(name, rows.probabilities[here, 1], rows.labels[here] == 1) for name, here in own.items()]
    for name, scores, positive in sides:
        if 0 < positive.sum() < len(positive):
            roc += _points(name, *roc_points(scores, positive))
            recall += _points(name, *precision_recall_points(scores, positive))

    def chart(columns: list[str | int], data: list[list[Any]], title: str, x: str, y: str) -> Any:
        strings = {"title": title, "x-axis-title": x, "y-axis-title": y}
        fields = {"x": str(columns[1]), "y": str(columns[2]), "class": str(columns[0])}
        return wandb.plot_table(AREA, wandb.Table(columns=columns, data=data), fields=fields, string_fields=strings)

    axes = ("false positive rate", "true positive rate")
    return {
        "roc": chart(["class", "fpr", "tpr"], roc, "ROC of each class against the rest", *axes),
        "precision_recall": chart(
            ["class", "recall", "precision"], recall, "precision and recall of each class", "recall", "precision"
        ),
    }


def class_counts(data: dict[str, Any]) -> dict[str, Any]:
    """Return bar charts of how often each class occurs in each split, and in training after rebalancing."""
    import wandb

    charts = {}
    for role, counts in data["class_counts"].items():
        pairs = [list(pair) for pair in zip(data["labels"], counts, strict=True)]
        table, title = wandb.Table(columns=["class", "samples"], data=pairs), f"samples of each class, {role}"
        charts[role.replace(" ", "_")] = wandb.plot.bar(table, "class", "samples", title=title)
    return charts


def errors(rows: Rows, images: UInt8[np.ndarray, "row height width channel"]) -> Any:
    """Return a table of wrong predictions with their images; `images` are those of `rows`."""
    import wandb

    table = wandb.Table(columns=["id", "image", "true", "predicted", "probability", "probability of the true class"])
    for i, image in enumerate(images):
        true, said = int(rows.labels[i]), int(rows.preds[i])
        p = rows.probabilities[i]
        names = (rows.names[true], rows.names[said])
        table.add_data(str(rows.ids[i]), _image(_enlarge(image)), *names, float(p[said]), float(p[true]))
    return table


def gradcam(found: Evidence) -> Any:
    """Return a table of images with the evidence for the true (or a chosen) class and for the predicted class."""
    import wandb

    rows = found.rows
    first = "the true class" if found.target is None else rows.names[found.target]
    heats = (f"evidence for {first}", "evidence for the predicted class")
    table = wandb.Table(columns=["id", "image", *heats, "true", "predicted", "probability"])
    for i, small in enumerate(found.images):
        image = _enlarge(small)
        tiles = (image, overlay(image, found.first[i]), overlay(image, found.predicted[i]))
        true, said = int(rows.labels[i]), int(rows.preds[i])
        p = float(rows.probabilities[i, said])
        table.add_data(str(rows.ids[i]), *(_image(tile) for tile in tiles), rows.names[true], rows.names[said], p)
    return table


def _points(name: str, x: np.ndarray, y: np.ndarray) -> list[list[Any]]:
    kept = np.unique(np.linspace(0, len(x) - 1, min(POINTS, len(x))).round().astype(int))
    return [[name, round(float(x[i]), 4), round(float(y[i]), 4)] for i in kept]


def _enlarge(image: UInt8[np.ndarray, "height width channel"]) -> UInt8[np.ndarray, "rows columns channel"]:
    """Repeat the pixels of a small image: W&B shows tables' pictures in their own size."""
    times = -(-SIDE // max(image.shape[:2]))
    return image.repeat(times, axis=0).repeat(times, axis=1)


def _image(pixels: UInt8[np.ndarray, "height width channel"]) -> Any:
    import wandb

    # a grey picture as RGB: W&B takes a single channel for a palette of its own
    return wandb.Image(np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else np.asarray(pixels))
