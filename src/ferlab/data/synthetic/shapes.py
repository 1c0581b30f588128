"""Soft shapes, drawn on a whole batch of images at once.

Everything here works on float32 arrays that broadcast to (sample, height, width) and gives coverage in 0..1. Edges are
blurred over one pixel, which stands in for supersampling, so a face looks the same at any size.
"""

import numpy as np
from jaxtyping import Float32

#: one value a pixel, or one a sample where height and width are 1
Field = Float32[np.ndarray, "#sample #height #width"]
Amount = Field | np.float32 | float
Canvas = Float32[np.ndarray, "sample channel height width"]
Colour = Float32[np.ndarray, "#sample #channel #height #width"] | np.float32 | float


def cover(distance: Field, pixel: Field) -> Field:
    """Return how much of each pixel lies inside, from a signed distance (negative inside) in the unit of `pixel`."""
    inside: Field = distance / pixel
    np.subtract(np.float32(0.5), inside, out=inside)
    return _clip(inside)


def blob(dx: Field, dy: Field, rx: Amount, ry: Amount) -> Field:
    """Return a round hump: 1 in the middle, 0 from the ellipse of half-axes `rx`, `ry` outwards."""
    return _hump(np.square(dx / rx) + np.square(dy / ry))


def line(distance: Field, width: Amount, pixel: Field) -> Field:
    """Return a soft line of half-width `width` along distance 0.

    A line thinner than a pixel is drawn a pixel wide and fainter: the same amount of ink at any size.
    """
    drawn = np.maximum(width, np.float32(0.9) * pixel)
    ink = _hump(np.square(distance / drawn))
    ink *= np.minimum(width / drawn, 1)
    return ink


def band(y: Field, top: Field, bottom: Field, pixel: Field) -> Field:
    """Return the area between the curves `top` and `bottom`; nothing where `bottom` lies above `top`."""
    middle, half = (top + bottom) * np.float32(0.5), (bottom - top) * np.float32(0.5)
    inside = cover(np.abs(y - middle) - half, pixel)
    inside *= _clip(2 * half / pixel)
    return inside


def ramp(value: Field, low: Amount, high: Amount) -> Field:
    """Return a smooth step from 0 at `low` to 1 at `high`."""
    t = _clip((value - low) / (high - low))
    step: Field = 3 - 2 * t
    step *= t
    step *= t
    return step


def paint(canvas: Canvas, mask: Field, colour: Colour) -> None:
    """Blend `colour` (0..1) into the canvas, in place."""
    canvas += mask[:, None] * (colour - canvas)


def _clip(values: Field) -> Field:
    """Clip to 0..1 in place: the arrays are large, and a copy costs more than the sum."""
    np.maximum(values, 0, out=values)
    np.minimum(values, 1, out=values)
    return values


def _hump(square: Field) -> Field:
    """Turn a squared distance into (1 - square)^2, 0 from 1 outwards, in place."""
    np.subtract(1, square, out=square)
    np.maximum(square, 0, out=square)
    np.square(square, out=square)
    return square
