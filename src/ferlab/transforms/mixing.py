"""Mixing: augmentation that blends samples with one another, and so changes labels too."""

from typing import NamedTuple

from jaxtyping import Float32, Int64, Shaped
from torch import Tensor, int64, nn


class Mixed(NamedTuple):
    """A blended batch.

    Attributes:
        x: images, float32 in 0..255.
        y: label of each image.
        other: label of the image that was blended in.
        share: how much of each image is `y`'s, 0 to 1; the rest is `other`'s.
    """

    x: Float32[Tensor, "batch channel height width"]
    y: Int64[Tensor, "batch"]
    other: Int64[Tensor, "batch"]
    share: Float32[Tensor, "batch"]


class Mixing(nn.Module):
    """An augmentation that blends images; as a plain module it gives the blended images alone."""

    def mix(self, x: Shaped[Tensor, "batch channel height width"], y: Int64[Tensor, "batch"]) -> Mixed:
        """Blend a batch with a shuffled copy of itself."""
        raise NotImplementedError

    def forward(self, x: Shaped[Tensor, "batch channel height width"]) -> Float32[Tensor, "batch channel height width"]:
        """Return the blended images, for looking at."""
        return self.mix(x, x.new_zeros(len(x), dtype=int64)).x
