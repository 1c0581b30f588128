"""Mixup: pairs of images blended, and their labels with them (Zhang et al., arXiv 1710.09412)."""

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

from ferlab.transforms.draws import beta, chosen
from ferlab.transforms.layout import same_layout, take
from ferlab.transforms.mixing import Mixed, Mixing, partners
from ferlab.transforms.options import positive, probability


class Mixup(Mixing):
    """Blend each chosen image with another of the batch; images come out as float32, the memory format is kept.

    Args:
        alpha: of Beta(alpha, alpha), from which each image draws its own share; small: mostly one of the two.
        p: probability of each image.

    Raises:
        FerlabError: an option has no meaning.
    """

    def __init__(self, alpha: int | float = 0.2, p: int | float = 1.0) -> None:
        super().__init__()
        self.alpha, self.p = positive("Mixup.alpha", alpha), probability("Mixup.p", p)

    def mix(self, x: Shaped[Tensor, "batch channel height width"], y: Int64[Tensor, "batch"]) -> Mixed:
        """Mix each sample with another of the batch; see `Mixing.mix`."""
        share = beta(len(x), self.alpha, x.device)
        share = torch.where(chosen(len(x), self.p, x.device), share, 1)
        partner = partners(len(x), x.device)
        own, theirs = x.to(torch.float32), take(x, partner).to(torch.float32)
        return Mixed(same_layout(theirs.lerp(own, share[:, None, None, None]), x), y, y[partner], share)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"alpha={self.alpha}, p={self.p}"
