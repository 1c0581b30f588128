"""What the synthetic voices say: RAVDESS's two statements as phones, and the tracks that their targets give.

Formants are those of Peterson and Barney (1952, doi:10.1121/1.1906875) for men, loci of the consonants after Klatt
(1980, doi:10.1121/1.383940).
"""

import numpy as np
from jaxtyping import Float32, Float64

#: seconds between two values of a track
STEP = 0.005
TRACKS = ("f1", "f2", "f3", "voice", "breath", "hiss", "burst", "puff", "accent")

# milliseconds; formants in Hz; strength of the voice, of breath through the same tract, and of noise made in the
# mouth: hiss (s, z, t, d), burst (k, g), puff (b, th)
_PHONES: dict[str, tuple[float, ...]] = {
    "K-": (60, 300, 1900, 2400, 0, 0, 0, 0, 0),
    "K": (26, 330, 1900, 2400, 0, 0.15, 0.05, 0.5, 0),
    "T-": (60, 300, 1750, 2600, 0, 0, 0, 0, 0),
    "T": (22, 330, 1750, 2600, 0, 0.15, 0.5, 0.05, 0),
    "h": (28, 420, 1500, 2500, 0.05, 0.5, 0, 0.03, 0),
    "S": (105, 320, 1700, 2600, 0, 0.03, 0.6, 0, 0),
    "Z": (62, 280, 1700, 2600, 0.3, 0.02, 0.3, 0, 0),
    "D-": (42, 230, 1750, 2600, 0.13, 0, 0, 0, 0),
    "D": (12, 300, 1750, 2600, 0.3, 0.05, 0.22, 0.05, 0),
    "DX": (28, 300, 1700, 2600, 0.3, 0, 0.02, 0, 0),
    "G-": (42, 230, 1500, 2200, 0.13, 0, 0, 0, 0),
    "G": (15, 300, 1500, 2200, 0.3, 0.05, 0, 0.25, 0),
    "B-": (55, 220, 900, 2200, 0.13, 0, 0, 0, 0),
    "B": (10, 320, 950, 2200, 0.4, 0.03, 0, 0, 0.2),
    "DH": (36, 290, 1350, 2550, 0.35, 0.03, 0, 0, 0.1),
    "NG": (72, 280, 2000, 2700, 0.45, 0, 0, 0, 0),
    "R": (62, 430, 1250, 1650, 0.8, 0.02, 0, 0, 0),
    "IH": (85, 390, 1990, 2550, 0.95, 0.02, 0, 0, 0),
    "AA": (72, 730, 1090, 2440, 1.0, 0.02, 0, 0, 0),
    "AO": (130, 570, 840, 2410, 1.0, 0.02, 0, 0, 0),
    "AH": (50, 520, 1300, 2450, 0.8, 0.02, 0, 0, 0),
    "Y": (80, 400, 1950, 2600, 0.9, 0.02, 0, 0, 0),
}
_END = "B- B AA Y DH AH D- D AO' R"
#: "Kids are talking by the door", "Dogs are sitting by the door"; ' marks an accent
STATEMENTS = tuple(
    f"{beginning} {_END}".split()
    for beginning in ("K- K h IH' D- Z AA R T- T h AO' K- K IH NG", "D- D AO' G- G Z AA R S IH' DX IH NG")
)
# the last syllable of a phrase is drawn out
_FINAL = (1.25, 1.7)
# milliseconds over which the tongue and the breath move
_GLIDE, _ONSET = 55, 18


def durations(statement: int) -> Float64[np.ndarray, "phone"]:
    """Return the seconds that each phone of statement 1 or 2 lasts at the usual rate."""
    seconds = np.array([_PHONES[phone.rstrip("'")][0] for phone in STATEMENTS[statement - 1]]) / 1000
    seconds[-len(_FINAL) :] *= _FINAL
    return seconds


def tracks(
    statement: int, ends: Float64[np.ndarray, "phone"], start: float, count: int
) -> dict[str, Float32[np.ndarray, "step"]]:
    """Return the course of every target through a clip.

    Args:
        statement: 1 or 2.
        ends: when each phone ends, seconds after the first begins.
        start: when the first phone begins, seconds.
        count: number of steps.

    Returns:
        By name of `TRACKS`: formants in Hz before the speaker's scale, strengths, and the accent in 0..1.
    """
    phones = STATEMENTS[statement - 1]
    time = np.arange(count) * STEP - start
    at = np.searchsorted(ends, time, side="right").clip(0, len(phones) - 1)
    table = np.array([(*_PHONES[p.rstrip("'")][1:], float(p.endswith("'"))) for p in phones], np.float32)
    course = table[at]
    course[(time < 0) | (time >= ends[-1]), 3:] = 0
    out = {}
    for name, values in zip(TRACKS, course.T, strict=True):
        width = {"f1": _GLIDE, "f2": _GLIDE, "f3": _GLIDE, "accent": 4 * _GLIDE}.get(name, _ONSET)
        out[name] = _smooth(values, width)
    return out


def _smooth(values: Float32[np.ndarray, "step"], width: int) -> Float32[np.ndarray, "step"]:
    """Average under a raised cosine of `width` milliseconds."""
    half = max(1, round(width / 1000 / STEP / 2))
    kernel = np.hanning(2 * half + 3)[1:-1]
    padded = np.pad(values, half, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid").astype(np.float32)
