"""What stands where an image says nothing, in the net's own input: its mean colour, or the image blurred.

Black or zero would be a colour like any other, and dark hair or a dark room would count as nothing at all.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ferlab.transforms.blur import blur

WIDTH = 1 / 8
"""Standard deviation of the blur, as a share of the image's longer side: a mouth is no longer to be seen."""


def mean_colour(x: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "batch channel height width"]:
    """Return images of one colour each, the mean of theirs."""
    return x.mean((2, 3), keepdim=True).expand_as(x)


def blurred(x: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "batch channel height width"]:
    """Return the images blurred so far that light and hair are left, but no feature of a face."""
    sigma = WIDTH * max(x.shape[2:])
    with torch.no_grad():
        soft: Tensor = blur(x, torch.full((len(x),), sigma, device=x.device), math.ceil(3 * sigma))
    return soft
