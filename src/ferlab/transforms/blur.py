"""Gaussian blur of random strength."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float32, Shaped
from torch import Tensor, nn

from ferlab.transforms.draws import chosen, uniform
from ferlab.transforms.layout import same_layout
from ferlab.transforms.options import bounds, probability

# standard deviations after which the bell is cut off
TRUNCATE = 3.0


class GaussianBlur(nn.Module):
    """Blur each chosen image; outside, the border pixels go on.

    Args:
        sigma: [from, to], the bell's standard deviation in pixels.
        p: probability of each image.

    Raises:
        FerlabError: an option has no meaning.
    """

    def __init__(self, sigma: Sequence[int | float] = (0.1, 1.5), p: int | float = 0.5) -> None:
        super().__init__()
        self.sigma = bounds("GaussianBlur.sigma", sigma, 0, 1e3)
        self.p = probability("GaussianBlur.p", p)

    def forward(self, x: Shaped[Tensor, "batch channel height width"]) -> Float32[Tensor, "batch channel height width"]:
        """Return a new random version of each image, float32 in 0..255, in the memory format of `x`.

        Args:
            x: uint8, or floating point in 0..255.
        """
        sigma = uniform(len(x), *self.sigma, x.device) * chosen(len(x), self.p, x.device)
        return blur(x, sigma, math.ceil(TRUNCATE * self.sigma[1]))

    def extra_repr(self) -> str:
        """Show the options."""
        return f"sigma={self.sigma}, p={self.p}"


def blur(
    x: Shaped[Tensor, "batch channel height width"], sigma: Float32[Tensor, "batch"], radius: int
) -> Float32[Tensor, "batch channel height width"]:
    """Blur each image by its own sigma, the memory format of `x` kept.

    Args:
        x: uint8, or floating point; any range.
        sigma: standard deviations in pixels; 0 leaves an image as it is.
        radius: pixels to each side that the bell reaches.
    """
    # a product with a band matrix a side: each image has its own bell, which no convolution takes at this speed
    with torch.autocast(x.device.type, enabled=False):
        rows, columns = (_band(sigma, side, radius)[:, None] for side in x.shape[-2:])
        planes = x.to(torch.float32, memory_format=torch.contiguous_format)
        return same_layout(rows @ planes @ columns.mT, x)


def _band(sigma: Tensor, side: int, radius: int) -> Tensor:
    """Return (batch, side, side): row i holds the bell about pixel i, what falls outside added to the border."""
    offset = torch.arange(-radius, radius + 1, device=sigma.device)
    bell = torch.exp(-0.5 * (offset / sigma.clamp(min=1e-3)[:, None]) ** 2)
    bell = bell / bell.sum(1, keepdim=True)
    place = (torch.arange(side, device=sigma.device)[:, None] + offset).clamp_(0, side - 1)
    band = torch.zeros(len(sigma), side, side, device=sigma.device)
    shape = (len(sigma), side, len(offset))
    return band.scatter_add_(2, place.expand(shape), bell[:, None].expand(shape))
