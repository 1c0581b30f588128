"""Estimates beside each other: a dot and its 95 % interval each, one panel a measure."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from ferlab.evaluation.figures.style import BLUE, GREY, ORANGE, PALE, reach, sheet

Estimates = Mapping[str, Mapping[str, Any]]


def dots(
    panels: Mapping[str, Estimates], title: str, footer: str, zero: str | None = None, last: bool = False
) -> Figure:
    """Draw estimates in per cent as dots with intervals.

    Args:
        panels: panel's label -> row's label -> {"value", "low", "high"}, fractions; the same rows in each panel.
        title: of the figure.
        footer: where the numbers come from.
        zero: label of a panel of differences: it gets a line at nothing.
        last: the last row is of another kind (the pooled one) and drawn so.
    """
    names = tuple(next(iter(panels.values())))
    width, height = 1.6 + 0.08 * reach(names) + 3.4 * len(panels), 1.7 + 0.34 * len(names)
    with sheet(max(width, 6.5), height, title, footer) as figure:
        for i, (label, rows) in enumerate(panels.items()):
            axes = figure.add_subplot(1, len(panels), i + 1)
            if label == zero:
                axes.axvline(0, color=GREY, linestyle="--", linewidth=1.2)
            for place, name in enumerate(names):
                found = rows.get(name)
                if found is None:
                    continue
                shade = ORANGE if last and place == len(names) - 1 else BLUE
                low, value, high = (100 * found[key] for key in ("low", "value", "high"))
                axes.plot([low, high], [place, place], color=shade, linewidth=2)
                axes.plot([value], [place], "o", color=shade)
                axes.annotate(
                    f"{value:+.1f}" if label == zero else f"{value:.1f}",
                    (value, place),
                    (0, 6),
                    textcoords="offset points",
                    ha="center",
                    fontsize=8.5,
                )
            axes.set_yticks(range(len(names)), names if i == 0 else [])
            axes.set_ylim(len(names) - 0.5, -0.7)
            axes.margins(x=0.12)
            axes.set(title=label, xlabel="points" if label == zero else "per cent")
            axes.grid(True, axis="x", color=PALE)
            axes.tick_params(axis="y", length=0)
    return figure
