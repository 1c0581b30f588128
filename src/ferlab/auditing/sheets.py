"""Picture sheets of an audit: pairs of copies side by side, and single images, with what is known of them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Int64
from matplotlib.figure import Figure

from ferlab.data.samples import Samples
from ferlab.evaluation.figures.style import GAP, GREY, INK, LINE, RED, SYNTHETIC, board, show

_SIDE, _SMALL = 1.25, 7.5


def pair_sheet(
    samples: Samples, pairs: Int64[np.ndarray, "pair 2"], scores: Float32[np.ndarray, "pair"], title: str
) -> Figure:
    """Draw pairs of images side by side: label (red where the two differ), split and id below each, and the score.

    Args:
        samples: the data set.
        pairs: positions of the images, in the order drawn.
        scores: correlation of each pair.
        title: heading.
    """
    wide, tall = 2 * _SIDE + 0.3, _SIDE + 4 * LINE + 0.1
    columns = max(1, min(4, len(pairs)))
    with board(columns * wide, max(1, -(-len(pairs) // columns)) * tall, title, _footer(samples)) as (figure, axes):
        for k, (pair, score) in enumerate(zip(pairs.tolist(), scores.tolist(), strict=True)):
            x, y = k % columns * wide, k // columns * tall
            differ = samples.labels[pair[0]] != samples.labels[pair[1]]
            for side, i in enumerate(pair):
                left = x + side * _SIDE
                show(axes, np.asarray(samples.x[i]), left, y, left + _SIDE - GAP, y + _SIDE - GAP)
                notes = [samples.spec.labels[samples.labels[i]], str(samples.splits[i]), short(str(samples.ids[i]))]
                for line, text in enumerate(notes):
                    shade = RED if differ and line == 0 else INK if line == 0 else GREY
                    axes.text(left, y + _SIDE + 0.08 + line * LINE, text, fontsize=_SMALL, color=shade)
            axes.text(x, y + _SIDE + 0.08 + 3 * LINE, f"correlation {score:.3f}", fontsize=_SMALL, color=GREY)
        if not len(pairs):
            axes.text(0.1, 0.5, "none", color=GREY)
    return figure


def image_sheet(samples: Samples, positions: Sequence[int], notes: Sequence[str], title: str) -> Figure:
    """Draw single images with their label, split, id and a note below.

    Args:
        samples: the data set.
        positions: which images, in the order drawn.
        notes: a line of text for each.
        title: heading.
    """
    wide, tall = _SIDE + 0.15, _SIDE + 4 * LINE + 0.1
    columns = max(1, min(8, len(positions)))
    rows = max(1, -(-len(positions) // columns))
    with board(columns * wide, rows * tall, title, _footer(samples)) as (figure, axes):
        for k, (i, note) in enumerate(zip(positions, notes, strict=True)):
            x, y = k % columns * wide, k // columns * tall
            show(axes, np.asarray(samples.x[i]), x, y, x + _SIDE, y + _SIDE)
            lines = [
                samples.spec.labels[samples.labels[i]],
                str(samples.splits[i]),
                short(str(samples.ids[i])),
                note,
            ]
            for line, text in enumerate(lines):
                place = y + _SIDE + 0.12 + line * LINE
                axes.text(x, place, text, fontsize=_SMALL, color=GREY if line else INK)
        if not len(positions):
            axes.text(0.1, 0.5, "none", color=GREY)
    return figure


def short(sample: str, most: int = 18) -> str:
    """Return the last part of an id, its end where it is long: below a picture there is little room."""
    name = sample.rsplit("/", 1)[-1]
    return name if len(name) <= most else "…" + name[-most + 1 :]


def _footer(samples: Samples) -> str:
    return "  ·  ".join([*([SYNTHETIC] if samples.synthetic else []), samples.name, f"{len(samples):,} images"])
