"""Figures of what a net looks at: feature maps, Grad-CAM, and heat against the causes that synthetic faces know."""

from collections.abc import Sequence
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
from jaxtyping import Float, Int64, UInt8
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ferlab.evaluation.figures.scale import BELOW, MARGIN, Scale
from ferlab.evaluation.figures.style import BLUE, GAP, GREY, INK, LINE, RED, Caption, beside, board, show
from ferlab.evaluation.rows import Rows

HEAT = "plasma"


def feature_map_sheet(
    image: UInt8[np.ndarray, "height width channel"],
    maps: dict[str, Float[np.ndarray, "maps rows columns"]],
    caption: Caption,
    note: str = "",
    most: int = 12,
    when: str = "",
    order: dict[str, Int64[np.ndarray, "_"]] | None = None,
) -> Figure:
    """Draw the strongest maps of each layer for one image, a row a layer.

    Args:
        image: as the data give it.
        maps: layer name -> its maps, in the order to draw.
        caption: for the footer.
        note: the image's class, say.
        most: maps a layer.
        when: for the title: ", epoch 5".
        order: which maps of each layer to draw; by default the strongest.
    """
    side = 0.9
    row = side + 0.4
    width, height = (most + 1.35) * side, len(maps) * row
    title = f"Feature maps, the strongest of each layer{when}"
    footer = caption.line("each map from its own minimum (dark) to its maximum (bright)")
    with board(width, height, title, footer) as (figure, axes):
        show(axes, image, 0.0, 0.25, side, 0.25 + side)
        axes.text(0, 0.2, "input", fontsize=9, color=INK)
        axes.text(0, 0.25 + side + LINE, note, fontsize=9, color=INK)
        for i, (name, values) in enumerate(maps.items()):
            shown = strongest(values, most) if order is None else order[name]
            count, rows, columns = values.shape
            left, top = 1.35 * side, i * row + 0.25
            text = f"{name}: {len(shown)} of {count} maps, {columns} x {rows}"
            axes.text(left, top - 0.05, text, fontsize=9, color=INK)
            for j, index in enumerate(shown):
                box = (left + j * side, left + (j + 1) * side - GAP, top + side - GAP, top)
                axes.imshow(values[index], cmap="viridis", extent=box)
    return figure


def strongest(maps: Float[np.ndarray, "maps rows columns"], most: int = 12) -> Int64[np.ndarray, "chosen"]:
    """Return the maps that vary most over the image, the strongest first: a constant map shows nothing."""
    return np.argsort(-maps.std((1, 2)), kind="stable")[:most].astype(np.int64)


def overlay(
    image: UInt8[np.ndarray, "height width channel"], heat: Float[np.ndarray, "rows columns"], strength: float = 0.8
) -> UInt8[np.ndarray, "height width 3"]:
    """Lay a heat map of 0..1 over an image: the hotter, the less of the image is left."""
    height, width = image.shape[:2]
    fitted = np.clip(cv2.resize(heat.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR), 0, 1)
    tint = mpl.colormaps[HEAT](fitted)[..., :3] * 255
    cover = (strength * np.sqrt(fitted))[..., None]
    return np.asarray((1 - cover) * image + cover * tint, dtype=np.uint8)


