"""Pitch by YIN (de Cheveigne and Kawahara, doi:10.1121/1.1458024), of all frames of many clips at once."""

from typing import NamedTuple

import torch
from jaxtyping import Float32
from torch import Tensor


class Pitch(NamedTuple):
    """What is known of each frame's pitch.

    Attributes:
        hertz: fundamental frequency; where a frame is unvoiced the best guess.
        aperiodicity: YIN's normalised difference at that period, 0 for a perfectly periodic frame, about 1 for noise.
    """

    hertz: Float32[Tensor, "clip frame"]
    aperiodicity: Float32[Tensor, "clip frame"]


def pitch(
    framed: Float32[Tensor, "clip frame sample"], rate: int, low: float, high: float, threshold: float = 0.1
) -> Pitch:
    """Return the pitch of frames.

    Args:
        framed: waveforms in frames that hold two periods of `low` or more.
        rate: samples a second.
        low: lowest pitch, in Hz.
        high: highest pitch, in Hz.
        threshold: of the normalised difference: the first trough below it is the period, else the deepest one.
    """
    least, most = int(rate / high), int(rate / low) + 2
    cumulative = _normalised_difference(framed, most)
    inside = cumulative[..., least : most + 1]
    before, here, after = inside[..., :-2], inside[..., 1:-1], inside[..., 2:]
    troughs = (here <= before) & (here < after)
    good = troughs & (here < threshold)
    deepest = torch.where(troughs, here, torch.inf).argmin(-1)
    first = torch.where(good.any(-1), good.to(torch.uint8).argmax(-1), deepest)[..., None]
    a, b, c = (part.take_along_dim(first, -1)[..., 0] for part in (before, here, after))
    # the bottom of the parabola through three lags
    bend = a - 2 * b + c
    shift = torch.where(bend > 0, (a - c) / (2 * bend).clamp(min=1e-12), 0.0).clamp(-1, 1)
    return Pitch(rate / (first[..., 0] + least + 1 + shift), b.clamp(min=0))


def _normalised_difference(
    framed: Float32[Tensor, "clip frame sample"], most: int
) -> Float32[Tensor, "clip frame lag"]:
    """Return YIN's cumulative mean normalised difference for the lags 0 to `most`."""
    size = framed.shape[-1]
    window = size - most
    framed = framed - framed.mean(-1, keepdim=True)
    # the first `window` samples against the same many at each lag
    fast = 1 << (size + window).bit_length()
    ahead, own = torch.fft.rfft(framed, n=fast), torch.fft.rfft(framed[..., :window], n=fast)
    products = torch.fft.irfft(ahead * own.conj(), n=fast)[..., : most + 1]
    energy = torch.cat([torch.zeros_like(framed[..., :1]), framed.double().square().cumsum(-1).float()], -1)
    later = energy[..., window : window + most + 1] - energy[..., : most + 1]
    difference = (later[..., :1] + later - 2 * products).clamp(min=0)
    lags = torch.arange(1, most + 1, dtype=framed.dtype, device=framed.device)
    mean = difference[..., 1:].cumsum(-1) / lags
    found = torch.where(mean > 1e-10, difference[..., 1:] / mean.clamp(min=1e-10), 1.0)
    return torch.cat([torch.ones_like(found[..., :1]), found], -1)
