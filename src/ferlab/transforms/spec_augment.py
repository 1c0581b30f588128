"""SpecAugment: bands of mels and frames masked in training (Park et al., arXiv 1904.08779)."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.transforms.draws import chosen
from ferlab.transforms.options import length, probability


class SpecAugment(nn.Module):
    """Put a picture's mean wherever a mask lies; each clip draws its own masks, anew each time.

    It acts behind the front end, on spectrograms, and so belongs to `preprocess` (`LogMel(spec_augment=...)`), not to
    `augment`, which sees waveforms. It acts in training mode alone: validation, evaluation and prediction pass
    through. The paper's time warping, which it found to matter least, is left out.

    Args:
        mel_masks: number of masks over mels.
        mel_width: widest of them: whole numbers are mels, floats shares of all; each width is as likely.
        time_masks: number of masks over time.
        time_width: widest of them: frames, or a share of all.
        p: probability that a clip is masked at all.

    Raises:
        FerlabError: an option has no meaning.
    """

    modality = "audio"

    def __init__(
        self,
        mel_masks: int = 2,
        mel_width: int | float = 0.2,
        time_masks: int = 2,
        time_width: int | float = 0.1,
        p: int | float = 1.0,
    ) -> None:
        super().__init__()
        if min(mel_masks, time_masks) < 0:
            raise FerlabError(f"augment: SpecAugment: expected 0 or more masks, found {mel_masks} and {time_masks}")
        # as a share of nothing: the numbers themselves are checked
        length("SpecAugment.mel_width", mel_width, 1), length("SpecAugment.time_width", time_width, 1)
        self.mel_masks, self.mel_width = mel_masks, mel_width
        self.time_masks, self.time_width = time_masks, time_width
        self.p = probability("SpecAugment.p", p)

    def forward(self, x: Float[Tensor, "batch mel frame"]) -> Float[Tensor, "batch mel frame"]:
        """Return masked spectrograms in training mode, `x` itself otherwise."""
        if not self.training:
            return x
        batch, mels, frames = x.shape
        rows = self._masked(batch, mels, self.mel_masks, self.mel_width, x.device)
        columns = self._masked(batch, frames, self.time_masks, self.time_width, x.device)
        masked = (rows[:, :, None] | columns[:, None, :]) & chosen(batch, self.p, x.device)[:, None, None]
        return torch.where(masked, x.mean((1, 2), keepdim=True), x)

    @staticmethod
    def _masked(
        batch: int, side: int, masks: int, widest: int | float, device: torch.device
    ) -> Bool[Tensor, "batch side"]:
        """Return where one of `masks` bands lies, for each clip."""
        most = min(length("SpecAugment", widest, side), side)
        width = torch.randint(0, most + 1, (batch, masks, 1), device=device)
        first = (torch.rand(batch, masks, 1, device=device) * (side - width + 1)).long()
        place = torch.arange(side, device=device)
        return ((place >= first) & (place < first + width)).any(1)

    def extra_repr(self) -> str:
        """Show the options."""
        return (
            f"mel_masks={self.mel_masks}, mel_width={self.mel_width}, time_masks={self.time_masks}, "
            f"time_width={self.time_width}, p={self.p}"
        )
