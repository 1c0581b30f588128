"""Mixing: augmentations that blend two samples, and so their labels too."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from jaxtyping import Float32, Int64, Shaped
from torch import Tensor, nn


class Mixed(NamedTuple):
    """A mixed batch.

    Attributes:
        x: samples: images, uint8 or floating point in 0..255; or waveforms.
        y: label of each sample itself.
        other: label of what was mixed in.
        share: how much of the sample itself is left, 0..1; the rest is `other`'s.
    """

    x: Shaped[Tensor, "batch *sample"]
    y: Int64[Tensor, "batch"]
    other: Int64[Tensor, "batch"]
    share: Float32[Tensor, "batch"]


class Mixing(nn.Module, ABC):
    """An augmentation that mixes labels; the loss then takes `share` of one and 1 - `share` of the other."""

    @abstractmethod
    def mix(self, x: Shaped[Tensor, "batch *sample"], y: Int64[Tensor, "batch"]) -> Mixed:
        """Mix each sample with another of the batch.

        Args:
            x: images, uint8 or floating point in 0..255; or waveforms.
            y: class indices.
        """

    def forward(self, x: Shaped[Tensor, "batch *sample"]) -> Shaped[Tensor, "batch *mixed"]:
        """Return the mixed samples alone, for figures."""
        return self.mix(x, torch.zeros(len(x), dtype=torch.int64, device=x.device)).x


def partners(batch: int, device: torch.device) -> Int64[Tensor, "batch"]:
    """Return with which sample each one is mixed: a random order, each taken once."""
    return torch.randperm(batch, device=device)


def unmixed(x: Shaped[Tensor, "batch *sample"], y: Int64[Tensor, "batch"]) -> Mixed:
    """Return a batch in which each sample is wholly itself."""
    return Mixed(x, y, y, share_of_all(x))


def share_of_all(x: Shaped[Tensor, "batch *sample"]) -> Float32[Tensor, "batch"]:
    """Return the share 1 for each sample."""
    return torch.ones(len(x), device=x.device)
