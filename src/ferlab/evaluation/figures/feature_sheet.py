"""Images above what a classic feature keeps of them: HOG's strokes, patterns, what few coefficients give back."""

from collections.abc import Callable
from functools import singledispatch
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib import colormaps

from ferlab.evaluation.figures.style import INK, LINE, Caption, board, save, show
from ferlab.features.dct import Dct
from ferlab.features.feature import name_of
from ferlab.features.hog import Hog
from ferlab.features.lbp import Lbp
from ferlab.features.pixels import grey_levels, sides
from ferlab.features.raw import Raw
from ferlab.features.zernike import Zernike

TILE, BETWEEN, COLUMNS, MOST = 1.5, 0.08, 6, 12
"""In inches: side of an image and what lies between two; images beside each other, and on one sheet."""
_ZOOM = 4

Images = UInt8[np.ndarray, "image height width channel"]
Seen = UInt8[np.ndarray, "image shown_height shown_width shown_channel"]


def feature_sheet(folder: Path, feature: Any, x: Images, caption: Caption, name: str | None = None) -> Path | None:
    """Draw images, and below each what the feature keeps of it, into `folder`/features_<name>.png.

    Args:
        folder: where the run's figures lie.
        feature: as in `features=`.
        x: raw images; the first 12 are drawn.
        caption: for the footer.
        name: what the feature is called; None: by its class.

    Returns:
        The file; None where there is nothing to see: a feature whose numbers are no picture, or no images.

    Raises:
        FerlabError: the feature does not take these images.
    """
    if not can_be_seen(feature) or x.ndim != 4 or not len(x):
        return None
    x = np.asarray(x[:MOST])
    seen, facts = view(feature, x)
    name = name or name_of(feature)
    height, width = x.shape[1:3]
    columns, wide, tall = min(COLUMNS, len(x)), TILE, TILE * height / width
    bands = -(-len(x) // columns)
    step = 2 * (tall + BETWEEN) + LINE
    title = f"What {name} keeps of an image"
    size = f"{feature.transform(x[:1]).shape[1]:,} values an image of {width} x {height} pixels"
    footer = caption.line(size, facts)
    with board(columns * (wide + BETWEEN), bands * step, title, footer, left=0.25) as (figure, axes):
        for i in range(len(x)):
            left, top = i % columns * (wide + BETWEEN), i // columns * step
            show(axes, x[i], left, top, left + wide, top + tall)
            show(axes, seen[i], left, top + tall + BETWEEN, left + wide, top + 2 * tall + BETWEEN)
        for band in range(bands):
            for text, y in (("image", tall / 2), (name, 1.5 * tall + BETWEEN)):
                style: dict[str, Any] = {"rotation": 90, "ha": "right", "va": "center", "color": INK, "fontsize": 9}
                axes.text(-0.06, band * step + y, text, **style)
    return save(figure, folder / f"features_{name}.png")


def can_be_seen(feature: Any) -> bool:
    """Return whether `feature_sheet` has a picture of such features."""
    shown: Callable[..., Any] = view.dispatch(type(feature))
    return shown is not view.dispatch(object)


@singledispatch
def view(feature: Any, x: Images) -> tuple[Seen, str]:
    """Return what the feature keeps, as grey or RGB images, and a word on how to read them."""
    raise TypeError(f"{type(feature).__name__} has no picture of {len(x)} images")


@view.register
def _(feature: Raw, x: Images) -> tuple[Seen, str]:
    height, width, channels = _shape(feature, x)
    values = feature.transform(x).reshape(len(x), height, width, channels)
    return _bytes(values / feature.scale / 255), f"the pixels, {width} x {height} x {channels}"


@view.register
def _(feature: Hog, x: Images) -> tuple[Seen, str]:
    cells, (height, width) = feature.cells(x), sides("hog.cell", feature.cell)
    y, z = np.mgrid[: height * _ZOOM, : width * _ZOOM].astype(float)
    y, z = y - (height * _ZOOM - 1) / 2, z - (width * _ZOOM - 1) / 2
    turn = np.pi * (np.arange(feature.orientations) + 0.5) / feature.orientations
    # along the edge, at right angles to the gradient
    across = np.abs(np.cos(turn)[:, None, None] * z + np.sin(turn)[:, None, None] * y)
    along = np.abs(np.cos(turn)[:, None, None] * y - np.sin(turn)[:, None, None] * z)
    reach = min(height, width) * _ZOOM * 0.46
    strokes = np.clip(1.4 - across, 0, 1) * np.clip(reach - along + 0.5, 0, 1)
    strongest = np.maximum(cells.max(axis=(1, 2, 3), keepdims=True), 1e-12)
    drawn = np.einsum("nrco,oyz->nrycz", np.sqrt(cells / strongest), strokes)
    count, rows, tall, columns, wide = drawn.shape
    grey = drawn.reshape(count, rows * tall, columns * wide, 1)
    return _bytes(grey), "strokes lie along the edges of a cell, brighter where they are stronger"


@view.register
def _(feature: Lbp, x: Images) -> tuple[Seen, str]:
    patterns = feature.patterns(x)
    last = feature.bins - 1
    colours = colormaps["viridis"](patterns / (last - 1))[..., :3]
    colours[patterns == last] = 0.6
    ones = "ones around the circle, from none (dark) to all (yellow)"
    return _bytes(colours), f"{ones}; grey: more than two changes"


@view.register
def _(feature: Dct, x: Images) -> tuple[Seen, str]:
    back = feature.inverse(feature.transform(x), x.shape[1:]) + (0 if feature.mean else 0.5)
    kept = f"{feature.coefficients - (not feature.mean)} coefficients"
    return _bytes(back[..., None]), f"the image that {kept}{' a block' if feature.block else ''} give back"


@view.register
def _(feature: Zernike, x: Images) -> tuple[Seen, str]:
    radius, centres = feature.circle(x)
    moments = feature.moments(x)
    # the polynomials hold (n + 1) / pi once too often for a sum; of m and -m only one is there
    factors = np.array([np.pi / (n + 1) * (2 if m else 1) for n, m in feature.orders()])
    levels = grey_levels(x).numpy() / 255
    out = np.ones((*x.shape[:3], 1))
    for i, centre in enumerate(centres):
        y = (np.arange(x.shape[1])[:, None] - centre[0] + np.zeros(x.shape[2])) / radius
        z = (np.arange(x.shape[2])[None] - centre[1] + np.zeros((x.shape[1], 1))) / radius
        inside = y**2 + z**2 <= 1
        back = ((moments[i] * factors) @ feature.polynomials(y[inside], z[inside]).conj()).real
        out[i, inside, 0] = back / radius**2 * levels[i][inside].sum()
    return _bytes(out), f"the image that the moments up to degree {feature.degree} give back, with their phases"


def _shape(feature: Raw, x: Images) -> tuple[int, int, int]:
    height, width = x.shape[1:3] if feature.size is None else sides("raw.size", feature.size)
    return height, width, {"data": x.shape[3], "grey": 1, "rgb": 3}[feature.colour]


def _bytes(pixels: Float[np.ndarray, "image shown_height shown_width shown_channel"]) -> Seen:
    """Return pixels of 0..1 as bytes, what lies beyond cut."""
    out: np.ndarray = np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    return out
