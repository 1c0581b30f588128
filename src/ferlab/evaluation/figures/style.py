"""How every figure looks, and the footer that says what it was computed from."""

import os
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy import ndarray

from ferlab.evaluation.words import noun

# Okabe and Ito's colours, told apart by colour-blind readers; the yellow is darkened to stand on white
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#A89F00")
BLUE, RED, GREEN, ORANGE, SKY = (COLOURS[i] for i in (0, 1, 2, 4, 5))
INK, GREY, PALE = "#222222", "#666666", "#CCCCCC"
DPI = 120
# in inches: between tiles, and a line of text below one
GAP, LINE = 0.08, 0.17
SYNTHETIC = "SYNTHETIC DATA"
RC: Any = {
    "font.size": 10,
    "font.family": "DejaVu Sans",
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.8,
    "image.interpolation": "nearest",
}


@dataclass(frozen=True)
class Caption:
    """Where a figure's numbers come from; its footer.

    Attributes:
        data: the data set's name.
        model: the architecture's name.
        seed: of the run.
        protocol: name, hash, marks as in metrics.json.
        synthetic: the data were made by a program.
        noun: what the samples are called.
    """

    data: str
    model: str
    seed: int
    protocol: dict[str, Any] = field(default_factory=dict)
    synthetic: bool = False
    noun: str = "images"

    def line(self, *facts: str) -> str:
        """Return the footer, `facts` (such as "test n = 3,589") among the rest."""
        parts = [SYNTHETIC] if self.synthetic else []
        parts += [self.data, self.model, f"seed {self.seed}", *facts]
        if self.protocol:
            parts.append(f"protocol {self.protocol.get('name', '?')} {self.protocol.get('hash', '')}".strip())
        return "  ·  ".join([*parts, *self.protocol.get("marks", [])])


def caption_of(metrics: dict[str, Any]) -> Caption:
    """Return the caption of a run's figures.

    Args:
        metrics: what stands in metrics.json: model, seed, data, protocol.
    """
    data = metrics["data"]
    protocol, synthetic = metrics["protocol"], bool(data.get("synthetic"))
    return Caption(data["name"], metrics["model"], metrics["seed"], protocol, synthetic, noun(data.get("modality")))


@contextmanager
def sheet(width: float, height: float, title: str, footer: str) -> Iterator[Figure]:
    """Hand out an empty figure in the common style, titled, with its footer; sizes in inches."""
    with mpl.rc_context(RC):
        figure = Figure(figsize=(width, height), dpi=100)
        FigureCanvasAgg(figure)
        above, below = _bands(figure, width, height, title, footer)
        # a fixed band for heading and footer: as suptitle and supxlabel they may meet the axes' own labels
        rect = (0, below / height, 1, 1 - (above + below) / height)
        figure.set_layout_engine(ConstrainedLayoutEngine(rect=rect, w_pad=0.08, h_pad=0.06))
        yield figure


@contextmanager
def board(
    width: float, height: float, title: str, footer: str, left: float = 0.0, right: float = 0.0
) -> Iterator[tuple[Figure, Axes]]:
    """Hand out a figure and a bare axes to lay tiles on, x in 0..width, y in 0..height downwards, one unit an inch.

    One axes for all tiles: an axes a tile would take a hundred times longer to lay out and to draw. `left` and `right`
    leave room beside it, in inches, to be filled with `beside`.
    """
    with mpl.rc_context(RC):
        across = max(width + left + right + 0.2, 6.5)
        figure = Figure(figsize=(across, height + 1), dpi=100)
        FigureCanvasAgg(figure)
        above, below = _bands(figure, across, 0.0, title, footer)
        total = height + above + below
        figure.set_size_inches(across, total)
        _bands(figure, across, total, title, footer)
        axes = figure.add_axes(((0.1 + left) / across, below / total, width / across, height / total))
        axes.set_axis_off()
        yield figure, axes
        # every image drawn has moved the limits
        axes.set_aspect("auto")
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)


def beside(axes: Axes, left: float, top: float, width: float, height: float) -> Axes:
    """Add an axes to a board's figure; all in inches, from the board's upper left corner."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    across, total = figure.get_size_inches()
    box = axes.get_position()
    x, y = box.x0 * across + left, (1 - box.y1) * total + top
    return figure.add_axes((x / across, 1 - (y + height) / total, width / across, height / total))


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG, whole or not at all; the same figure gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    compress = {"compress_level": 3}
    try:
        with mpl.rc_context(RC):
            figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None}, pil_kwargs=compress)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def colour(i: int) -> tuple[str, str]:
    """Return colour and line style of the i-th class; styles change once the colours are used up."""
    return COLOURS[i % len(COLOURS)], ("-", "--", ":", "-.")[i // len(COLOURS) % 4]


def reach(names: tuple[str, ...]) -> int:
    """Return the length of the longest name, in characters."""
    return max(map(len, names))


def show(
    axes: Axes, image: UInt8[ndarray, "height width channel"], left: float, top: float, right: float, bottom: float
) -> None:
    """Draw a grey or RGB image into a box of an axes that counts downwards."""
    smooth = "bilinear" if image.shape[0] < 128 else "antialiased"
    box = (left, right, bottom, top)
    if image.shape[2] == 1:
        axes.imshow(image[..., 0], cmap="gray", vmin=0, vmax=255, extent=box, interpolation=smooth)
    else:
        axes.imshow(image, extent=box, interpolation=smooth)


def _bands(figure: Figure, width: float, height: float, title: str, footer: str) -> tuple[float, float]:
    """Write heading and footer and return the inches they take; a height of 0 measures them alone."""
    mark = footer.startswith(SYNTHETIC)
    heading = textwrap.wrap(title, int((width - 1.4 * mark) * 10))
    notes = textwrap.wrap(footer, int(width * 14.5), break_long_words=False)
    if height:
        left, top = 0.1 / width, 1 - 0.1 / height
        figure.text(left, top, "\n".join(heading), va="top", fontsize=12, fontweight="bold", color=INK)
        figure.text(left, 0.07 / height, "\n".join(notes), va="bottom", fontsize=8.5, color=GREY)
        if mark:
            figure.text(1 - left, top, SYNTHETIC, ha="right", va="top", fontsize=9, fontweight="bold", color=RED)
    return 0.2 + 0.2 * len(heading), 0.12 + 0.15 * len(notes)
