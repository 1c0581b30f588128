"""Where in time a net with attention looks: its weights above the spectrograms they were read from."""

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.figure import Figure

from ferlab.evaluation.figures.scale import BELOW, MARGIN, Scale
from ferlab.evaluation.figures.style import BLUE, GAP, GREY, INK, LINE, RED, Caption, board, show
from ferlab.evaluation.rows import Rows

SIDE, CURVE = 1.1, 0.45


def attention_sheet(
    images: UInt8[np.ndarray, "clip height width channel"],
    weights: Float[np.ndarray, "clip step"],
    rows: Rows,
    scale: Scale | None,
    caption: Caption,
    columns: int = 4,
) -> Figure:
    """Draw each clip's weights over time above its spectrogram.

    Args:
        images: spectrograms, low frequencies below.
        weights: of each step, summing to 1 over a clip.
        rows: the rows of those clips.
        scale: seconds and Hertz along the spectrograms.
        caption: for the footer.
        columns: clips side by side.
    """
    wide = (scale.wide if scale else 1.6) * SIDE * 1.2
    tall = CURVE + SIDE + BELOW + 2 * LINE + 0.15
    lines = -(-len(images) // columns)
    even, top = 1 / weights.shape[1], float(weights.max())
    facts = (f"{rows.splits[0]}", f"curve: weight of each of {weights.shape[1]} steps, 0 to {top:.3f}")
    footer = caption.line(*facts, f"grey: all alike, {even:.3f}")
    with board(columns * (wide + MARGIN), 0.1 + lines * tall, "Attention over time", footer) as (figure, axes):
        for i, (image, weight) in enumerate(zip(images, weights, strict=True)):
            left, above = i % columns * (wide + MARGIN) + MARGIN, 0.1 + i // columns * tall
            floor, right = above + CURVE, left + wide - GAP
            x = left + (np.arange(len(weight)) + 0.5) / len(weight) * (right - left)
            axes.plot([left, right], [floor - even / top * CURVE] * 2, color=GREY, linewidth=0.7, linestyle="--")
            axes.fill_between(x, floor, floor - weight / top * CURVE, step="mid", color=BLUE, alpha=0.85, linewidth=0)
            box = (left, floor + 0.03, right, floor + SIDE)
            show(axes, image, *box)
            if scale:
                scale.mark(axes, box)
            true, said = int(rows.labels[i]), int(rows.preds[i])
            p = rows.probabilities[i]
            note = f"{rows.names[true]}\npredicted {rows.names[said]} {p[said]:.2f}"
            shade = INK if true == said else RED
            axes.text(left, floor + SIDE + BELOW + 0.1, note, fontsize=9, color=shade, va="top")
    return figure
