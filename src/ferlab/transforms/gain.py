"""Louder or softer: a gain in decibels."""

from collections.abc import Sequence

import torch
from jaxtyping import Float32, Shaped
from torch import Tensor, nn

from ferlab.transforms.draws import chosen, uniform
from ferlab.transforms.options import bounds, probability
from ferlab.transforms.waveform import from_float, to_float


class Gain(nn.Module):
    """Multiply each chosen clip by a factor of its own; beyond full scale it is clipped, as a recorder would.

    Seen by a network only where `preprocess` keeps the loudness: `normalise=null` with a fixed `reference`.

    Args:
        db: [from, to] in decibels; each clip draws its own, uniformly.
        p: probability of each clip.

    Raises:
        FerlabError: an option has no meaning.
    """

    modality = "audio"

    def __init__(self, db: Sequence[int | float] = (-6, 6), p: int | float = 1.0) -> None:
        super().__init__()
        self.db, self.p = bounds("Gain.db", db, -60, 60), probability("Gain.p", p)

    def forward(self, x: Shaped[Tensor, "batch time"]) -> Float32[Tensor, "batch time"]:
        """Return a new random version of each clip; see `ferlab.transforms.waveform` for what goes in and out."""
        signal, sounding = to_float(x)
        factor = 10 ** (uniform(len(x), *self.db, x.device) / 20)
        factor = torch.where(chosen(len(x), self.p, x.device), factor, 1)
        return from_float(signal * factor[:, None], sounding)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"db={list(self.db)}, p={self.p}"
