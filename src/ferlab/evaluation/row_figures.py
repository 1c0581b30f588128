"""The figures of a run that need its rows and metrics alone: no model, no image, clip or text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from ferlab.evaluation import calibration_figures, figures
from ferlab.evaluation.history import learning_curves, read_history
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.style import Caption, caption_of, save


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
    return done + [save(figure, folder / f"{name}.png") for name, figure in _of_rows(metrics, rows, caption)]


def _of_rows(metrics: dict[str, Any], rows: Rows, caption: Caption) -> Iterator[tuple[str, Figure]]:
    test, measures = rows.split("test"), metrics["test"]
    yield "confusion", figures.confusion(measures, caption)
    yield "roc", figures.roc(test, measures, caption)
    document = metrics.get("document") or {}
    yield "top_k", figures.top_k(measures, caption, document.get("top"))
    yield "predictions", figures.predictions(test, measures, caption)
    if "calibration" in metrics:
        yield "reliability", calibration_figures.reliability(test, metrics["calibration"], caption)
        yield "risk_coverage", calibration_figures.risk_coverage(test, metrics["calibration"], caption)
    yield "class_counts", _class_counts(metrics["data"], caption)


def _class_counts(data: dict[str, Any], caption: Caption) -> Figure:
    counts = {role: dict(zip(data["labels"], n, strict=True)) for role, n in data["class_counts"].items()}
    after = counts.pop("train after rebalancing", None)
    return figures.class_counts(counts, caption, after if after != counts["train"] else None)
