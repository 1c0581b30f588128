"""Local binary patterns (Ojala, Pietikäinen and Mäenpää, doi:10.1109/TPAMI.2002.1017623), counted per cell (D1).

Patterns equal `skimage.feature.local_binary_pattern` of grey levels rounded to whole ones. Memory for a chunk: about
60 bytes a pixel.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from jaxtyping import Float32, Float64, Int, UInt8

from ferlab.errors import FerlabError, expect_whole
from ferlab.features.pixels import grey_levels, sides

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Lbp:
    """Which neighbours on a circle are at least as bright as a pixel, as a pattern, counted in a grid of cells.

    Between pixels the circle's points are interpolated; outside the image all is black. Every cell's histogram sums
    to one.

    Args:
        points: neighbours on the circle, P.
        radius: of the circle in pixels, R.
        method: "uniform": patterns of at most two changes around the circle by their number of ones, all others
            together, P + 2 bins; "nri_uniform": told apart by their rotation too, P (P - 1) + 3 bins (59 for 8 points).
        grid: cells below and beside each other, one number or [rows, columns]; they differ in size by a pixel where
            the image cannot be divided.

    Raises:
        FerlabError: an option has no meaning.
    """

    points: int = 8
    radius: int | float = 1
    method: str = "uniform"
    grid: int | Sequence[int] = 6

    modality: ClassVar[str] = "image"
    learns: ClassVar[bool] = False
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        expect_whole(**{"features.lbp.points": self.points})
        if not 3 <= self.points <= 64:
            raise FerlabError(f"features.lbp.points: expected 3..64, found {self.points}")
        if not self.radius > 0:
            raise FerlabError(f"features.lbp.radius: expected a positive number of pixels, found {self.radius}")
        if self.method not in ("uniform", "nri_uniform"):
            raise FerlabError(f"features.lbp.method: expected uniform or nri_uniform, found {self.method!r}")
        sides("lbp.grid", self.grid)

    @property
    def bins(self) -> int:
        """Patterns that are told apart."""
        return self.points + 2 if self.method == "uniform" else self.points * (self.points - 1) + 3

    def transform(self, x: UInt8[np.ndarray, "sample height width channel"]) -> Float32[np.ndarray, "sample feature"]:
        """Return the cells' histograms, row by row of the grid.

        Raises:
            FerlabError: images smaller than the circle or the grid, or neither grey nor RGB.
        """
        import torch

        patterns = self._patterns(x)
        rows, columns = self._cells(x.shape)
        count, cells = len(x), int(rows[-1] + 1) * int(columns[-1] + 1)
        cell = torch.from_numpy(rows[:, None] * (columns[-1] + 1) + columns)
        place = (torch.arange(count)[:, None, None] * cells + cell) * self.bins + patterns
        counts = torch.bincount(place.flatten(), minlength=count * cells * self.bins).view(count, cells, self.bins)
        pixels = torch.bincount(cell.flatten()).view(1, cells, 1)
        histograms: np.ndarray = (counts / pixels).float().view(count, -1).numpy()
        return histograms

    def patterns(self, x: UInt8[np.ndarray, "sample height width channel"]) -> Int[np.ndarray, "sample height width"]:
        """Return each pixel's pattern, 0..bins - 1.

        Raises:
            FerlabError: images smaller than the circle or the grid, or neither grey nor RGB.
        """
        patterns: np.ndarray = self._patterns(x).numpy()
        return patterns

    def names(self) -> list[str]:
        """Return each value's name."""
        rows, columns = sides("lbp.grid", self.grid)
        return [f"cell {r},{c} pattern {b}" for r in range(rows) for c in range(columns) for b in range(self.bins)]

    def _cells(self, shape: Sequence[int]) -> tuple[Int[np.ndarray, "height"], Int[np.ndarray, "width"]]:
        """Return the row of the grid of each row of pixels, and the same of columns."""
        rows, columns = sides("lbp.grid", self.grid)
        height, width = shape[1:3]
        if min(height, width) <= 2 * self.radius:
            raise FerlabError(
                f"features=lbp: images of {height}x{width} pixels are smaller than a circle of radius {self.radius}; "
                "cure: a smaller features.lbp.radius, or a larger data.size"
            )
        if height < rows or width < columns:
            raise FerlabError(
                f"features=lbp: images of {height}x{width} pixels have no {rows}x{columns} cells; "
                "cure: a smaller features.lbp.grid, or a larger data.size"
            )
        return np.arange(height) * rows // height, np.arange(width) * columns // width

    def _patterns(self, x: UInt8[np.ndarray, "sample height width channel"]) -> "Int[Tensor, 'sample height width']":
        import torch

        self._cells(x.shape)
        centre, margin = grey_levels(x), math.ceil(self.radius) + 1
        wide = torch.nn.functional.pad(centre, (margin,) * 4)
        ones = torch.zeros(centre.shape, dtype=torch.uint8)
        changes, rotation = torch.zeros_like(ones), torch.zeros_like(ones)
        bright = [_interpolated(wide, margin, *point) >= centre for point in self._circle()]
        for number, (before, one) in enumerate(zip(bright[-1:] + bright, bright, strict=False)):
            ones += one
            changes += one ^ before
            # where the ones begin: in a pattern of two changes at one place
            rotation += (one & ~before) * number
        ones, changes, rotation = ones.long(), changes.long(), rotation.long()
        if self.method == "uniform":
            return torch.where(changes <= 2, ones, self.points + 1)
        inner = 1 + (ones - 1) * self.points + (-rotation) % self.points
        whole = self.points * (self.points - 1)
        kinds = torch.where(ones == 0, 0, torch.where(ones == self.points, whole + 1, inner))
        return torch.where(changes <= 2, kinds, whole + 2)

    def _circle(self) -> list[tuple[float, float]]:
        """Return (down, right) of each point, rounded as scikit-image rounds them."""
        angles = [2 * math.pi * number / self.points for number in range(self.points)]
        return [(round(-self.radius * math.sin(a), 5), round(self.radius * math.cos(a), 5)) for a in angles]


def _interpolated(
    wide: "Float64[Tensor, 'sample wide_height wide_width']", margin: int, down: float, right: float
) -> "Float64[Tensor, 'sample height width']":
    """Return what lies `down` and `right` of each pixel, in scikit-image's order of operations.

    Args:
        wide: images with a margin of zeros.
        margin: its width in pixels, more than the distance.
        down: rows downwards.
        right: columns to the right.
    """
    height, width = (side - 2 * margin for side in wide.shape[1:])
    (top, below), (left, beside) = _share(down, height), _share(right, width)

    def row(number: int) -> "Tensor":
        line = wide[:, margin + number : margin + number + height]
        near = line[..., margin + left : margin + left + width]
        if beside is None:
            return near
        return (1 - beside) * near + beside * line[..., margin + left + 1 : margin + left + 1 + width]

    return row(top) if below is None else (1 - below[:, None]) * row(top) + below[:, None] * row(top + 1)


def _share(distance: float, side: int) -> "tuple[int, Float64[Tensor, 'side'] | None]":
    """Return the whole part of a distance, and at each place along a side what remains; None: nothing."""
    import torch

    whole = math.floor(distance)
    if whole == distance:
        return whole, None
    # rounded at each place as in a sum of place and distance
    places = torch.arange(side, dtype=torch.float64) + distance
    return whole, places - places.floor()
