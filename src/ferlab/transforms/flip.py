"""Mirroring left and right."""

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from ferlab.transforms.draws import chosen
from ferlab.transforms.layout import same_layout
from ferlab.transforms.options import probability


class HorizontalFlip(nn.Module):
    """Mirror each image left and right with probability `p`; dtype and memory format are kept.

    Args:
        p: probability of each image.

    Raises:
        FerlabError: an option has no meaning.
    """

    def __init__(self, p: int | float = 0.5) -> None:
        super().__init__()
        self.p = probability("HorizontalFlip.p", p)

    def forward(self, x: Shaped[Tensor, "batch channel height width"]) -> Shaped[Tensor, "batch channel height width"]:
        """Return a new random version of each image."""
        mirrored = chosen(len(x), self.p, x.device)[:, None, None, None]
        return same_layout(torch.where(mirrored, x.flip(3), x), x)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"p={self.p}"
