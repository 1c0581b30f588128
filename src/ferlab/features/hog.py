"""Histograms of oriented gradients (Dalal and Triggs, doi:10.1109/CVPR.2005.177), as scikit-image has them (D4).

Equal to `skimage.feature.hog` of the grey image in 0..1 up to float32: gradients come from whole numbers, so that a
direction on the border of two bins falls into the same one in every image. Memory for a chunk: about 100 bytes a pixel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from ferlab.errors import FerlabError, expect_whole
from ferlab.features.pixels import UNITS, channels_first, grey_units, sides

if TYPE_CHECKING:
    from torch import Tensor

NORMS = ("L1", "L1-sqrt", "L2", "L2-Hys")
_EPS = 1e-5


@dataclass(frozen=True)
class Hog:
    """Directions of edges, counted by strength in cells, brought to unit length in overlapping blocks of cells.

    Rows and columns that fill no cell are left out, at the end. A flat block is zeros.

    Args:
        orientations: bins of the direction over half a turn.
        cell: side, or [rows, columns], of a cell in pixels.
        block: side, or [rows, columns], of a block in cells.
        norm: of a block: L1, L1-sqrt, L2 or L2-Hys (L2, cut at .2, L2 again).
        sqrt: the square root of every pixel first, against uneven light.
        colour: "grey" (BT.709 luma), or "strongest": of every pixel the channel with the largest gradient.

    Raises:
        FerlabError: an option has no meaning.
    """

    orientations: int = 9
    cell: int | Sequence[int] = 8
    block: int | Sequence[int] = 2
    norm: str = "L2-Hys"
    sqrt: bool = False
    colour: str = "grey"

    modality: ClassVar[str] = "image"
    learns: ClassVar[bool] = False
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        expect_whole(**{"features.hog.orientations": self.orientations})
        if self.orientations < 1:
            raise FerlabError(f"features.hog.orientations: expected at least 1, found {self.orientations}")
        sides("hog.cell", self.cell)
        sides("hog.block", self.block)
        if self.norm not in NORMS:
            raise FerlabError(f"features.hog.norm: expected one of {', '.join(NORMS)}, found {self.norm!r}")
        if self.colour not in ("grey", "strongest"):
            raise FerlabError(f"features.hog.colour: expected grey or strongest, found {self.colour!r}")

    def transform(self, x: UInt8[np.ndarray, "sample height width channel"]) -> Float32[np.ndarray, "sample feature"]:
        """Return the blocks, row by row, in each its cells, in each its orientations from 0 degrees up.

        Raises:
            FerlabError: images that hold no block, or are neither grey nor RGB.
        """
        rows, columns = sides("hog.block", self.block)
        blocks = self._cells(x).unfold(1, rows, 1).unfold(2, columns, 1).permute(0, 1, 2, 4, 5, 3)
        flat = blocks.reshape(*blocks.shape[:3], -1)
        normal: np.ndarray = self._normalised(flat).reshape(len(x), -1).float().numpy()
        return normal

    def cells(self, x: UInt8[np.ndarray, "sample height width channel"]) -> Float64[np.ndarray, "sample row column o"]:
        """Return the histograms of the cells before any block: mean gradient for each orientation, pixels in 0..1.

        Raises:
            FerlabError: images that hold no block, or are neither grey nor RGB.
        """
        histograms: np.ndarray = self._cells(x).numpy()
        return histograms

    def grid(self, shape: Sequence[int]) -> tuple[int, int]:
        """Return how many cells lie below and beside each other in images of (height, width, ...).

        Raises:
            FerlabError: they hold no block.
        """
        cell, block = sides("hog.cell", self.cell), sides("hog.block", self.block)
        rows, columns = shape[0] // cell[0], shape[1] // cell[1]
        if rows < block[0] or columns < block[1]:
            raise FerlabError(
                f"features=hog: images of {shape[0]}x{shape[1]} pixels hold no block of {block[0]}x{block[1]} cells of "
                f"{cell[0]}x{cell[1]} pixels; expected at least {block[0] * cell[0]}x{block[1] * cell[1]}; "
                "cure: a smaller features.hog.cell or .block, or a larger data.size"
            )
        return rows, columns

    def names(self, shape: Sequence[int]) -> list[str]:
        """Return each value's name for raw images of `shape` (height, width, channels)."""
        (rows, columns), block = self.grid(shape), sides("hog.block", self.block)
        step = 180 / self.orientations
        return [
            f"block {r},{c} cell {i},{j} {step * o:g}-{step * (o + 1):g} degrees"
            for r in range(rows - block[0] + 1)
            for c in range(columns - block[1] + 1)
            for i in range(block[0])
            for j in range(block[1])
            for o in range(self.orientations)
        ]

    def _cells(
        self, x: UInt8[np.ndarray, "sample height width channel"]
    ) -> "Float64[Tensor, 'sample row column orientation']":
        import torch

        rows, columns = self.grid(x.shape[1:])
        height, width = sides("hog.cell", self.cell)
        down, right = self._gradient(x)
        down, right = (g[:, : rows * height, : columns * width] for g in (down, right))
        size = torch.hypot(down, right).div_(height * width)
        turn = torch.atan2(down, right).rad2deg_().remainder_(180)
        # a bin's borders as scikit-image computes them; 180 itself, of a tiny negative angle, falls into none
        borders = torch.arange(self.orientations + 1, dtype=torch.float64) * (180 / self.orientations)
        part = torch.bucketize(turn, borders, right=True, out_int32=True).sub_(1)
        cell = torch.arange(len(x) * rows * columns, dtype=torch.int32).view(-1, rows, 1, columns, 1)
        place = cell * self.orientations + part.view(-1, rows, height, columns, width)
        inside = part.view_as(place) < self.orientations
        size = torch.where(inside, size.view_as(place), 0)
        place = torch.where(inside, place, 0)
        count = len(x) * rows * columns * self.orientations
        return torch.bincount(place.flatten(), size.flatten(), minlength=count).view(len(x), rows, columns, -1)

    def _gradient(
        self, x: UInt8[np.ndarray, "sample height width channel"]
    ) -> "tuple[Float64[Tensor, 'sample height width'], Float64[Tensor, 'sample height width']]":
        """Return the differences downwards and to the right, of pixels in 0..1; 0 along the edges."""
        import torch

        if self.colour == "grey":
            pixels, scale = grey_units(x)[None], 255.0 * UNITS
        else:
            pixels, scale = channels_first(x).to(torch.float64), 255.0
        if self.sqrt:
            pixels, scale = pixels.sqrt_(), scale**0.5
        down, right = torch.zeros_like(pixels), torch.zeros_like(pixels)
        torch.sub(pixels[..., 2:, :], pixels[..., :-2, :], out=down[..., 1:-1, :])
        torch.sub(pixels[..., 2:], pixels[..., :-2], out=right[..., 1:-1])
        if len(pixels) > 1:
            strongest = torch.hypot(down, right).argmax(dim=0, keepdim=True)
            down, right = down.gather(0, strongest), right.gather(0, strongest)
        return down[0] / scale, right[0] / scale

    def _normalised(
        self, blocks: "Float64[Tensor, 'sample row column value']"
    ) -> "Float64[Tensor, 'sample row column value']":
        if self.norm.startswith("L1"):
            blocks = blocks / (blocks.abs().sum(-1, keepdim=True) + _EPS)
            return blocks.sqrt() if self.norm == "L1-sqrt" else blocks
        blocks = _unit(blocks)
        return _unit(blocks.clamp(max=0.2)) if self.norm == "L2-Hys" else blocks


def _unit(blocks: "Float64[Tensor, 'sample row column value']") -> "Float64[Tensor, 'sample row column value']":
    return blocks / (blocks.square().sum(-1, keepdim=True) + _EPS**2).sqrt()
