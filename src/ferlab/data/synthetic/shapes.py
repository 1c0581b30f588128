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
    inside: Field = np.clip(np.float32(0.5) - distance / pixel, 0, 1)
    return inside


def blob(dx: Field, dy: Field, rx: Amount, ry: Amount) -> Field:
    """Return a round hump: 1 in the middle, 0 from the ellipse of half-axes `rx`, `ry` outwards."""
    hump: Field = np.square(np.maximum(1 - np.square(dx / rx) - np.square(dy / ry), 0))
    return hump


def line(distance: Field, width: Amount, pixel: Field) -> Field:
    """Return a soft line of half-width `width` along distance 0.

    A line thinner than a pixel is drawn a pixel wide and fainter: the same amount of ink at any size.
    """
    drawn = np.maximum(width, np.float32(0.9) * pixel)
    ink: Field = np.square(np.maximum(1 - np.square(distance / drawn), 0)) * np.minimum(width / drawn, 1)
    return ink


def band(y: Field, top: Field, bottom: Field, pixel: Field) -> Field:
    """Return the area between the curves `top` and `bottom`; nothing where `bottom` lies above `top`."""
    middle, half = (top + bottom) * np.float32(0.5), (bottom - top) * np.float32(0.5)
    inside: Field = cover(np.abs(y - middle) - half, pixel) * np.clip(2 * half / pixel, 0, 1)
    return inside


def ramp(value: Field, low: Amount, high: Amount) -> Field:
    """Return a smooth step from 0 at `low` to 1 at `high`."""
    t = np.clip((value - low) / (high - low), 0, 1)
    step: Field = t * t * (3 - 2 * t)
    return step


def paint(canvas: Canvas, mask: Field, colour: Colour) -> None:
    """Blend `colour` (0..1) into the canvas, in place."""
    canvas += mask[:, None] * (colour - canvas)
