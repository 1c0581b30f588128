"""Rectangles, one an image: what erasing, cutout and cutmix have in common."""

import torch
from jaxtyping import Bool, Int64
from torch import Tensor


def rectangle(
    top: Int64[Tensor, "batch"],
    left: Int64[Tensor, "batch"],
    tall: Int64[Tensor, "batch"],
    wide: Int64[Tensor, "batch"],
    height: int,
    width: int,
) -> Bool[Tensor, "batch 1 height width"]:
    """Mark the pixels of each image's rectangle; what hangs over the border is cut off.

    Args:
        top: first row of each rectangle, in pixels; may be negative.
        left: first column.
        tall: rows of each; 0 marks nothing.
        wide: columns of each.
        height: rows of the images.
        width: columns of the images.
    """
    rows = torch.arange(height, device=top.device) - top[:, None]
    columns = torch.arange(width, device=top.device) - left[:, None]
    inside_rows, inside_columns = (rows >= 0) & (rows < tall[:, None]), (columns >= 0) & (columns < wide[:, None])
    return (inside_rows[:, :, None] & inside_columns[:, None, :])[:, None]
