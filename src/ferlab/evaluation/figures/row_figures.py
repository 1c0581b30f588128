"""The figures of a run that need its rows and metrics alone: no model, no image, clip or text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from ferlab.evaluation.figures import calibration_figures, figures, trait_figures
from ferlab.evaluation.figures.history import learning_curves, read_history
from ferlab.evaluation.figures.style import Caption, caption_of, save
from ferlab.evaluation.multilabel_rows import is_multilabel
from ferlab.evaluation.rows import Rows


def draw_rows(folder: Path, metrics: dict[str, Any], rows: Rows, curves: Path | None = None) -> list[Path]:
    """Draw every figure that needs no model.

    Args:
        folder: where the PNG files go.
        metrics: what stands in metrics.json: model, seed, data, protocol, checkpoint, document, test.
        rows: the run's predictions; the test rows are drawn.
        curves: the run's metrics.csv; without it there are no learning curves.

    Returns:
        The files in the order of a report.
    """
    caption = caption_of(metrics)
    done = []
    if curves is not None and curves.is_file():
        chosen = metrics.get("checkpoint", {}).get("chosen_epoch")
        figure = learning_curves(read_history(curves), caption, chosen)
        done.append(save(figure, folder / "learning_curves.png"))
    return done + [save(figure, folder / f"{name}.png") for name, figure in _every(metrics, rows, caption)]


def of_rows(metrics: dict[str, Any], test: Rows, caption: Caption) -> Iterator[tuple[str, Figure]]:
    """Yield the figures of a run's test rows, or of those of several folds, with the name of each one's file."""
    measures = metrics["test"]
    if is_multilabel(test.meta):
        yield from trait_figures.of_labels(metrics, test, caption)
        return
    yield "confusion", figures.confusion(measures, caption)
    yield "roc", figures.roc(test, measures, caption)
    document = metrics.get("document") or {}
    yield "top_k", figures.top_k(measures, caption, document.get("top"))
    yield "predictions", figures.predictions(test, measures, caption)


def _every(metrics: dict[str, Any], rows: Rows, caption: Caption) -> Iterator[tuple[str, Figure]]:
    test, several = rows.split("test"), is_multilabel(rows.meta)
    yield from of_rows(metrics, test, caption)
    if "calibration" in metrics:
        if not several:
            yield "reliability", calibration_figures.reliability(test, metrics["calibration"], caption)
        yield "risk_coverage", calibration_figures.risk_coverage(test, metrics["calibration"], caption)
    if several:
        yield "class_counts", trait_figures.label_counts(metrics["data"], metrics["protocol"], caption)
    else:
        yield "class_counts", _class_counts(metrics["data"], caption)


def _class_counts(data: dict[str, Any], caption: Caption) -> Figure:
    counts = {role: dict(zip(data["labels"], n, strict=True)) for role, n in data["class_counts"].items()}
    after = counts.pop("train after rebalancing", None)
    return figures.class_counts(counts, caption, after if after != counts["train"] else None)
