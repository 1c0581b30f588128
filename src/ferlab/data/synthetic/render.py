"""From the traits of a batch of faces to their pictures, before the camera adds blur and grain."""

import numpy as np
from jaxtyping import Bool

from ferlab.data.synthetic import features, head, occlusion
from ferlab.data.synthetic.action_units import causal_regions
from ferlab.data.synthetic.head import Faces
from ferlab.data.synthetic.relief import relief
from ferlab.data.synthetic.shapes import Canvas, cover, paint
from ferlab.data.synthetic.traits import SKIN, tint

Mask = Bool[np.ndarray, "sample height width"]


def render(faces: Faces, emotions: np.ndarray, size: int, grey: bool) -> tuple[Canvas, Mask, Mask]:
    """Return the pictures, where the causes of their expressions are to be seen, and what a hand hides.

    A hand that would hide more than half of the causes is taken away: the label would no longer be in the picture.

    Args:
        faces: traits and activations, (sample, 1, 1) each.
        emotions: (sample,) index into `EMOTIONS`; chooses the mask alone, the picture follows the activations.
        size: height and width.
        grey: one channel rather than three.
    """
    view = head.look(faces, size)
    light = head.illuminate(view, faces)
    canvas = head.background(view, faces, 1 if grey else 3)
    skin = np.clip(tint(SKIN, faces["skin"], grey), 0, 1)
    head.hair_behind(canvas, view, faces, grey, light)
    head.neck(canvas, view, faces, skin, light)
    head.ears(canvas, view, faces, skin, light)
    edge = head.outline(view, faces)

    face = np.broadcast_to(skin, canvas.shape).copy()
    occlusion.beard(face, view, faces, grey)
    features.nose(face, view, faces, skin)
    features.mouth(face, view, faces, skin)
    features.eyes(face, view, faces, grey)
    features.brows(face, view, faces, skin)
    # darker towards the edge, where the skin turns away
    rim = 1 - np.float32(0.25) * np.square(np.clip(1 + edge / np.float32(0.3), 0, 1))
    inside = cover(edge, view.pixel)
    paint(canvas, inside, face * (light * relief(view, faces) * rim)[:, None])

    hair = head.hair_before(canvas, view, faces, grey, light)
    wire = occlusion.glasses(canvas, view, faces, light, inside)
    causes = causal_regions(view.x, view.y, emotions, faces) & (edge < 0) & (np.maximum(hair, wire) < 0.5)
    hand, tone = occlusion.hand(view, faces)
    left = (causes & (hand < 0.5)).sum(axis=(1, 2)) >= 0.5 * causes.sum(axis=(1, 2))
    hand *= left[:, None, None]
    paint(canvas, hand, skin * (light * tone)[:, None])
    # as a camera's meter does: half-way from the skin's own brightness to a fair grey
    canvas *= np.power(np.float32(0.55) / skin.mean(axis=1), np.float32(0.4))[:, None]
    hidden = hand >= 0.5
    return canvas, causes & ~hidden, hidden
