"""Forest plots: differences or slices with their intervals, one line each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ferlab.evaluation.figures.style import BLUE, GREEN, GREY, INK, PALE, RED, SYNTHETIC, sheet
from ferlab.evaluation.resampling import smaller_is_better
from ferlab.evaluation.words import PLAIN


@dataclass(frozen=True)
class Line:
    """One line of a forest plot: name, value and bounds in the unit of the axis, None where none can be given."""

    name: str
    value: float
    low: float | None
    high: float | None
    note: str = ""
    colour: str = BLUE


def forest(result: dict[str, Any], data: str) -> Figure:
    """Draw every pair's difference; right of 0 the first of a pair is higher.

    Args:
        result: of `compare_rows`, with "notes".
        data: name of the data set, for the footer.
    """
    metric, scale = result["metric"], unit(result["metric"])
    shades = {"a": GREEN, "b": RED, None: GREY}
    lines = [
        Line(
            f"{pair['a']} less {pair['b']}",
            scale * pair["value"],
            None if pair["low"] is None else scale * pair["low"],
            None if pair["high"] is None else scale * pair["high"],
            colour=shades[pair["better"]],
        )
        for pair in result["pairs"]
    ]
    label = result["label"]
    note = "lower is better" if smaller_is_better(metric) else "higher is better"
    facts = [
        data,
        f"{result['split']} n = {result['n']:,}",
        "green: first better, red: second better, grey: no evidence",
    ]
    facts += ["p corrected by Holm"] * (len(lines) > 1)
    return plot(
        lines,
        f"Differences in {label}, 95 % intervals",
        f"difference{' (points)' if scale == 100 else ''}, {note}",
        footer(facts, result["notes"]),
        zero=0.0,
    )


def plot(lines: Sequence[Line], title: str, axis: str, foot: str, zero: float | None = None) -> Figure:
    """Draw lines from top to bottom; `zero` is where a vertical line stands (no difference, or all rows)."""
    longest = max(len(line.name) for line in lines)
    width, height = 5.4 + 0.075 * longest, 1.5 + 0.32 * len(lines)
    with sheet(width, max(height, 2.3), title, foot) as figure:
        axes = figure.add_subplot()
        if zero is not None:
            axes.axvline(zero, color=PALE, linewidth=1.4)
        for y, line in enumerate(lines):
            if line.low is not None and line.high is not None:
                axes.plot([line.low, line.high], [y, y], color=line.colour, linewidth=2)
            axes.plot([line.value], [y], "o", color=line.colour, markersize=6)
            if line.note:
                place = line.high if line.high is not None else line.value
                axes.annotate(
                    line.note, (place, y), (6, 0), textcoords="offset points", va="center", color=INK, fontsize=9
                )
        axes.set_yticks(range(len(lines)), [line.name for line in lines])
        axes.set_ylim(len(lines) - 0.5, -0.5)
        axes.set_xlabel(axis)
        axes.grid(True, axis="x")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        # room for the notes right of the longest interval
        ends = [end for line in lines for end in (line.low, line.high, line.value) if end is not None]
        room = 0.25 * float(np.ptp(ends) or 1) * any(line.note for line in lines)
        axes.set_xlim(
            right=max(max(ends), zero if zero is not None else -np.inf) + 0.06 * float(np.ptp(ends) or 1) + room
        )
    return figure


def unit(metric: str) -> float:
    """Return what a value is multiplied with to be drawn: areas and losses as they are, all else in points."""
    return 1.0 if metric.startswith((*PLAIN, "brier")) else 100.0


def footer(facts: Sequence[str], marks: Sequence[str]) -> str:
    """Return a figure's footer; data made by a program are named first, as everywhere."""
    synthetic = [SYNTHETIC] if any(SYNTHETIC in mark for mark in marks) else []
    return "  ·  ".join([*synthetic, *facts, *marks])
