"""Cutout: a square of fixed side, centred anywhere, is painted over (DeVries and Taylor, arXiv 1708.04552)."""

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from ferlab.transforms.draws import chosen
from ferlab.transforms.layout import same_layout
from ferlab.transforms.options import between, length, probability
from ferlab.transforms.rectangle import rectangle


class Cutout(nn.Module):
    """Paint over one square of each chosen image; dtype and memory format are kept.

    The centre is any pixel of the image, so that part of the square may lie outside, as in the paper.

    Args:
        side: of the square: a whole number of pixels, or a float, a share of the image's shorter side.
        value: the pixel value 0..255 that it is painted with.
        p: probability of each image.

    Raises:
        FerlabError: an option has no meaning.
    """

    def __init__(self, side: int | float = 0.25, value: int | float = 0, p: int | float = 1.0) -> None:
        super().__init__()
        length("Cutout.side", side, 1)
        self.side, self.value = side, between("Cutout.value", value, 0, 255)
        self.p = probability("Cutout.p", p)

    def forward(self, x: Shaped[Tensor, "batch channel height width"]) -> Shaped[Tensor, "batch channel height width"]:
        """Return a new random version of each image.

        Args:
            x: uint8, or floating point in 0..255.
        """
        batch, height, width = len(x), x.shape[-2], x.shape[-1]
        side = length("Cutout.side", self.side, min(height, width))
        top = torch.randint(height, (batch,), device=x.device) - side // 2
        left = torch.randint(width, (batch,), device=x.device) - side // 2
        sides = side * chosen(batch, self.p, x.device).long()
        inside = rectangle(top, left, sides, sides, x)
        return same_layout(x.masked_fill(inside, self.value), x)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"side={self.side}, value={self.value}, p={self.p}"
