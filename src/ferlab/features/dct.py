"""The lowest frequencies of the 2-D cosine transform, in zig-zag order (D1).

Orthonormal type II by scipy: the sum of squares of all coefficients is that of the pixels. Memory for a chunk: about
30 bytes a pixel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8

from ferlab.errors import FerlabError, expect_whole
from ferlab.features.pixels import UNITS, grey_units, sides


@dataclass(frozen=True)
class Dct:
    """The first coefficients along the zig-zag of JPEG, of the whole grey image in 0..1 or of each of its blocks.

    Rows and columns that fill no block are left out, at the end.

    Args:
        coefficients: how many, of the image or of each block, the mean (0, 0) included even where it is left out.
        block: side, or [rows, columns], of a block in pixels; None: the whole image is one.
        mean: keep coefficient (0, 0), the brightness.

    Raises:
        FerlabError: an option has no meaning.
    """

    coefficients: int = 136
    block: int | Sequence[int] | None = None
    mean: bool = True

    modality: ClassVar[str] = "image"
    learns: ClassVar[bool] = False
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        expect_whole(**{"features.dct.coefficients": self.coefficients})
        if self.coefficients < 2 - self.mean:
            raise FerlabError(
                f"features.dct.coefficients: expected at least {2 - self.mean}, found {self.coefficients}"
            )
        if self.block is not None:
            sides("dct.block", self.block)

    def transform(self, x: UInt8[np.ndarray, "sample height width channel"]) -> Float32[np.ndarray, "sample feature"]:
        """Return the coefficients, block by block, row by row of them.

        Raises:
            FerlabError: images smaller than a block, blocks of fewer pixels than coefficients, images neither grey
                nor RGB.
        """
        from scipy.fft import dctn

        blocks = self._blocks(x)
        rows, columns = zigzag(*blocks.shape[3:])[:, int(not self.mean) : self.coefficients]
        values: np.ndarray = dctn(blocks, axes=(3, 4), norm="ortho", overwrite_x=True)[..., rows, columns]
        return values.reshape(len(x), -1).astype(np.float32)

    def inverse(
        self, values: Float32[np.ndarray, "sample feature"], shape: Sequence[int]
    ) -> Float32[np.ndarray, "sample height width"]:
        """Return the images that have these coefficients and zeros for all others; without the mean, about 0.

        Args:
            values: of `transform`.
            shape: (height, width, ...) of the raw images; what filled no block is not returned.
        """
        from scipy.fft import idctn

        (height, width), (down, across) = self._sides(shape), self._counts(shape)
        rows, columns = zigzag(height, width)[:, int(not self.mean) : self.coefficients]
        blocks = np.zeros((len(values), down, across, height, width), np.float32)
        blocks[..., rows, columns] = values.reshape(len(values), down, across, -1)
        pixels: np.ndarray = idctn(blocks, axes=(3, 4), norm="ortho", overwrite_x=True)
        return pixels.swapaxes(2, 3).reshape(len(values), down * height, across * width)

    def names(self, shape: Sequence[int]) -> list[str]:
        """Return each value's name for raw images of `shape` (height, width, channels)."""
        down, across = self._counts(shape)
        pairs = zigzag(*self._sides(shape))[:, int(not self.mean) : self.coefficients].T
        prefixes = [""] if self.block is None else [f"block {r},{c} " for r in range(down) for c in range(across)]
        return [f"{prefix}frequency {row},{column}" for prefix in prefixes for row, column in pairs]

    def _sides(self, shape: Sequence[int]) -> tuple[int, int]:
        height, width = (shape[0], shape[1]) if self.block is None else sides("dct.block", self.block)
        if self.coefficients > height * width:
            raise FerlabError(
                f"features=dct: {self.coefficients:,} coefficients of {height}x{width} pixels; "
                f"expected at most {height * width:,}; cure: features.dct.coefficients={height * width}"
            )
        return height, width

    def _counts(self, shape: Sequence[int]) -> tuple[int, int]:
        height, width = self._sides(shape)
        if shape[0] < height or shape[1] < width:
            raise FerlabError(
                f"features=dct: images of {shape[0]}x{shape[1]} pixels hold no block of {height}x{width}; "
                "cure: a smaller features.dct.block, or a larger data.size"
            )
        return shape[0] // height, shape[1] // width

    def _blocks(
        self, x: UInt8[np.ndarray, "sample height width channel"]
    ) -> Float64[np.ndarray, "sample down across row column"]:
        (height, width), (down, across) = self._sides(x.shape[1:]), self._counts(x.shape[1:])
        grey: np.ndarray = grey_units(x)[:, : down * height, : across * width].div(255 * UNITS).numpy()
        return np.ascontiguousarray(grey.reshape(len(x), down, height, across, width).swapaxes(2, 3))


@cache
def zigzag(rows: int, columns: int) -> Int64[np.ndarray, "2 place"]:
    """Return the places of a table in JPEG's order: (0, 0), (0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), ..."""
    places = [(row, column) for row in range(rows) for column in range(columns)]
    # along a diagonal upwards where it is even, downwards where it is odd
    places.sort(key=lambda at: (sum(at), at[0] if sum(at) % 2 else at[1]))
    order = np.array(places, np.int64).T
    order.flags.writeable = False
    return order
