"""Faster or slower, and so higher or lower, like a tape (Ko et al. 2015, doi:10.21437/Interspeech.2015-711)."""

from collections.abc import Sequence

import torch
from jaxtyping import Float32, Shaped
from torch import Tensor, nn

from ferlab.transforms.draws import chosen, log_uniform
from ferlab.transforms.options import bounds, probability
from ferlab.transforms.waveform import from_float, to_float


class Speed(nn.Module):
    """Play each chosen clip at a speed of its own; pitch, formants and length follow.

    Samples in between are read by cubic interpolation (Catmull and Rom): at 16 kHz a tone of 2 kHz is off by 1
    percent, one of 4 kHz by 9. The array keeps its width: a clip that becomes longer than that loses its end.

    Args:
        factor: [from, to], 1.1 for a tenth faster; each clip draws its own, every factor as likely as its inverse.
        p: probability of each clip.

    Raises:
        FerlabError: an option has no meaning.
    """

    modality = "audio"

    def __init__(self, factor: Sequence[int | float] = (0.9, 1.1), p: int | float = 1.0) -> None:
        super().__init__()
        self.factor, self.p = bounds("Speed.factor", factor, 0.25, 4), probability("Speed.p", p)

    def forward(self, x: Shaped[Tensor, "batch time"]) -> Float32[Tensor, "batch time"]:
        """Return a new random version of each clip; see `ferlab.transforms.waveform` for what goes in and out."""
        signal, sounding = to_float(x)
        factor = log_uniform(len(x), *self.factor, x.device)
        factor = torch.where(chosen(len(x), self.p, x.device), factor, 1)
        last = sounding.sum(1, keepdim=True) - 1
        # in double precision: a float32 has a hundredth of a sample left at the end of a long clip
        place = torch.arange(x.shape[1], device=x.device, dtype=torch.float64) * factor[:, None].double()
        before = place.floor().long()
        between = (place - before).float()
        a, b, c, d = (signal.gather(1, (before + k).clamp(min=0).minimum(last.clamp(min=0))) for k in (-1, 0, 1, 2))
        curve = ((3 * (b - c) + d - a) * between + (2 * a - 5 * b + 4 * c - d)) * between + (c - a)
        return from_float(b + 0.5 * between * curve, place <= last)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"factor={list(self.factor)}, p={self.p}"