def gradcam_sheet(
    images: UInt8[np.ndarray, "image height width channel"],
    heat_true: Float[np.ndarray, "image rows columns"],
    heat_pred: Float[np.ndarray, "image rows columns"],
    rows: Rows,
    layer: str,
    caption: Caption,
    blocks: int = 2,
    target: int | None = None,
    when: str = "",
    scale: Scale | None = None,
) -> Figure:
    """Draw image, evidence for the true class (or one of choice) and for the predicted class, side by side.

    Args:
        images: as the data give them.
        heat_true: Grad-CAM of each image for its true class, or for `target`.
        heat_pred: Grad-CAM for the predicted class.
        rows: the rows of those images.
        layer: the layer that the maps were read at.
        caption: for the footer.
        blocks: how many triples stand side by side.
        target: the class that the second column explains in every image; None: each image's true class.
        when: for the title: ", epoch 5".
        scale: seconds and Hertz along spectrograms; None: images.
    """
    first = "true class" if target is None else f"for {rows.names[target]}"
    longest = max(map(len, rows.names))
    side = 1.25 if scale else max(1.25, 0.07 * (longest + 7))
    wide, left_over, below = (scale.wide * side, MARGIN, BELOW) if scale else (side, 0.0, 0.0)
    block, tall = 3 * wide + left_over + 0.25, side + below + LINE + 0.1
    lines = -(-len(images) // blocks)
    width, height = blocks * block, 0.25 + lines * tall
    with board(width, height, f"Grad-CAM at layer {layer}{when}", caption.line(str(rows.splits[0])), right=0.9) as (
        figure,
        axes,
    ):
        for i, image in enumerate(images):
            left, top = i % blocks * block + left_over, 0.25 + i // blocks * tall
            if i < blocks:
                for j, head in enumerate(("spectrogram" if scale else "image", first, "predicted class")):
                    axes.text(left + j * wide, 0.17, head, fontsize=9, fontweight="bold", color=INK)
            true, said = int(rows.labels[i]), int(rows.preds[i])
            shown = true if target is None else target
            p = rows.probabilities[i]
            tiles = (image, overlay(image, heat_true[i]), overlay(image, heat_pred[i]))
            under = "" if target is None else rows.names[true]
            notes = (under, f"{rows.names[shown]} {p[shown]:.2f}", f"{rows.names[said]} {p[said]:.2f}")
            for j, (tile, note) in enumerate(zip(tiles, notes, strict=True)):
                x = left + j * wide
                box = (x, top, x + wide - GAP, top + side - GAP)
                show(axes, tile, *box)
                if scale:
                    scale.mark(axes, box, pitch=j == 0)
                shade = RED if j == 2 and true != said else INK
                axes.text(x, top + side + below + 0.1, note, fontsize=9, color=shade)
        bar = Colorbar(beside(axes, width + 0.05, 0.25, 0.15, min(2.6, height - 0.6)), cmap=HEAT, norm=Normalize(0, 1))
        bar.set_label("share of maximum")
        bar.outline.set_visible(False)
    return figure


def causal_sheet(
    images: UInt8[np.ndarray, "image height width channel"],
    heat: Float[np.ndarray, "image height width"],
    masks: UInt8[np.ndarray, "image height width"],
    labels: Sequence[str],
    overlap: dict[str, Any],
    caption: Caption,
) -> Figure:
    """Draw how much heat falls on the label's causes against chance, and examples with the causes outlined.

    Args:
        images: some examples, as the data give them.
        heat: their Grad-CAM.
        masks: their causal regions.
        labels: their classes.
        overlap: `causal_overlap`'s result over all images.
        caption: for the footer.
    """
    ratio = overlap["ratio_area"]
    times = f"{ratio['value']:.2f} times chance ({ratio['low']:.2f} to {ratio['high']:.2f})"
    columns, side = 6, 1.2
    lines = -(-len(images) // columns)
    width, height = columns * side, lines * (side + LINE + 0.08)
    facts = (f"n = {overlap['n']:,} images", "bars: mean and 95 % interval", "outline: the label's causes")
    with board(width, max(height, 3.0), f"Heat on the label's causes: {times}", caption.line(*facts), left=4.4) as (
        figure,
        tiles,
    ):
        axes = beside(tiles, -2.9, 0.05, 2.6, max(height, 3.0) - 0.6)
        bars = {
            "heat inside\nits own mask": ("share", BLUE),
            "chance: the\nmask's area": ("area", GREY),
            "heat inside\nother masks": ("share_elsewhere", GREY),
            "hottest place\ninside its mask": ("pointing", BLUE),
            "hottest place\ninside other masks": ("pointing_elsewhere", GREY),
        }
        for i, (key, shade) in enumerate(bars.values()):
            one = {name: 100 * overlap[key][name] for name in ("value", "low", "high")}
            error = [[one["value"] - one["low"]], [one["high"] - one["value"]]]
            axes.barh(i, one["value"], 0.7, xerr=error, color=shade, ecolor=INK, capsize=3)
            axes.text(one["high"] + 2, i, f"{one['value']:.0f}", va="center", fontsize=9, color=INK)
        axes.set_yticks(range(len(bars)), list(bars))
        axes.invert_yaxis()
        axes.set(xlabel="% of heat, of area, of images", xlim=(0, 112))
        for i, image in enumerate(images):
            x, y = i % columns * side, i // columns * (side + LINE + 0.08)
            right, bottom = x + side - GAP, y + side - GAP
            show(tiles, overlay(image, heat[i]), x, y, right, bottom)
            tiles.contour(masks[i], [0.5], colors="#00E5FF", linewidths=0.9, extent=(x, right, y, bottom))
            tiles.text(x, y + side + 0.07, labels[i], fontsize=9, color=INK)
    return figure
