"""Files that are handed in for a prediction: found, and decoded as the data sets decode theirs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int16, UInt8

from ferlab.data import audio, audio_header, images
from ferlab.data.broken import BadEntryError
from ferlab.errors import FerlabError

LONGEST = 3_600
"""Seconds of a sound file that are read at all."""


@dataclass(frozen=True)
class Kind:
    """What files of a modality are.

    Attributes:
        option: of `ferlab.predict`.
        noun: one of them.
        suffixes: what a folder is searched for.
    """

    option: str
    noun: str
    suffixes: tuple[str, ...]


KINDS = {
    "image": Kind("images", "image", (".bmp", ".jpeg", ".jpg", ".png", ".webp")),
    "audio": Kind("sounds", "sound", tuple(sorted(audio_header.SUFFIXES))),
}


def find_files(paths: Sequence[str], kind: Kind) -> list[Path]:
    """List the files of paths and folders, sorted within a folder; a file that is named is taken whatever its suffix.

    Raises:
        FerlabError: a path does not exist, or there is no such file in it.
    """
    found: list[Path] = []
    for name in paths:
        path = Path(name)
        inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in kind.suffixes) if path.is_dir() else [path]
        if not path.exists() or not inside:
            what = f"no {kind.noun} in folder" if path.is_dir() else "no such file or folder:"
            raise FerlabError(f"predict: {what} {path}; expected {', '.join(kind.suffixes)}")
        found += inside
    return found


def read_image(path: Path, shape: Sequence[int]) -> UInt8[np.ndarray, "height width channel"]:
    """Read a picture, fitted to (height, width, channels).

    Raises:
        FerlabError: no picture.
    """
    try:
        image = images.decode(path.read_bytes())
    except BadEntryError as error:
        raise FerlabError(f"predict: {path} {error}") from error
    return images.fit(image, (shape[0], shape[1]), shape[2])


def read_sound(path: Path, rate: int, first: float) -> Int16[np.ndarray, "time"]:
    """Read a clip of any rate and number of channels, resampled.

    Args:
        path: the file.
        rate: samples a second of the result.
        first: the second at which the model begins to listen.

    Raises:
        FerlabError: no sound, silent, or over before `first`.
    """
    try:
        clip = audio.decode(path.read_bytes(), rate, LONGEST)
    except BadEntryError as error:
        raise FerlabError(f"predict: {path} {error}") from error
    if len(clip) <= first * rate:
        raise FerlabError(
            f"predict: {path} lasts {len(clip) / rate:.2f} s, and the model listens from {first:g} s on (its "
            "preprocess.skip); expected a longer clip"
        )
    return clip
