"""What the features of images share: grey levels without rounding errors, and sides of cells and blocks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float64, UInt8

from ferlab.errors import FerlabError, expect_whole

if TYPE_CHECKING:
    from torch import Tensor

# ITU-R BT.709 as scikit-image's rgb2gray has it, in ten-thousandths: whole numbers, so that sums of them are exact
_LUMA = (2125, 7154, 721)
UNITS = 10_000


def grey_units(x: UInt8[np.ndarray, "sample height width channel"]) -> "Float64[Tensor, 'sample height width']":
    """Return grey levels in ten-thousandths, whole numbers 0..2,550,000.

    Equal grey levels stay exactly equal, whatever the colours they came from.

    Args:
        x: grey (one channel) or RGB (three).

    Raises:
        FerlabError: neither grey nor RGB.
    """
    import torch

    channels = channels_first(x)
    if len(channels) == 1:
        return channels[0].to(torch.float64).mul_(UNITS)
    grey = channels[0].to(torch.float64).mul_(_LUMA[0])
    grey += channels[1].to(torch.float64).mul_(_LUMA[1])
    grey += channels[2].to(torch.float64).mul_(_LUMA[2])
    return grey


def grey_levels(x: UInt8[np.ndarray, "sample height width channel"]) -> "Float64[Tensor, 'sample height width']":
    """Return grey levels rounded to whole ones, 0..255, halves up.

    Raises:
        FerlabError: neither grey nor RGB.
    """
    return grey_units(x).add_(UNITS // 2).div_(UNITS).floor_()


def channels_first(
    x: UInt8[np.ndarray, "sample height width channel"],
) -> "UInt8[Tensor, 'channel sample height width']":
    """Return the channels one after the other.

    Raises:
        FerlabError: neither grey nor RGB.
    """
    import torch

    if x.shape[3] not in (1, 3):
        raise FerlabError(f"features: expected images of 1 (grey) or 3 (RGB) channels, found {x.shape[3]}")
    # a copy: of one channel moveaxis gives the samples themselves, which may be mapped read-only
    return torch.from_numpy(np.array(np.moveaxis(x, 3, 0), order="C"))


def sides(name: str, value: int | Sequence[int]) -> tuple[int, int]:
    """Return (rows, columns) of one number or of two.

    Raises:
        FerlabError: not one or two whole numbers of at least 1.
    """
    pair = (value, value) if isinstance(value, int) else tuple(value)
    if len(pair) != 2:
        raise FerlabError(f"features.{name}: expected one number, or [rows, columns], found {value!r}")
    for side in pair:
        expect_whole(**{f"features.{name}": side})
        if side < 1:
            raise FerlabError(f"features.{name}: expected at least 1, found {value!r}")
    return pair[0], pair[1]
