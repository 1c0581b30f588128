"""Earlier or later: each clip turned around within itself."""

import torch
from jaxtyping import Float32, Shaped
from torch import Tensor, nn

from ferlab.transforms.draws import chosen, uniform
from ferlab.transforms.options import between, probability
from ferlab.transforms.waveform import from_float, to_float


class TimeShift(nn.Module):
    """Move each chosen clip in time; what leaves it at one end comes in at the other, so its length stays.

    Recorded clips begin and end in a pause, which is what is moved around; zeros instead would be a silence that no
    recording has, and would tell the network that the clip was moved.

    Args:
        seconds: the farthest, either way; each clip draws its own shift, uniformly.
        rate: samples a second; equal to data.rate.
        p: probability of each clip.

    Raises:
        FerlabError: an option has no meaning.
    """

    modality = "audio"

    def __init__(self, seconds: int | float = 0.2, rate: int = 16_000, p: int | float = 1.0) -> None:
        super().__init__()
        self.seconds, self.rate = between("TimeShift.seconds", seconds, 0, 60), rate
        self.p = probability("TimeShift.p", p)

    def forward(self, x: Shaped[Tensor, "batch time"]) -> Float32[Tensor, "batch time"]:
        """Return a new random version of each clip; see `ferlab.transforms.waveform` for what goes in and out."""
        signal, sounding = to_float(x)
        farthest = self.seconds * self.rate
        shift = uniform(len(x), -farthest, farthest, x.device).round().long()
        shift = torch.where(chosen(len(x), self.p, x.device), shift, 0)
        own = sounding.sum(1).clamp(min=1)
        time = torch.arange(x.shape[1], device=x.device)
        source = torch.where(sounding, (time - shift[:, None]) % own[:, None], time)
        return from_float(signal.gather(1, source), sounding)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"seconds={self.seconds}, rate={self.rate}, p={self.p}"
