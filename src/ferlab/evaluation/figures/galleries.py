"""Figures that show images: samples as the net gets them, and errors. Those of real people stay in the run folder."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int, UInt8
from matplotlib.figure import Figure

from ferlab.evaluation.figures.scale import BELOW, MARGIN, Scale
from ferlab.evaluation.figures.style import BLUE, GAP, GREY, INK, LINE, RED, Caption, board, show
from ferlab.evaluation.rows import Rows


def sample_grid(
    images: UInt8[np.ndarray, "image height width channel"],
    labels: Sequence[str],
    caption: Caption,
    title: str = "Training samples after augmentation",
    columns: int = 8,
) -> Figure:
    """Draw images with their class below, as the net is given them."""
    notes = [[(label, INK)] for label in labels]
    height, width = images.shape[1:3]
    return _grid(images, notes, title, caption.line(f"{width} x {height} pixels"), columns)


def confident_errors(rows: Rows, most: int = 32) -> Int[np.ndarray, "error"]:
    """Return the positions of wrong rows, the most confident first."""
    wrong = np.flatnonzero(rows.preds != rows.labels)
    order = np.argsort(-rows.probabilities[wrong, rows.preds[wrong]], kind="stable")
    return wrong[order[:most]]


def misclassified(
    images: UInt8[np.ndarray, "error height width channel"],
    errors: Rows,
    total: int,
    caption: Caption,
    scale: Scale | None = None,
) -> Figure:
    """Draw wrong predictions: image, true class, predicted class and its probability.

    Args:
        images: one an error.
        errors: the rows of those images.
        total: how many rows were wrong in all.
        caption: for the footer.
        scale: seconds and Hertz along spectrograms; None: images.
    """
    notes = [
        [(errors.names[true], BLUE), (f"{errors.names[said]} {errors.probabilities[i, said]:.2f}", RED)]
        for i, (true, said) in enumerate(zip(errors.labels, errors.preds, strict=True))
    ]
    title = f"Most confident errors, {len(errors):,} of {total:,}"
    footer = caption.line(
        *errors.splits[:1].tolist(), "above: true class", "below: predicted class and its probability"
    )
    return _grid(images, notes, title, footer, 8, scale)


def _grid(
    images: UInt8[np.ndarray, "image height width channel"],
    notes: Sequence[Sequence[tuple[str, str]]],
    title: str,
    footer: str,
    columns: int,
    scale: Scale | None = None,
) -> Figure:
    """Draw images in rows, each with coloured lines of text below."""
    longest = max((len(text) for lines in notes for text, _ in lines), default=0)
    side = max(1.05, 0.072 * longest + 0.05)
    wide, left_over, below = (max(scale.wide * 1.05, side), MARGIN, BELOW) if scale else (side, 0.0, 0.0)
    side = 1.05 if scale else side
    columns = max(2, min(columns, int(11 / (wide + left_over)), len(images)))
    tall = side + below + LINE * max((len(lines) for lines in notes), default=0) + 0.1
    width, height = columns * (wide + left_over), max(1, -(-len(images) // columns)) * tall + below
    with board(width, height, title, footer) as (figure, axes):
        for i, (image, lines) in enumerate(zip(images, notes, strict=True)):
            x, y = i % columns * (wide + left_over) + left_over, i // columns * tall + below
            box = (x, y, x + wide - GAP, y + side - GAP)
            show(axes, image, *box)
            if scale:
                scale.mark(axes, box)
            for j, (text, shade) in enumerate(lines):
                axes.text(x, y + side + below + 0.08 + j * LINE, text, fontsize=9, color=shade)
        if not len(images):
            axes.text(side / 2, side / 2, "none", color=GREY)
    return figure
