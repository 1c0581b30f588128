"""Rectangles, one an image: what erasing, cutout and cutmix have in common."""

import torch
from jaxtyping import Bool, Int64, Shaped
from torch import Tensor

from ferlab.transforms.layout import is_last


def rectangle(
    top: Int64[Tensor, "batch"],
    left: Int64[Tensor, "batch"],
    tall: Int64[Tensor, "batch"],
    wide: Int64[Tensor, "batch"],
    like: Shaped[Tensor, "batch channel height width"],
) -> Bool[Tensor, "batch channel height width"]:
    """Mark the pixels of each image's rectangle, in all channels; what hangs over the border is cut off.

    Args:
        top: first row of each rectangle, in pixels; may be negative.
        left: first column.
        tall: rows of each; 0 marks nothing.
        wide: columns of each.
        like: the images, whose shape and memory format the marks have.
    """
    channels, height, width = like.shape[1:]
    rows = torch.arange(height, device=top.device) - top[:, None]
    columns = torch.arange(width, device=top.device) - left[:, None]
    inside_rows, inside_columns = (rows >= 0) & (rows < tall[:, None]), (columns >= 0) & (columns < wide[:, None])
    if not is_last(like):
        return (inside_rows[:, :, None] & inside_columns[:, None, :])[:, None].expand_as(like)
    # whole lines of pixels with their channels: a mark that is spread over three channels later costs several times
    line = inside_columns.repeat_interleave(channels, dim=1)
    marks = inside_rows[:, :, None] & line[:, None, :]
    return marks.view(-1, height, width, channels).permute(0, 3, 1, 2)
