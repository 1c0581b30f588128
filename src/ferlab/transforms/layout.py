"""The memory format of a batch: what leaves a transform lies in memory as what entered it."""

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor


def same_layout(
    out: Shaped[Tensor, "batch c h w"], like: Shaped[Tensor, "_ channel height width"]
) -> Shaped[Tensor, "batch c h w"]:
    """Return `out` in the memory format of `like`; a copy only where it lies otherwise."""
    return out.contiguous(memory_format=torch.channels_last if is_last(like) else torch.contiguous_format)


def take(
    x: Shaped[Tensor, "batch channel height width"], index: Int64[Tensor, "chosen"]
) -> Shaped[Tensor, "chosen channel height width"]:
    """Return the images at `index`, copied as they lie: plain indexing would reorder channels_last images."""
    if is_last(x):
        return x.permute(0, 2, 3, 1)[index].permute(0, 3, 1, 2)
    return x[index]


def is_last(x: Shaped[Tensor, "batch channel height width"]) -> bool:
    """Tell whether the channels of a pixel lie side by side."""
    return x.is_contiguous(memory_format=torch.channels_last)
