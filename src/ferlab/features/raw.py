"""Raw pixels as features (D4: SVM on raw pixels): resized, grey or RGB, scaled.

Memory for a chunk: about 30 bytes a raw value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, UInt8

from ferlab.errors import FerlabError
from ferlab.features.pixels import sides


@dataclass(frozen=True)
class Raw:
    """The pixels of an image, row by row, the channels of a pixel beside each other.

    Args:
        size: side, or [height, width], in pixels; bilinear with antialias, as for the networks; None: as the data
            give it.
        colour: "data": as the data give it; "grey": ITU-R BT.601 luma; "rgb": grey becomes three equal channels.
        scale: factor on the pixels, which come in 0..255; positive.

    Raises:
        FerlabError: an option has no meaning.
    """

    size: int | Sequence[int] | None = None
    colour: str = "data"
    scale: int | float = 1 / 255

    modality: ClassVar[str] = "image"
    learns: ClassVar[bool] = False
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.colour not in ("data", "grey", "rgb"):
            raise FerlabError(f"features.raw.colour: expected data, grey or rgb, found {self.colour!r}")
        if self.size is not None:
            sides("raw.size", self.size)
        if not self.scale > 0:
            raise FerlabError(f"features.raw.scale: expected a positive factor, found {self.scale}")

    def transform(self, x: UInt8[np.ndarray, "sample height width channel"]) -> Float32[np.ndarray, "sample feature"]:
        """Return the pixels, (sample, height * width * channels).

        Raises:
            FerlabError: images that are neither grey nor RGB, or a size that has no meaning.
        """
        import torch

        from ferlab.transforms.image import Preprocess

        channels = {"data": None, "grey": 1, "rgb": 3}[self.colour]
        preprocess = Preprocess(x.shape[1:], self.size, channels, self.scale)
        with torch.no_grad():
            pixels = preprocess(torch.from_numpy(np.array(x)).permute(0, 3, 1, 2))
        flat: np.ndarray = pixels.permute(0, 2, 3, 1).reshape(len(x), -1).contiguous().numpy()
        return flat

    def names(self, shape: Sequence[int]) -> list[str]:
        """Return each value's name, "row 3 column 5 red", for raw images of `shape` (height, width, channels)."""
        height, width, given = shape
        if self.size is not None:
            height, width = (self.size, self.size) if isinstance(self.size, int) else self.size
        channels = {"data": given, "grey": 1, "rgb": 3}[self.colour]
        colours = (" red", " green", " blue") if channels == 3 else ("",)
        return [f"row {r} column {c}{colour}" for r in range(height) for c in range(width) for colour in colours]
