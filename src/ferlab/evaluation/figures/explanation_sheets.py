"""Sheets that set several methods of explanation side by side, on images."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.figure import Figure

from ferlab.evaluation.figures.explanations import overlay
from ferlab.evaluation.figures.scale import BELOW, MARGIN, Scale
from ferlab.evaluation.figures.style import BLUE, GAP, GREY, INK, LINE, RED, Caption, beside, board, show
from ferlab.evaluation.rows import Rows
from ferlab.explain.methods import WORDS

SIDE = 1.25


def method_sheet(
    images: UInt8[np.ndarray, "image height width channel"],
    heats: Mapping[str, Float[np.ndarray, "image rows columns"]],
    rows: Rows,
    caption: Caption,
    target: int | None = None,
    scale: Scale | None = None,
) -> Figure:
    """Draw each image beside its heat by every method, for its true class or for one of choice.

    Args:
        images: as the data give them.
        heats: method -> heat of each image.
        rows: the rows of those images.
        caption: for the footer.
        target: the class that is explained in every image; None: each image's true class.
        scale: seconds and Hertz along spectrograms; None: images.
    """
    blocks = 2 if len(heats) < (3 if scale else 5) else 1
    wide, left_over, below = (scale.wide * SIDE, MARGIN, BELOW) if scale else (SIDE, 0.0, 0.0)
    block, tall = (1 + len(heats)) * wide + left_over + 0.3, SIDE + below + LINE + 0.1
    height = 0.4 + -(-len(images) // blocks) * tall
    what = "the true class" if target is None else rows.names[target]
    title = f"Evidence for {what}, by method"
    with board(blocks * block, height, title, caption.line(str(rows.splits[0]))) as (figure, axes):
        for i, image in enumerate(images):
            left, top = i % blocks * block + left_over, 0.4 + i // blocks * tall
            if i < blocks:
                heads = ("spectrogram" if scale else "image", *(WORDS[name].replace(" ", "\n") for name in heats))
                for j, head in enumerate(heads):
                    axes.text(left + j * wide, 0.35, head, fontsize=9, fontweight="bold", color=INK)
            for j, tile in enumerate((image, *(overlay(image, heat[i]) for heat in heats.values()))):
                x = left + j * wide
                box = (x, top, x + wide - GAP, top + SIDE - GAP)
                show(axes, tile, *box)
                if scale:
                    scale.mark(axes, box, pitch=j == 0)
            true, said, p = int(rows.labels[i]), int(rows.preds[i]), rows.probabilities[i]
            note = f"{rows.names[true]} {p[true]:.2f}, predicted {rows.names[said]} {p[said]:.2f}"
            if target is not None:
                note = f"{rows.names[target]} {p[target]:.2f}; {note}"
            axes.text(left, top + SIDE + below + 0.1, note, fontsize=9, color=INK if true == said else RED)
    return figure


def causes_sheet(
    images: UInt8[np.ndarray, "image height width channel"],
    heats: Mapping[str, Float[np.ndarray, "image height width"]],
    masks: UInt8[np.ndarray, "image height width"],
    labels: Sequence[str],
    overlap: Mapping[str, dict[str, Any]],
    caption: Caption,
) -> Figure:
    """Draw how much of each method's heat falls on the label's causes, against chance, a row a method.

    Args:
        images: some examples, as the data give them.
        heats: method -> their heat.
        masks: their causal regions.
        labels: their classes.
        overlap: method -> `causal_overlap`'s result over all images.
        caption: for the footer.
    """
    tall = SIDE + LINE + 0.1
    width, height = len(images) * SIDE, len(heats) * tall + 0.2
    n = ", ".join(dict.fromkeys(f"{one['n']:,}" for one in overlap.values()))
    facts = (f"n = {n} images", "bars: mean and 95 % interval", "outline: the label's causes")
    title = "Heat on the label's causes, by method"
    with board(width, height, title, caption.line(*facts), left=5.3) as (figure, tiles):
        # all before the first image: that moves the board's axes, and what is placed beside them
        charts = [beside(tiles, -2.45, 0.2 + i * tall, 2.2, tall - 0.45) for i in range(len(heats))]
        for i, (name, heat) in enumerate(heats.items()):
            top, one, axes = 0.2 + i * tall, overlap[name], charts[i]
            ratio = one["ratio_area"]
            times = f"{ratio['value']:.2f} times chance\n({ratio['low']:.2f} to {ratio['high']:.2f})"
            tiles.text(-5.25, top + 0.12, WORDS[name], fontsize=10, fontweight="bold", color=INK)
            tiles.text(-5.25, top + 0.55, times, fontsize=9, color=INK)
            bars = {
                "heat inside": ("share", BLUE),
                "by chance": ("area", GREY),
                "heat in other masks": ("share_elsewhere", GREY),
                "hottest inside": ("pointing", BLUE),
                "hottest in other masks": ("pointing_elsewhere", GREY),
            }
            for j, (key, shade) in enumerate(bars.values()):
                value, low, high = (100 * one[key][part] for part in ("value", "low", "high"))
                error = [[value - low], [high - value]]
                axes.barh(j, value, 0.7, xerr=error, color=shade, ecolor=INK, capsize=2)
                axes.text(high + 2, j, f"{value:.0f}", va="center", fontsize=8, color=INK)
            axes.set_yticks(range(len(bars)), list(bars), fontsize=8)
            axes.tick_params(axis="x", labelsize=8)
            axes.invert_yaxis()
            axes.set(xlim=(0, 112))
            if i == len(heats) - 1:
                axes.set_xlabel("% of heat, of area, of images", fontsize=8.5)
            for j, image in enumerate(images):
                x = j * SIDE
                right, bottom = x + SIDE - GAP, top + SIDE - GAP
                show(tiles, overlay(image, heat[j]), x, top, right, bottom)
                tiles.contour(masks[j], [0.5], colors="#00E5FF", linewidths=0.9, extent=(x, right, top, bottom))
                if i == 0:
                    tiles.text(x, top - 0.06, labels[j], fontsize=9, color=INK)
    return figure
