"""The head in space: pose, outline, light, hair, and what stands behind it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from ferlab.data.synthetic.shapes import Amount, Canvas, Field, blob, cover, line, paint, ramp
from ferlab.data.synthetic.traits import HAIR, tint

Faces = Mapping[str, Float32[np.ndarray, "sample 1 1"]]


@dataclass(frozen=True)
class View:
    """A batch of heads as the camera sees them.

    Attributes:
        u: picture coordinate of each pixel, -1..1 to the right.
        v: picture coordinate, -1..1 downwards.
        hu: head coordinate to the right, in half head heights, after shift, scale and roll.
        hv: head coordinate downwards.
        x: face coordinate to the right, on the surface of the turned head.
        y: face coordinate downwards.
        pixel: size of a pixel in half head heights.
    """

    u: Field
    v: Field
    hu: Field
    hv: Field
    x: Field
    y: Field
    pixel: Field


def look(faces: Faces, size: int) -> View:
    """Return where each pixel of a size x size picture meets the face.

    Yaw and pitch turn a rounded head about its middle, so features slide over it and crowd at the far side.
    """
    axis = ((np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / size) - 1).astype(np.float32)
    u, v = axis[None, None, :], axis[None, :, None]
    du, dv = (u - faces["shift_x"]) / faces["scale"], (v - faces["shift_y"]) / faces["scale"]
    cos, sin = np.cos(faces["roll"]), np.sin(faces["roll"])
    hu, hv = du * cos + dv * sin, dv * cos - du * sin
    depth = np.sqrt(np.maximum(np.float32(1.1) - np.float32(0.9) * hu * hu - np.float32(0.5) * hv * hv, 0.04))
    cos, sin = np.cos(faces["yaw"]), np.sin(faces["yaw"])
    x, turned = hu * cos - depth * sin, depth * cos + hu * sin
    cos, sin = np.cos(faces["pitch"]), np.sin(faces["pitch"])
    y = hv * cos - turned * sin
    shape = x.shape
    return View(np.broadcast_to(u, shape), np.broadcast_to(v, shape), hu, hv, x, y, 2 / size / faces["scale"])


def outline(view: View, faces: Faces, volume: Amount = 1.0) -> Field:
    """Return the signed distance to the head's outline, negative inside; `volume` 1.1 is the outline of its hair."""
    below = np.clip(view.hv, 0, 1)
    jaw_shift = np.float32(0.10) * np.sin(faces["yaw"]) * below
    width = faces["face_width"] * volume * (1 - faces["jaw"] * below * below)
    # the jaw drops from the mouth down, the skull stays
    drop = np.float32(0.11) * faces["au26"] * ramp(view.hv, 0.35, 0.9)
    tall = np.where(view.hv < 0, np.float32(0.98), faces["chin"]) * volume
    a, b = np.square((view.hu - jaw_shift) / width), np.square((view.hv - drop) / tall)
    square = faces["square"]
    radius = (1 - square) * np.sqrt(a + b) + square * np.sqrt(np.sqrt(a * a + b * b))
    distance: Field = (radius - 1) * width
    return distance


def illuminate(view: View, faces: Faces) -> Field:
    """Return the light on a plain rounded head: about 0.3 in the shadow, 1.1 in full light."""
    nx, ny = view.hu * np.float32(0.95), view.hv * np.float32(0.70)
    nz = np.sqrt(np.maximum(1 - nx * nx - ny * ny, 0.03))
    norm = np.sqrt(faces["light_x"] ** 2 + faces["light_y"] ** 2 + np.float32(0.8))
    lambert = (nx * faces["light_x"] + ny * faces["light_y"] + nz * np.float32(0.894)) / norm
    light: Field = faces["ambient"] + (np.float32(1.1) - faces["ambient"]) * np.maximum(lambert, 0)
    return light


def background(view: View, faces: Faces, channels: int) -> Canvas:
    """Return a canvas with a wall in two tones, one blurred thing before it, neck and shoulders."""
    slope = view.u * np.cos(faces["back_turn"]) + view.v * np.sin(faces["back_turn"])
    mix = ramp(slope, -0.9, 0.9)
    wall = faces["back_a"] + (faces["back_b"] - faces["back_a"]) * mix
    thing = blob(view.u - faces["back_x"], view.v - faces["back_y"], faces["back_size"], faces["back_size"])
    wall = wall + (1 - faces["back_a"] - wall) * thing * np.float32(0.7)
    canvas = np.repeat(wall[:, None], channels, axis=1)
    if channels == 3:
        hue = faces["back_turn"] + np.float32(2) * mix
        tints = [np.float32(0.86) + np.float32(0.14) * np.cos(hue + np.float32(shift)) for shift in (0.0, 2.1, 4.2)]
        canvas *= np.stack(tints, axis=1)
    shoulders = cover(1.30 - view.hv + np.square(view.hu) * np.float32(0.35), view.pixel)
    paint(canvas, shoulders, faces["cloth"][:, None])
    return canvas


