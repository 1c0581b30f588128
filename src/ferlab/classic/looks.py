"""The figures of a classic run's features: what they see of samples, and which of them count."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ferlab.classic.importance import Importance, importance
from ferlab.classic.inputs import Inputs
from ferlab.classic.material import Rows
from ferlab.classic.outputs import Output
from ferlab.data.datamodule import DataModule
from ferlab.evaluation.figures.feature_sheet import feature_sheet
from ferlab.evaluation.figures.style import BLUE, ORANGE, PALE, Caption, caption_of, reach, save, sheet
from ferlab.features.feature import names_of

SEEN, SHOWN = 12, 25


def draw_features(
    folder: Path, metrics: dict[str, Any], data: DataModule, inputs: Inputs, rows: Rows, outputs: Sequence[Output]
) -> list[Path]:
    """Draw what each feature of images sees of a few training samples, and what each classifier goes by.

    Args:
        folder: where the PNG files go.
        metrics: what stands in metrics.json.
        data: the run's data.
        inputs: its features.
        rows: of its roles.
        outputs: the fitted classifiers.

    Returns:
        The files in the order of a report.
    """
    caption, done = caption_of(metrics), []
    x = np.stack([data.samples.x[k] for k in _some(data)]) if data.spec.modality == "image" else None
    for block in inputs.blocks:
        path = None if x is None else feature_sheet(folder, block.feature, x, caption, block.name)
        done += [path] if path else []
    names = [f"{one.name}: {name}" for one in inputs.blocks for name in _names(one, data)]
    for index, one in enumerate(outputs):
        parts = rows.parts(None if one.label is None else index)
        found = importance(one.fitted, names, rows.x["train"], parts.val.x, parts.val.y, metrics["seed"])
        if found is not None:
            name = "what_counts" if one.label is None else f"what_counts_{one.label}"
            done.append(save(_bars(found, caption, one.label), folder / f"{name}.png"))
    return done


def _names(block: Any, data: DataModule) -> list[str]:
    return names_of(block.feature, data.samples.x.shape[1:], block.x.shape[1])


def _some(data: DataModule) -> list[int]:
    """Return training samples, the classes in turn."""
    labels = data.samples.labels[data.shown]
    first = labels if labels.ndim == 1 else labels[:, 0]
    of_class = [data.shown[first == k] for k in np.unique(first)]
    turns = [int(one[i]) for i in range(SEEN) for one in of_class if i < len(one)]
    return turns[:SEEN]


def _bars(found: Importance, caption: Caption, label: str | None) -> Figure:
    names, values = tuple(found.names[:SHOWN]), found.values[:SHOWN]
    errors = None if found.errors is None else found.errors[:SHOWN]
    title = "What counts" + (f" for {label}" if label else "")
    title += f" (the first {SHOWN} of {len(found.names):,})" if len(found.names) > SHOWN else ""
    facts = [] if found.rows is None else [f"{found.rows:,} validation rows, lines: standard error"]
    shades: str | list[str] = BLUE
    if found.signs is not None:
        shades = [BLUE if sign > 0 else ORANGE for sign in found.signs[:SHOWN]]
        facts.append(f"blue speaks for {label or 'the second class'}, orange against it")
    with sheet(max(7.0, 4.2 + 0.085 * reach(names)), 1.7 + 0.25 * len(names), title, caption.line(*facts)) as figure:
        axes = figure.add_subplot()
        axes.barh(range(len(names)), values, xerr=errors, color=shades, height=0.7, error_kw={"lw": 1})
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlabel(found.what)
        axes.grid(True, axis="x", color=PALE)
        axes.tick_params(axis="y", length=0)
    return figure
