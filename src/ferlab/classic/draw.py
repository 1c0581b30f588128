"""The figures of a classic run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ferlab.classic.candidates import words
from ferlab.classic.outputs import Output
from ferlab.classic.search import Found
from ferlab.evaluation.figures.row_figures import draw_rows
from ferlab.evaluation.figures.style import BLUE, ORANGE, PALE, Caption, caption_of, reach, save, sheet
from ferlab.evaluation.rows import Rows

SHOWN = 40


def draw(folder: Path, metrics: dict[str, Any], rows: Rows, outputs: Sequence[Output]) -> list[Path]:
    """Draw confusion, ROC, predictions, calibration, class counts and the candidates' scores.

    Args:
        folder: where the PNG files go.
        metrics: what stands in metrics.json.
        rows: the run's predictions.
        outputs: the fitted classifiers, with what their searches found.

    Returns:
        The files in the order of a report.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = draw_rows(folder, metrics, rows)
    caption = caption_of(metrics)
    for one in outputs:
        if one.found is not None:
            name = "candidates" if one.label is None else f"candidates_{one.label}"
            done.append(
                save(candidates(one.found, metrics["classic"]["search"], caption, one.label), folder / f"{name}.png")
            )
    return done


def candidates(found: Found, search: dict[str, Any], caption: Caption, label: str | None = None) -> Figure:
    """Draw the candidates' mean scores with their folds, best first; of halving each on its last round."""
    last = {repr(one.candidate): one for one in found.scored if one.failed is None}
    every = sorted(last.values(), key=lambda one: (-one.round, -one.mean))
    shown = every[:SHOWN]
    names = tuple(_label(one.candidate, one.round, search) for one in shown)
    part = "validation" if search["rows"] == "val" else "training"
    title = "Candidates" + (f" for {label}" if label else "")
    title += f": {search['metric']}, {search['folds']} folds of {part}"
    if len(every) > SHOWN:
        title += f" (the best {SHOWN} of {len(every)})"
    with sheet(max(6.5, 4.2 + 0.08 * reach(names)), 1.7 + 0.27 * len(shown), title, caption.line()) as figure:
        axes = figure.add_subplot()
        for place, one in enumerate(shown):
            shade = ORANGE if one.candidate == found.winner.candidate else BLUE
            scores = 100 * np.asarray(one.scores)
            axes.plot(scores, np.full(len(scores), place), ".", color=shade, alpha=0.35)
            axes.plot([100 * one.mean], [place], "o", color=shade)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlabel(f"{search['metric']}, per cent; small dots: the folds; orange: chosen")
        axes.grid(True, axis="x", color=PALE)
        axes.tick_params(axis="y", length=0)
    return figure


def _label(candidate: dict[str, Any], number: int, search: dict[str, Any]) -> str:
    return words(candidate) + (f"  (round {number})" if search["kind"] == "halving" else "")