def hair_colour(faces: Faces, grey: bool) -> Float32[np.ndarray, "sample channel 1 1"]:
    """Return each face's hair colour."""
    return tint(HAIR, faces["hair_colour"], grey)


def skin_shade(faces: Faces, skin: np.ndarray, factor: float) -> np.ndarray:
    """Return the skin's colour, darker or lighter, a little redder where there is colour."""
    red = np.ones((len(skin), skin.shape[1]), dtype=np.float32)
    if skin.shape[1] == 3:
        red *= np.array([1.0, 0.93, 0.90], dtype=np.float32)
        red[:, 0] += faces["skin_warmth"][:, 0, 0]
        red[:, 2] -= faces["skin_warmth"][:, 0, 0]
    shade: np.ndarray = np.clip(skin * np.float32(factor) * red[:, :, None, None], 0, 1)
    return shade


def neck(canvas: Canvas, view: View, faces: Faces, skin: np.ndarray, light: Field) -> None:
    """Paint the neck, in the shadow of the chin."""
    width = faces["face_width"] * np.float32(0.62) + np.float32(0.5) * np.square(np.maximum(view.hv - 1, 0))
    inside = cover(np.abs(view.hu) - width, view.pixel) * cover(np.float32(0.4) - view.hv, view.pixel)
    open_neck = cover(view.hv - np.float32(1.42) + np.abs(view.hu) * np.float32(0.8), view.pixel)
    paint(canvas, inside * open_neck, skin * (light * np.float32(0.62))[:, None])


def ears(canvas: Canvas, view: View, faces: Faces, skin: np.ndarray, light: Field) -> None:
    """Paint the ears; the one on the far side disappears."""
    turn = np.sin(faces["yaw"])
    middle = faces["face_width"] * (1 - np.sign(view.hu) * turn * np.float32(0.25))
    dx = np.abs(view.hu) - middle
    dy = view.hv + np.float32(0.02)
    radius = np.sqrt(np.square(dx / 0.09) + np.square(dy / 0.20))
    paint(canvas, cover((radius - 1) * 0.09, view.pixel), skin * (light * np.float32(0.85))[:, None])
    paint(canvas, line(radius - 0.5, 0.25, view.pixel) * np.float32(0.35), skin * (light * np.float32(0.45))[:, None])


def _strands(view: View, faces: Faces) -> Field:
    wave = np.sin(view.hu * 37 + view.hv * view.hu * 15 + faces["hair_phase"]) + np.sin(view.hv * 5 - view.hu * 19)
    light: Field = 1 + np.float32(0.07) * wave
    return light


def hair_behind(canvas: Canvas, view: View, faces: Faces, grey: bool, light: Field) -> None:
    """Paint the hair that lies behind head and neck: a cap, or long hair down to the shoulders."""
    cap = outline(view, faces, faces["hair_volume"] + np.float32(0.02))
    flare = np.float32(0.04) + np.float32(0.16) * ramp(view.hv, -0.3, 0.9)
    sides = np.abs(view.hu) - faces["face_width"] * (faces["hair_volume"] + flare)
    falling = np.maximum(sides, -view.hv)
    upper = np.maximum(cap, view.hv - np.float32(0.15))
    inside = np.maximum(cover(upper, view.pixel), cover(falling, view.pixel) * faces["long_hair"]) * (1 - faces["bald"])
    paint(canvas, inside, hair_colour(faces, grey) * (light * np.float32(0.7) * _strands(view, faces))[:, None])


def hair_before(canvas: Canvas, view: View, faces: Faces, grey: bool, light: Field) -> Field:
    """Paint the hair that lies over forehead and temples; return its coverage."""
    ripple = np.float32(0.03) * np.sin(view.hu * 17 + faces["hair_phase"])
    long = faces["long_hair"]
    frame = np.float32(0.7) + np.float32(0.9) * long
    hairline = faces["hairline"] + faces["hair_side"] * view.hu + frame * view.hu * view.hu * np.abs(view.hu) + ripple
    over = np.maximum(outline(view, faces, faces["hair_volume"]), view.y - hairline)
    coverage: Field = cover(over, view.pixel) * (1 - faces["bald"])
    paint(canvas, coverage, hair_colour(faces, grey) * (light * _strands(view, faces))[:, None])
    return coverage
