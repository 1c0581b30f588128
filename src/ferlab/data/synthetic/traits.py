"""Who is in the picture and how it was taken: the random traits of each synthetic face.

One row of uniform numbers makes one face, so a face depends on its own seed alone and never on how many others there
are.
"""

import numpy as np
from jaxtyping import Float32, Float64

#: name -> (lowest, highest); angles in radians, lengths in half head heights, light and colour in 0..1.
RANGES: dict[str, tuple[float, float]] = {
    # identity
    "face_width": (0.64, 0.77),
    "jaw": (0.12, 0.42),
    "square": (0.0, 0.7),
    "chin": (0.90, 1.02),
    "skin": (0.0, 1.0),
    "skin_warmth": (-0.04, 0.04),
    "eye_x": (0.25, 0.31),
    "eye_y": (-0.17, -0.08),
    "eye_width": (0.135, 0.18),
    "eye_open": (0.056, 0.080),
    "eye_tilt": (-0.025, 0.010),
    "iris": (0.0, 1.0),
    "brow_gap": (0.15, 0.21),
    "brow_thick": (0.018, 0.042),
    "brow_arch": (0.01, 0.05),
    "brow_slope": (-0.02, 0.035),
    "brow_dark": (0.55, 0.95),
    "nose_y": (0.17, 0.26),
    "nose_width": (0.10, 0.165),
    "mouth_y": (0.46, 0.55),
    "mouth_width": (0.235, 0.31),
    "lip_upper": (0.020, 0.045),
    "lip_lower": (0.030, 0.062),
    "lip_red": (0.15, 0.75),
    "rest_corner": (-0.025, 0.025),
    "age": (0.0, 1.0),
    "hair_style": (0.0, 1.0),
    "hair_colour": (0.0, 1.0),
    "hairline": (-0.82, -0.52),
    "hair_side": (-0.25, 0.25),
    "hair_volume": (1.03, 1.18),
    "hair_phase": (0.0, 6.28),
    "beard": (0.0, 1.0),
    "beard_dark": (0.15, 0.8),
    # pose and framing
    "yaw": (-0.32, 0.32),
    "pitch": (-0.16, 0.16),
    "roll": (-0.17, 0.17),
    "scale": (0.97, 1.12),
    "shift_x": (-0.055, 0.055),
    "shift_y": (-0.05, 0.05),
    "gaze": (-0.045, 0.045),
    # light and camera
    "light_x": (-0.85, 0.85),
    "light_y": (-0.75, 0.25),
    "ambient": (0.30, 0.75),
    "exposure": (0.75, 1.15),
    "gamma": (0.8, 1.3),
    "back_a": (0.05, 0.95),
    "back_b": (0.05, 0.95),
    "back_turn": (0.0, 6.28),
    "back_x": (-1.0, 1.0),
    "back_y": (-1.0, 1.0),
    "back_size": (0.3, 1.2),
    "cloth": (0.05, 0.9),
    "blur": (0.0, 1.0),
    "grain": (0.004, 0.022),
    # occlusion
    "glasses": (0.0, 1.0),
    "glass_size": (0.17, 0.23),
    "glass_dark": (0.0, 0.35),
    "hand": (0.0, 1.0),
    "hand_x": (0.28, 0.62),
    "hand_y": (0.42, 0.80),
    "hand_turn": (-0.5, 0.5),
    # expression
    "intensity": (0.0, 1.0),
    "teeth": (0.0, 1.0),
    "part": (0.0, 1.0),
    "side": (0.0, 1.0),
}

SKIN = np.array(
    [(246, 220, 200), (236, 196, 166), (216, 170, 134), (186, 134, 98), (140, 94, 66), (92, 60, 44)], dtype=np.float32
)
HAIR = np.array(
    [(28, 24, 24), (52, 36, 28), (92, 62, 40), (150, 106, 62), (206, 170, 110), (160, 156, 152)], dtype=np.float32
)
IRIS = np.array([(48, 32, 24), (84, 56, 34), (92, 104, 60), (90, 124, 150)], dtype=np.float32)
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def draw_traits(uniform: Float64[np.ndarray, "sample trait"]) -> dict[str, Float32[np.ndarray, "sample 1 1"]]:
    """Turn rows of uniform numbers in 0..1, one column for each of `RANGES`, into the traits of each face.

    What a face has or has not (a beard, glasses, a hand before it, ...) is 1 or 0.
    """
    columns = uniform.astype(np.float32)[:, :, None, None]
    traits = {name: low + (high - low) * columns[:, k] for k, (name, (low, high)) in enumerate(RANGES.items())}
    # turned and tilted heads are rarer than straight ones
    for angle in ("yaw", "pitch", "roll"):
        traits[angle] = traits[angle] * np.sqrt(np.abs(traits[angle]) / RANGES[angle][1])
    # fair hair is rare over dark skin
    traits["hair_colour"] = traits["hair_colour"] * (1 - np.clip(traits["skin"] - np.float32(0.4), 0, 0.6))
    traits["brow_y"] = traits["eye_y"] - traits["brow_gap"]
    hair, beard = traits.pop("hair_style"), traits["beard"]
    present = {
        "bald": hair <= 0.08,
        "long_hair": hair > 0.62,
        "moustache": beard > 0.78,
        "beard": beard > 0.85,
        "glasses": traits["glasses"] > 0.84,
        "hand": traits["hand"] > 0.87,
    }
    return traits | {name: there.astype(np.float32) for name, there in present.items()}


def tint(
    palette: Float32[np.ndarray, "tone 3"], at: Float32[np.ndarray, "sample 1 1"], grey: bool
) -> Float32[np.ndarray, "sample channel 1 1"]:
    """Return colours in 0..1, between the palette's tones, for positions `at` in 0..1; one channel where `grey`."""
    place = np.clip(at[:, 0, 0], 0, 1) * (len(palette) - 1)
    low = np.minimum(place.astype(int), len(palette) - 2)
    part = (place - low)[:, None].astype(np.float32)
    rgb = (palette[low] * (1 - part) + palette[low + 1] * part) / np.float32(255)
    return flat(rgb, grey)


def flat(rgb: Float32[np.ndarray, "sample 3"], grey: bool) -> Float32[np.ndarray, "sample channel 1 1"]:
    """Return colours ready to paint: as they are, or their luma where `grey`."""
    colour: np.ndarray = (rgb @ LUMA)[:, None] if grey else rgb
    return colour[:, :, None, None]
