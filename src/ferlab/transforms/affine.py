"""Affine warps of whole batches, with the coordinates and border rules that Keras takes from scipy.ndimage.

A matrix maps each OUTPUT pixel to the place in the INPUT where it is read (bilinear); both are counted in pixels
(row, column) from the image's centre, (side - 1) / 2, as `keras_preprocessing` does it since 1.1.1.
"""

from typing import Literal

import torch
from jaxtyping import Float32, Shaped
from torch import Tensor
from torch.nn import functional as F

from ferlab.transforms.layout import is_last

FillMode = Literal["nearest", "constant", "reflect", "wrap"]

# bytes of float pixels and coordinates that a processor warps at once: small enough to stay in its cache
SCRATCH = 2_000_000

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
    size: tuple[int, int] | None = None,
) -> Float32[Tensor, "batch channel h w"]:
    """Read every output pixel from where its sample's matrix points, bilinearly.

    Args:
        x: images, any range.
        matrix: see the module's text.
        fill_mode: what lies outside: nearest `aaa|abcd|ddd`, constant `kkk|abcd|kkk` (sharply: every place outside
            the pixel centres is `cval`), reflect `cba|abcd|dcb`, wrap `bcd|abcd|abc` (scipy's "wrap", whose period is
            side - 1: the last pixel and the first are one).
        cval: the value k of "constant".
        size: (height, width) of what comes out; None: that of `x`.
    """
    height, width = x.shape[-2:]
    grid = _grid(matrix, (height, width), size or (height, width))
    if fill_mode == "wrap":
        grid = torch.stack((_wrap(grid[..., 0], width), _wrap(grid[..., 1], height)), dim=-1)
    padding = "reflection" if fill_mode == "reflect" else "border"
    out = F.grid_sample(x, grid, mode="bilinear", padding_mode=padding, align_corners=False)
    if fill_mode == "constant":
        inside = _inside(grid[..., 0], width) & _inside(grid[..., 1], height)
        out = torch.where(inside[:, None], out, cval)
    return out


def warp_batch(
    x: Shaped[Tensor, "batch channel height width"],
    matrix: Float32[Tensor, "batch 2 3"],
    fill_mode: FillMode = "nearest",
    cval: float = 0.0,
    size: tuple[int, int] | None = None,
) -> Float32[Tensor, "batch channel h w"]:
    """Warp raw images a few at a time, the memory format of `x` kept; `warp` tells the arguments.

    Args:
        x: uint8, or floating point; any range.
        matrix: see the module's text.
        fill_mode: what lies outside.
        cval: the value of "constant".
        size: (height, width) of what comes out; None: that of `x`.
    """
    channels, height, width = x.shape[1:]
    tall, wide = size or (height, width)
    # grid_sample reads images in any memory format and writes planes
    layout = torch.channels_last if is_last(x) else torch.contiguous_format
    out = torch.empty((len(x), channels, tall, wide), device=x.device, memory_format=layout)
    step = max(1, len(x) if x.is_cuda else SCRATCH // (4 * tall * wide * (channels + 2)))
    for first in range(0, len(x), step):
        few = slice(first, first + step)
        out[few] = warp(x[few].to(torch.float32), matrix[few], fill_mode, cval, size)
    return out


def _grid(matrix: Tensor, given: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Return where each output pixel is read, (batch, height, width, 2), in grid_sample's units."""
    (tall, wide), (height, width) = given, size
    row = torch.arange(height, device=matrix.device, dtype=torch.float32) - (height - 1) / 2
    column = torch.arange(width, device=matrix.device, dtype=torch.float32) - (width - 1) / 2
    # grid_sample wants (column, row); with align_corners=False it meets pixel i at (2 i + 1) / side - 1
    step = torch.stack((matrix[:, 1] * (2 / wide), matrix[:, 0] * (2 / tall)), dim=-1)[:, :, None]
    across = torch.addcmul(step[:, 2], step[:, 1], column[:, None])
    down = step[:, 0].expand(-1, width, -1)
    # one pass over a line of 2 * width numbers an output row: several times as fast as a coordinate at a time
    grid = torch.addcmul(across.flatten(1)[:, None], down.flatten(1)[:, None], row[:, None])
    return grid.view(-1, height, width, 2)


def _inside(grid: Tensor, side: int) -> Tensor:
    return grid.abs() <= (side - 1 + 2 * _INSIDE) / side


def _wrap(grid: Tensor, side: int) -> Tensor:
    edge = (side - 1) / side
    if side == 1:
        return torch.zeros_like(grid)
    return torch.where(_inside(grid, side), grid, torch.remainder(grid + edge, 2 * edge) - edge)
