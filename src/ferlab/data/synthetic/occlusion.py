"""What gets in the way: beard, glasses, hands."""

import numpy as np

from ferlab.data.synthetic.head import Faces, View, hair_colour
from ferlab.data.synthetic.shapes import Canvas, Field, cover, line, paint, ramp


def beard(canvas: Canvas, view: View, faces: Faces, grey: bool) -> None:
    """Paint a moustache, or stubble to a full beard, on one face in five."""
    cheek = np.float32(0.28) + np.float32(0.15) * faces["age"] - np.float32(0.9) * np.square(view.x)
    jaw = ramp(view.y, cheek, cheek + np.float32(0.2)) * ramp(np.abs(view.x) + view.y, 0.45, 0.7)
    lip = line(view.y - faces["mouth_y"] + np.float32(0.12), 0.07, view.pixel)
    lip = lip * ramp(-np.abs(view.x), -faces["mouth_width"] - np.float32(0.03), -faces["mouth_width"] * np.float32(0.6))
    mask = np.maximum(jaw * faces["beard"], lip * faces["moustache"]) * faces["beard_dark"]
    paint(canvas, mask, hair_colour(faces, grey) * np.float32(0.85))


def glasses(canvas: Canvas, view: View, faces: Faces, light: Field, face: Field) -> Field:
    """Paint spectacles on one face in six, their temples where `face` covers; return what the frames hide."""
    on = faces["glasses"]
    across = np.abs(view.x)
    dx, dy = across - faces["eye_x"], view.y - faces["eye_y"] - np.float32(0.02)
    size = faces["glass_size"]
    a, b = np.square(dx / size), np.square(dy / (size * np.float32(0.8)))
    square = faces["square"]
    rim = ((1 - square) * np.sqrt(a + b) + square * np.sqrt(np.sqrt(a * a + b * b)) - 1) * size
    frame = line(rim, 0.026, view.pixel)
    bridge = line(dy + np.float32(0.03), 0.02, view.pixel) * cover(across - (faces["eye_x"] - size), view.pixel)
    temple = line(dy + np.float32(0.03), 0.02, view.pixel) * cover(faces["eye_x"] + size - across, view.pixel) * face
    wire: Field = np.maximum(np.maximum(frame, bridge), temple) * on
    shade = cover(rim, view.pixel) * on * faces["glass_dark"]
    paint(canvas, shade, np.float32(0.1))
    glare = line(dx + dy * np.float32(1.2), 0.06, view.pixel) * cover(rim, view.pixel) * on
    paint(canvas, glare * np.float32(0.25), light[:, None])
    paint(canvas, wire * np.float32(0.9), np.float32(0.08) + np.float32(0.25) * faces["skin"][:, None])
    return wire


def hand(view: View, faces: Faces) -> tuple[Field, Field]:
    """Return the coverage and the shading of a hand laid on cheek or chin, on one face in eight."""
    side = np.where(faces["hand_turn"] < 0, np.float32(-1), np.float32(1))
    cos, sin = np.cos(faces["hand_turn"]), np.sin(faces["hand_turn"])
    du, dv = view.hu - side * faces["hand_x"], view.hv - faces["hand_y"]
    a, b = du * cos + dv * sin, dv * cos - du * sin
    # four fingers side by side, pointing up, then the palm
    finger = np.clip(np.round(a / np.float32(0.115) + np.float32(1.5)), 0, 3)
    off = a - (finger - np.float32(1.5)) * np.float32(0.115)
    tip = np.float32(-0.28) + np.float32(0.05) * np.abs(finger - np.float32(1.4))
    fingers = np.sqrt(np.square(off) + np.square(np.minimum(b - tip, 0))) - np.float32(0.06)
    fingers = np.maximum(fingers, b - np.float32(0.2))
    palm = np.maximum(np.abs(a) - np.float32(0.235), np.float32(0.12) - b)
    tone = np.float32(0.95) - np.float32(0.30) * np.square(off / np.float32(0.06)) * (b < np.float32(0.15))
    return cover(np.minimum(fingers, palm), view.pixel) * faces["hand"], tone
