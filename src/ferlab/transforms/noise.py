"""White noise at a drawn signal-to-noise ratio (document D2: 15 to 30 dB)."""

from collections.abc import Sequence

import torch
from jaxtyping import Float32, Shaped
from torch import Tensor, nn

from ferlab.transforms.draws import chosen, uniform
from ferlab.transforms.options import bounds, probability
from ferlab.transforms.waveform import from_float, power, to_float


class WhiteNoise(nn.Module):
    """Add Gaussian white noise to each chosen clip, over its own samples.

    The ratio is that of the clip's power over all its samples, pauses included, to that of the noise that it got, and
    is met exactly until a sum beyond full scale is clipped. A silent clip stays silent.

    Args:
        snr: [from, to] in dB; each clip draws its own, uniformly.
        p: probability of each clip.

    Raises:
        FerlabError: an option has no meaning.
    """

    modality = "audio"

    def __init__(self, snr: Sequence[int | float] = (15, 30), p: int | float = 0.5) -> None:
        super().__init__()
        self.snr, self.p = bounds("WhiteNoise.snr", snr, -60, 120), probability("WhiteNoise.p", p)

    def forward(self, x: Shaped[Tensor, "batch time"]) -> Float32[Tensor, "batch time"]:
        """Return a new random version of each clip; see `ferlab.transforms.waveform` for what goes in and out."""
        signal, sounding = to_float(x)
        noisy = chosen(len(x), self.p, x.device)
        ratio = 10 ** (uniform(len(x), *self.snr, x.device) / 10)
        noise = torch.where(sounding, torch.randn_like(signal), 0.0)
        own = power(noise, sounding)
        scale = (power(signal, sounding) / (ratio * torch.where(own > 0, own, 1))).sqrt()
        return from_float(torch.addcmul(signal, noise, (scale * noisy)[:, None]), sounding)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"snr={list(self.snr)}, p={self.p}"
