"""Facial action units: which ones make an expression, and where on the face they act.

Source: P. Ekman, W. Friesen, J. Hager, Facial Action Coding System (FACS), 2002, and its table of prototypic
expressions (EMFACS). Places are in face coordinates: x to the right and y downwards from the middle of the face, in
half head heights; the face spans about -0.75..0.75 by -1..1.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32

from ferlab.data.synthetic.shapes import Field

#: class order of FER-2013; contempt, the eighth, stands last.
EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt")

#: the units drawn; 25 (lips part) is no one's cause here, it only disturbs.
UNITS = (1, 2, 4, 5, 6, 7, 9, 12, 14, 15, 16, 20, 23, 25, 26)

CAUSES: dict[str, tuple[int, ...]] = {
    "angry": (4, 5, 7, 23),
    "disgust": (9, 15, 16),
    "fear": (1, 2, 4, 5, 20, 26),
    "happy": (6, 12),
    "sad": (1, 4, 15),
    "surprise": (1, 2, 5, 26),
    "neutral": (),
    "contempt": (12, 14),  # on one side only: R12A + R14A
}


@dataclass(frozen=True)
class Region:
    """An ellipse on the face, mirrored to both sides unless `x` is 0.

    Attributes:
        anchor: trait that gives the height of its centre ("brow_y", "eye_y", "nose_y", "mouth_y").
        x: sideways distance of the centre from the midline.
        dy: height of the centre below the anchor.
        rx: half-width.
        ry: half-height.
    """

    anchor: str
    x: float
    dy: float
    rx: float
    ry: float


BROW_INNER = Region("brow_y", 0.17, -0.02, 0.20, 0.16)
BROW_OUTER = Region("brow_y", 0.34, -0.03, 0.20, 0.16)
FOREHEAD = Region("brow_y", 0.0, -0.22, 0.34, 0.16)
FOREHEAD_SIDE = Region("brow_y", 0.32, -0.20, 0.20, 0.15)
GLABELLA = Region("brow_y", 0.0, 0.06, 0.16, 0.18)
EYE = Region("eye_y", 0.28, 0.0, 0.22, 0.14)
NOSE = Region("nose_y", 0.0, -0.16, 0.19, 0.32)
CHEEK = Region("nose_y", 0.36, 0.03, 0.22, 0.24)
MOUTH = Region("mouth_y", 0.0, 0.03, 0.45, 0.22)
CORNER = Region("mouth_y", 0.32, -0.02, 0.20, 0.22)
BELOW_CORNER = Region("mouth_y", 0.33, 0.16, 0.15, 0.20)
CHIN = Region("mouth_y", 0.0, 0.36, 0.50, 0.26)

REGIONS: dict[int, tuple[Region, ...]] = {
    1: (BROW_INNER, FOREHEAD),
    2: (BROW_OUTER, FOREHEAD_SIDE),
    4: (BROW_INNER, BROW_OUTER, GLABELLA),
    5: (EYE,),
    6: (EYE, CHEEK),
    7: (EYE,),
    9: (NOSE, GLABELLA, CHEEK, EYE),
    12: (MOUTH, CORNER, CHEEK),
    14: (CORNER,),
    15: (MOUTH, BELOW_CORNER),
    16: (MOUTH,),
    20: (MOUTH, CORNER),
    23: (MOUTH,),
    25: (MOUTH,),
    26: (MOUTH, CHIN),
}

#: a neutral face has no acting unit: what tells it is the rest of everything that could have moved.
NEUTRAL = (BROW_INNER, BROW_OUTER, EYE, MOUTH)


def activations(
    emotions: np.ndarray, intensity: np.ndarray, jitter: np.ndarray, micro: np.ndarray, left: np.ndarray
) -> dict[str, Float32[np.ndarray, "sample 1 1"]]:
    """Return how far each unit acts, 0..1, under the names "au1", "au2", ..., and which half of the face it moves.

    The names "left", "right" and "both" hold 1 where one-sided units (12 and 14) move that half, or both, else 0.

    Args:
        emotions: (sample,) index into `EMOTIONS`.
        intensity: (sample,) 0..1.
        jitter: (sample, unit) 0..1; a unit acts with 0.8 to 1.2 times the intensity.
        micro: (sample, unit) small activations that every face has, whatever its label.
        left: (sample,) True where a one-sided expression is on the image's left.
    """
    acts = np.array([[unit in CAUSES[e] for unit in UNITS] for e in EMOTIONS])[emotions]
    values = np.clip(acts * intensity[:, None] * (0.8 + 0.4 * jitter) + micro, 0, 1).astype(np.float32)
    units = {f"au{unit}": values[:, k, None, None] for k, unit in enumerate(UNITS)}
    one_sided = emotions == EMOTIONS.index("contempt")
    sides = {"left": one_sided & ~left, "right": one_sided & left, "both": one_sided}
    return units | {side: (1 - off.astype(np.float32))[:, None, None] for side, off in sides.items()}


def causal_regions(
    x: Field, y: Field, emotions: np.ndarray, faces: Mapping[str, np.ndarray]
) -> Bool[np.ndarray, "sample height width"]:
    """Return where the causes of each face's expression lie: the union of the regions of its action units.

    For neutral: brows, eyes and mouth together. For contempt: the acting side.

    Args:
        x: face coordinate of each pixel, to the right.
        y: face coordinate of each pixel, downwards.
        emotions: (sample,) index into `EMOTIONS`.
        faces: traits and activations, (sample, 1, 1) each.
    """
    mask = np.zeros(x.shape, dtype=bool)
    mirrored = np.abs(x)
    for index, emotion in enumerate(EMOTIONS):
        rows = np.flatnonzero(emotions == index)
        if not rows.size:
            continue
        regions = {region for unit in CAUSES[emotion] for region in REGIONS[unit]} or set(NEUTRAL)
        for region in regions:
            dx = (mirrored[rows] - region.x) / region.rx
            dy = (y[rows] - faces[region.anchor][rows] - region.dy) / region.ry
            mask[rows] |= dx * dx + dy * dy < 1
        if emotion == "contempt":
            mask[rows] &= np.where(faces["left"][rows] > 0, x[rows] < 0, x[rows] > 0)
    return mask
