"""RAVDESS's archive: clips of a hum under the official names, 48 kHz WAV, some in stereo or of other depths."""

import io
from collections.abc import Iterable
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from ferlab.data.ravdess_names import every_name

RATE = 48_000
Sound = NDArray[np.float64]
# every seventh clip, and so on: the official archive has five in stereo
_DEPTHS = {5: "PCM_24", 7: "PCM_U8", 11: "FLOAT", 13: "DOUBLE", 17: "PCM_32"}


def hum(number: int, seconds: float = 0.05, rate: int = RATE) -> Sound:
    """A tone of its own for each number, of level 0.25 at most."""
    return 0.25 * np.sin(2 * np.pi * (200 + 10 * number) * np.arange(round(seconds * rate)) / rate)


def encode(sound: NDArray[Any], subtype: str = "PCM_16", kind: str = "WAV", rate: int = RATE) -> bytes:
    """The sound, (time,) or (time, channel), as a file."""
    file = io.BytesIO()
    soundfile.write(file, sound, rate, subtype=subtype, format=kind)
    return file.getvalue()


def clip(number: int) -> bytes:
    """One clip: its number decides on length, depth and channels."""
    sound = hum(number, 0.04 + 0.001 * (number % 20))
    if number % 9 == 0:
        # of one mean
        sound = np.stack([1.5 * sound, 0.5 * sound], axis=1)
    depth = next((name for each, name in _DEPTHS.items() if number % each == 0), "PCM_16")
    return encode(sound, depth)


def entries(top: str = "", names: Iterable[str] | None = None) -> dict[str, bytes]:
    """The archive's files; all 1,440 of them by default."""
    return {
        f"{top}Actor_{name[-2:]}/{name}.wav": clip(number)
        for number, name in enumerate(every_name() if names is None else names)
    }
