"""Waveforms in batches: the codes behind a clip's end, "no sound here", known in this place alone."""

import torch
from jaxtyping import Bool, Float32, Shaped
from torch import Tensor

from ferlab.errors import FerlabError

NO_SOUND = -32768
"""In int16: behind the clip's end. Real samples lie in -32767..32767."""
NO_SOUND_FLOAT = -2.0
"""The same in floats, whose real samples lie in -1..1."""
_SCALE = 1 / 32768


def to_float(x: Shaped[Tensor, "batch time"]) -> tuple[Float32[Tensor, "batch time"], Bool[Tensor, "batch time"]]:
    """Return the signal, 0 where a clip is over, and where it is not.

    Args:
        x: int16 as a data set holds it, or floating point in -1..1 as an augmentation returns it.

    Returns:
        The signal in -1..1, a tensor of its own, and True wherever a sample belongs to the clip.

    Raises:
        FerlabError: `x` is something else, a batch of images, say.
    """
    if x.ndim != 2 or not (x.dtype == torch.int16 or x.is_floating_point()):
        raise FerlabError(
            "waveforms: expected int16 or floating point of shape (batch, time), "
            f"found {x.dtype} of shape {tuple(x.shape)}"
        )
    if x.dtype == torch.int16:
        sounding, signal = x != NO_SOUND, x.to(torch.float32) * _SCALE
    else:
        sounding, signal = x > (NO_SOUND_FLOAT - 1) / 2, x.to(torch.float32)
    return torch.where(sounding, signal, 0.0), sounding


def to_weighed(x: Shaped[Tensor, "batch time"]) -> tuple[Float32[Tensor, "batch time"], Float32[Tensor, "batch time"]]:
    """Return what `to_float` does, but 1 wherever a sample belongs to the clip and 0 elsewhere: several times as fast.

    Raises:
        FerlabError: as `to_float`.
    """
    if x.ndim != 2 or x.dtype != torch.int16:
        signal, sounding = to_float(x)
        return signal, sounding.float()
    codes = x.to(torch.float32)
    weight = (codes - NO_SOUND).clamp(max=1)
    return codes * _SCALE * weight, weight


def from_float(
    signal: Float32[Tensor, "batch time"], sounding: Bool[Tensor, "batch time"]
) -> Float32[Tensor, "batch time"]:
    """Return samples in -1..1, clipped as a recorder would, and the code where `sounding` is False."""
    return torch.where(sounding, signal.clamp(-1, 1), NO_SOUND_FLOAT)


def power(signal: Float32[Tensor, "batch time"], sounding: Bool[Tensor, "batch time"]) -> Float32[Tensor, "batch"]:
    """Return each clip's mean square over its own samples; `signal` is 0 elsewhere. 0 for a clip of no samples."""
    return signal.square().sum(1) / sounding.sum(1).clamp(min=1)
