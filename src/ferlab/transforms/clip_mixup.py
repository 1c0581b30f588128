"""Mixup of waveforms: pairs of clips heard at once, and their labels blended (Zhang et al., arXiv 1710.09412)."""

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

from ferlab.transforms.draws import beta, chosen
from ferlab.transforms.mixing import Mixed, Mixing, partners
from ferlab.transforms.options import positive, probability
from ferlab.transforms.waveform import from_float, to_float


class ClipMixup(Mixing):
    """Blend each chosen clip with another of the batch; the longer of the two decides where it is over.

    Args:
        alpha: of Beta(alpha, alpha), from which each clip draws its own share; small: mostly one of the two.
        p: probability of each clip.

    Raises:
        FerlabError: an option has no meaning.
    """

    modality = "audio"

    def __init__(self, alpha: int | float = 0.2, p: int | float = 1.0) -> None:
        super().__init__()
        self.alpha, self.p = positive("ClipMixup.alpha", alpha), probability("ClipMixup.p", p)

    def mix(self, x: Shaped[Tensor, "batch time"], y: Int64[Tensor, "batch"]) -> Mixed:
        """Mix each clip with another of the batch; see `Mixing.mix`."""
        signal, sounding = to_float(x)
        mixed = chosen(len(x), self.p, x.device)
        share = torch.where(mixed, beta(len(x), self.alpha, x.device), 1)
        partner = partners(len(x), x.device)
        heard = sounding | (sounding[partner] & mixed[:, None])
        return Mixed(from_float(signal[partner].lerp(signal, share[:, None]), heard), y, y[partner], share)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"alpha={self.alpha}, p={self.p}"
