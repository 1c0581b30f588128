"""Magnitudes of Zernike moments (Teague, doi:10.1364/JOSA.70.000920), as mahotas has them (D1).

A Zernike polynomial is one of powers of x and y, so all moments of an image follow from its plain moments inside the
circle, and these from two small matrix products for each image: no polynomial is evaluated at a pixel, and every image
may have its own centre. Equal to `mahotas.features.zernike_moments` up to rounding. Memory for a chunk: about 50 bytes
a pixel.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from jaxtyping import Complex128, Float32, Float64, UInt8

from ferlab.errors import FerlabError, expect_whole
from ferlab.features.pixels import grey_units

if TYPE_CHECKING:
    from torch import Tensor

# beyond it the sums of powers cancel too far for double precision
_HIGHEST = 24


@dataclass(frozen=True)
class Zernike:
    """|moment| of the grey image, as shares of the light inside the circle, for every polynomial up to a degree.

    Of degree n there are those of repetition m = n, n - 2, ... down to 1 or 0; the moments do not change when the
    image is turned about the centre. An image that is black inside the circle has zeros.

    Args:
        degree: highest, 0..24.
        radius: of the circle in pixels; pixels further from the centre do not count. None: half the shorter side.
        centre: "mass": the image's centre of mass, as mahotas; "image": the middle of the image.

    Raises:
        FerlabError: an option has no meaning.
    """

    degree: int = 8
    radius: int | float | None = None
    centre: str = "mass"

    modality: ClassVar[str] = "image"
    learns: ClassVar[bool] = False
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        expect_whole(**{"features.zernike.degree": self.degree})
        if not 0 <= self.degree <= _HIGHEST:
            raise FerlabError(f"features.zernike.degree: expected 0..{_HIGHEST}, found {self.degree}")
        if self.radius is not None and not self.radius > 0:
            raise FerlabError(f"features.zernike.radius: expected a positive number of pixels, found {self.radius}")
        if self.centre not in ("mass", "image"):
            raise FerlabError(f"features.zernike.centre: expected mass or image, found {self.centre!r}")

    def transform(self, x: UInt8[np.ndarray, "sample height width channel"]) -> Float32[np.ndarray, "sample feature"]:
        """Return the magnitudes, by rising degree and in it by rising repetition.

        Raises:
            FerlabError: images neither grey nor RGB, or of less than 2 pixels a side.
        """
        magnitudes: np.ndarray = np.abs(self.moments(x)).astype(np.float32)
        return magnitudes

    def moments(self, x: UInt8[np.ndarray, "sample height width channel"]) -> Complex128[np.ndarray, "sample feature"]:
        """Return the complex moments; turning an image by an angle multiplies those of repetition m by e^(i m angle).

        Raises:
            FerlabError: images neither grey nor RGB, or of less than 2 pixels a side.
        """
        light, rows, columns = self._inside(x)
        powers = np.arange(self.degree + 1)
        tall = rows[:, :, None] ** powers
        wide = columns[:, :, None] ** powers
        plain = np.matmul(np.matmul(tall.swapaxes(1, 2), light.numpy()), wide)
        moments: np.ndarray = plain.reshape(len(x), -1) @ self._weights()
        return moments

    def orders(self) -> list[tuple[int, int]]:
        """Return (degree, repetition) of each value."""
        return [(n, m) for n in range(self.degree + 1) for m in range(n % 2, n + 1, 2)]

    def names(self) -> list[str]:
        """Return each value's name."""
        return [f"degree {n} repetition {m}" for n, m in self.orders()]

    def circle(
        self, x: UInt8[np.ndarray, "sample height width channel"]
    ) -> tuple[float, Float64[np.ndarray, "sample 2"]]:
        """Return the radius and each image's centre (row, column), in pixels."""
        return self._radius(x.shape), self._centres(grey_units(x))

    def polynomials(
        self, rows: Float64[np.ndarray, "*place"], columns: Float64[np.ndarray, "*place"]
    ) -> Complex128[np.ndarray, "feature *place"]:
        """Return the conjugate of each polynomial at places of the unit circle.

        Args:
            rows: downwards from the centre, in radii.
            columns: to the right of it.
        """
        powers = np.arange(self.degree + 1).reshape(-1, *[1] * rows.ndim)
        table = (rows[None] ** powers)[:, None] * (columns[None] ** powers)[None]
        return np.tensordot(self._weights().T, table.reshape(-1, *rows.shape), 1)

    def _weights(self) -> Complex128[np.ndarray, "powers feature"]:
        """Return what each product of powers, row ** a * column ** b at a * (degree + 1) + b, adds to each moment."""
        table = np.zeros((self.degree + 1, self.degree + 1, len(self.orders())), np.complex128)
        for place, (n, m) in enumerate(self.orders()):
            for s in range((n - m) // 2 + 1):
                radial = (-1) ** s * math.factorial(n - s)
                radial //= math.factorial(s) * math.factorial((n + m) // 2 - s) * math.factorial((n - m) // 2 - s)
                # r ** (n - 2 s) e^(-i m angle) = (x^2 + y^2) ** q (x - i y) ** m
                q = (n - m) // 2 - s
                for j in range(q + 1):
                    for k in range(m + 1):
                        share = radial * math.comb(q, j) * math.comb(m, k)
                        table[2 * j + k, 2 * (q - j) + m - k, place] += share * (-1j) ** k
            table[:, :, place] *= (n + 1) / math.pi
        return table.reshape(-1, len(self.orders()))

    def _radius(self, shape: Sequence[int]) -> float:
        if min(shape[1:3]) < 2:
            raise FerlabError(f"features=zernike: images of {shape[1]}x{shape[2]} pixels; expected at least 2x2")
        return min(shape[1:3]) / 2 if self.radius is None else float(self.radius)

    def _centres(self, grey: "Float64[Tensor, 'sample height width']") -> Float64[np.ndarray, "sample 2"]:
        height, width = grey.shape[1:]
        middle = np.array([(height - 1) / 2, (width - 1) / 2])
        if self.centre == "image":
            return np.tile(middle, (len(grey), 1))
        down, across = grey.sum(2).numpy(), grey.sum(1).numpy()
        mass = down.sum(1)
        centres = np.stack([down @ np.arange(float(height)), across @ np.arange(float(width))], 1)
        return np.where(mass[:, None] > 0, centres / np.maximum(mass, 1)[:, None], middle)

    def _inside(
        self, x: UInt8[np.ndarray, "sample height width channel"]
    ) -> "tuple[Float64[Tensor, 's h w'], Float64[np.ndarray, 's h'], Float64[np.ndarray, 's w']]":
        """Return each pixel's share of the light inside the circle, and where rows and columns lie, in radii."""
        import torch

        radius, grey = self._radius(x.shape), grey_units(x)
        centres = self._centres(grey)
        rows = (np.arange(x.shape[1])[None] - centres[:, :1]) / radius
        columns = (np.arange(x.shape[2])[None] - centres[:, 1:]) / radius
        # squares and root as mahotas takes them, lest a pixel on the circle be inside for one of the two alone
        apart = torch.from_numpy(columns**2)[:, None, :] + torch.from_numpy(rows**2)[:, :, None]
        grey *= apart.sqrt_() <= 1
        mass = grey.sum((1, 2), keepdim=True)
        return grey / mass.clamp(min=1), rows, columns
