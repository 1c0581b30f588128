"""Affine warps of whole batches, with the coordinates and border rules that Keras takes from scipy.ndimage.

A matrix maps each OUTPUT pixel to the place in the INPUT where it is read (bilinear); both are counted in pixels
(row, column) from the image's centre, (side - 1) / 2, as `keras_preprocessing` does it since 1.1.1.
"""

from typing import Literal

import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn import functional as F

FillMode = Literal["nearest", "constant", "reflect", "wrap"]

# pixels; float32 coordinates of an untouched border must not count as outside
_INSIDE = 1e-4


def matrices(
    theta: Float32[Tensor, "batch"],
    rows: Float32[Tensor, "batch"],
    columns: Float32[Tensor, "batch"],
    shear: Float32[Tensor, "batch"],
    zoom_rows: Float32[Tensor, "batch"],
    zoom_columns: Float32[Tensor, "batch"],
) -> Float32[Tensor, "batch 2 3"]:
    """Return rotation @ shift @ shear @ zoom, Keras' order, multiplied out.

    Args:
        theta: rotation in radians.
        rows: shift along the height, in pixels.
        columns: shift along the width, in pixels.
        shear: shear angle in radians.
        zoom_rows: step along the height from one output pixel to the next; above 1 the image looks smaller.
        zoom_columns: the same along the width.
    """
    sin, cos, both = theta.sin(), theta.cos(), theta + shear
    top = (cos * zoom_rows, -both.sin() * zoom_columns, cos * rows - sin * columns)
    bottom = (sin * zoom_rows, both.cos() * zoom_columns, sin * rows + cos * columns)
    return torch.stack((*top, *bottom), dim=1).view(-1, 2, 3)


def warp(
    x: Float32[Tensor, "batch channel height width"],
    matrix: Float32[Tensor, "batch 2 3"],
    fill_mode: FillMode = "nearest",
    cval: float = 0.0,
) -> Float32[Tensor, "batch channel height width"]:
    """Read every output pixel from where its sample's matrix points, bilinearly.

    Args:
        x: images, any range.
        matrix: see the module's text.
        fill_mode: what lies outside: nearest `aaa|abcd|ddd`, constant `kkk|abcd|kkk` (sharply: every place outside
            the pixel centres is `cval`), reflect `cba|abcd|dcb`, wrap `bcd|abcd|abc` (scipy's "wrap", whose period is
            side - 1: the last pixel and the first are one).
        cval: the value k of "constant".
    """
    height, width = x.shape[-2:]
    row = torch.arange(height, device=x.device, dtype=torch.float32) - (height - 1) / 2
    column = torch.arange(width, device=x.device, dtype=torch.float32) - (width - 1) / 2
    grid = torch.empty(x.shape[0], height, width, 2, device=x.device)
    # grid_sample wants (column, row); with align_corners=False it meets pixel i at (2 i + 1) / side - 1
    for last, axis, side in ((0, 1, width), (1, 0, height)):
        step = matrix[:, axis] * (2 / side)
        along = torch.addcmul(step[:, 2, None], step[:, 0, None], row)
        across = step[:, 1, None] * column
        torch.add(along[:, :, None], across[:, None, :], out=grid[..., last])
    if fill_mode == "wrap":
        grid = torch.stack((_wrap(grid[..., 0], width), _wrap(grid[..., 1], height)), dim=-1)
    padding = "reflection" if fill_mode == "reflect" else "border"
    out = F.grid_sample(x, grid, mode="bilinear", padding_mode=padding, align_corners=False)
    if fill_mode == "constant":
        inside = _inside(grid[..., 0], width) & _inside(grid[..., 1], height)
        out = torch.where(inside[:, None], out, cval)
    return out


def _inside(grid: Tensor, side: int) -> Tensor:
    return grid.abs() <= (side - 1 + 2 * _INSIDE) / side


def _wrap(grid: Tensor, side: int) -> Tensor:
    edge = (side - 1) / side
    if side == 1:
        return torch.zeros_like(grid)
    return torch.where(_inside(grid, side), grid, torch.remainder(grid + edge, 2 * edge) - edge)
