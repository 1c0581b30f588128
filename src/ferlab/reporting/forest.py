"""The overview figure: one measure of every row with its interval, and the documents' figures as marks.

A forest plot, as meta-analyses draw it (Lewis and Clarke, BMJ 322, 2001). It is drawn as SVG: its colours follow
the page's, and its text can be read aloud and searched.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ferlab.evaluation.words import PLAIN, number
from ferlab.reporting.measures import Figure, last
from ferlab.reporting.table import Line, reported

# below and above the rows, in pixels of the drawing
TOP, BOTTOM = 12, 44


@dataclass(frozen=True)
class Shape:
    """Sizes of the drawing, in its pixels.

    Attributes:
        name: for the page's style.
        width: of all.
        left: where the scale begins.
        right: where it ends.
        row: height of a row.
        drop: from the row's middle to its bar: on a phone names and figures stand above the bar, not beside it.
        label: longest name, in characters.
        detail: longest setting.
    """

    name: str
    width: int
    left: int
    right: int
    row: int
    drop: int
    label: int
    detail: int


WIDE = Shape("wide", 960, 300, 770, 30, 0, 44, 52)
NARROW = Shape("narrow", 340, 14, 322, 58, 18, 24, 56)


@dataclass(frozen=True)
class Bar:
    """One row of the plot, places in pixels from the left.

    Attributes:
        y: its middle.
        label: whose it is.
        detail: marks, fold and setting, below the label.
        text: the figure in words.
        x: of the value; low and high: the interval's ends.
        own: of several seeds, each run's own value.
        theirs: the document's figure; None without one.
        theirs_text: that figure in words.
    """

    y: float
    label: str
    detail: str
    text: str
    x: float
    low: float | None
    high: float | None
    own: tuple[float, ...]
    theirs: float | None
    theirs_text: str


@dataclass(frozen=True)
class Forest:
    """All that the page's template draws."""

    name: str
    height: int
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    shape: Shape
    documents: bool = False
    seeds: bool = False


def forest(lines: Sequence[Line], name: str, shape: Shape = WIDE) -> Forest | None:
    """Lay out the plot of one measure; None where no row has it."""
    shown = [(line, found) for line in lines if (found := line.figures.get(name)) is not None]
    if not shown:
        return None
    documents = [reported(line, name) for line, _ in shown]
    low, high, step = _scale(
        [value for _, found in shown for value in _values(found)] + [d["reported"] for d in documents if d],
        bounded=not last(name).startswith(PLAIN),
    )

    def place(value: float) -> float:
        share = (min(max(value, low), high) - low) / (high - low)
        return round(shape.left + share * (shape.right - shape.left), 1)

    bars = tuple(
        _bar(TOP + shape.row * (i + 0.5), line, found, theirs, name, place)
        for i, ((line, found), theirs) in enumerate(zip(shown, documents, strict=True))
    )
    count = round((high - low) / step)
    ticks = tuple((place(low + i * step), _tick(low + i * step, last(name))) for i in range(count + 1))
    return Forest(
        name,
        TOP + shape.row * len(bars) + BOTTOM,
        bars,
        # a phone has room for every second number
        ticks[:: 1 + (shape is NARROW and len(ticks) > 6)],
        shape,
        documents=any(documents),
        seeds=any(bar.own for bar in bars),
    )


def _bar(y: float, line: Line, found: Figure, theirs: dict[str, Any] | None, name: str, place: Any) -> Bar:
    return Bar(
        y=y,
        label=f"{line.cells['model'].text} · {line.cells['data'].text}",
        # marks first: what is too long is cut at its end
        detail=", ".join(part for part in (*dict.fromkeys(line.group.marks), _folds(line), line.group.setting) if part),
        text=found.text(name).partition(", sd")[0],
        x=place(found.value),
        low=None if found.low is None else place(found.low),
        high=None if found.high is None else place(found.high),
        own=tuple(place(one.value) for one in found.own),
        theirs=None if theirs is None else place(theirs["reported"]),
        theirs_text="" if theirs is None else f"{theirs['row']}: {theirs['text']}",
    )


def _values(found: Figure) -> list[float]:
    return [value for value in (found.value, found.low, found.high) if value is not None]


def _scale(values: Sequence[float], bounded: bool) -> tuple[float, float, float]:
    """Return round ends around the values, and a step of 1, 2 or 5 that makes four to ten parts of it."""
    low, high = min(values), max(values)
    if bounded:
        low, high = max(low, 0.0), min(high, 1.0)
    wide = max(high - low, 0.02)
    rough = 10 ** math.floor(math.log10(wide / 4))
    step = next(factor * rough for factor in (1, 2, 5, 10) if wide / (factor * rough) <= 8)
    # twelve digits: a sum of steps must not miss the end by its rounding
    first, beyond = math.floor(round(low / step, 9)), math.ceil(round(high / step, 9))
    return round(first * step, 12), round(max(beyond, first + 1) * step, 12), step


def _tick(value: float, name: str) -> str:
    return number(value, name).replace(".0 %", " %")


def _folds(line: Line) -> str:
    """Return the protocol of one fold, or of several pooled: beside each other nothing else tells them apart."""
    protocol = line.group.first.metrics["protocol"]
    return line.cells["protocol"].text if protocol.get("fold") or protocol.get("pooled_folds") else ""
