"""What a frame of a sound is like: mel bands, cepstrum, loudness, zero crossings, shape of its spectrum."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float32
from torch import Tensor

from ferlab.transforms.mel import mel_filters

LEAST, DEPTH, ROLLOFF = 1e-10, 80.0, 0.85
SHAPES = ("energy", "zero_crossings", "centroid", "bandwidth", "rolloff", "flatness", "flux")
"""Of `Frames.shapes`: dB, share of neighbouring samples, Hz, Hz, Hz, 0..1, and change of the normalised spectrum."""


class Frames(NamedTuple):
    """Frames of clips.

    Attributes:
        mels: power in each band, in dB, not further than 80 below the clip's loudest.
        cepstrum: the first coefficients of the mels' cosine transform (orthonormal DCT-II, as librosa's mfcc).
        shapes: see `SHAPES`.
    """

    mels: Float32[Tensor, "clip mel frame"]
    cepstrum: Float32[Tensor, "clip coefficient frame"]
    shapes: Float32[Tensor, "clip shape frame"]


def describe(
    framed: Float32[Tensor, "clip frame sample"],
    inside: Bool[Tensor, "clip frame"],
    rate: int,
    n_mels: int,
    n_mfcc: int,
    fmin: int | float,
    fmax: int | float,
) -> Frames:
    """Describe frames by their Hann-windowed spectra.

    Args:
        framed: waveforms in -1..1, in frames.
        inside: which of them lie within their clip: these alone say what its loudest is.
        rate: samples a second.
        n_mels: mel bands, from `fmin` to `fmax`, in Hz.
        n_mfcc: coefficients of the cepstrum, at most as many as bands.
        fmin: lower end of the bands.
        fmax: their upper end.
    """
    size = framed.shape[2]
    taper = torch.hann_window(size, dtype=framed.dtype, device=framed.device)
    power = torch.view_as_real(torch.fft.rfft(framed * taper)).square().sum(-1)
    filters = mel_filters(rate, size, n_mels, fmin, fmax).to(power)
    mels = 10 * (filters @ power.transpose(1, 2)).clamp(min=LEAST).log10()
    loudest = torch.where(inside[:, None], mels, 10 * math.log10(LEAST)).amax((1, 2), keepdim=True)
    mels = torch.maximum(mels, loudest - DEPTH)
    return Frames(mels, _cosines(n_mels, n_mfcc).to(mels) @ mels, _shapes(framed, power, rate))


def _cosines(n_mels: int, count: int) -> Float32[Tensor, "coefficient mel"]:
    place = torch.arange(n_mels, dtype=torch.float64) + 0.5
    order = torch.arange(count, dtype=torch.float64)[:, None]
    scale = torch.full((count, 1), math.sqrt(2 / n_mels), dtype=torch.float64)
    scale[0] = math.sqrt(1 / n_mels)
    return (scale * (math.pi / n_mels * order * place).cos()).float()


def _shapes(
    framed: Float32[Tensor, "clip frame sample"], power: Float32[Tensor, "clip frame bin"], rate: int
) -> Float32[Tensor, "clip shape frame"]:
    hertz = torch.linspace(0, rate / 2, power.shape[2], dtype=power.dtype, device=power.device)
    energy = 10 * framed.square().mean(2).clamp(min=LEAST).log10()
    signs = framed >= 0
    crossings = (signs[..., 1:] != signs[..., :-1]).float().mean(2)
    size = power.clamp(min=LEAST).sqrt()
    share = size / size.sum(2, keepdim=True)
    centroid = share @ hertz
    bandwidth = (share * (hertz - centroid[..., None]).square()).sum(2).sqrt()
    reached = share.cumsum(2) >= ROLLOFF
    rolloff = hertz[reached.to(torch.uint8).argmax(2)]
    floored = power.clamp(min=LEAST)
    flatness = floored.log().mean(2).exp() / floored.mean(2)
    # how far each frame's spectrum, as a direction, lies from that of the frame before
    unit = size / torch.linalg.vector_norm(size, dim=2, keepdim=True)
    flux = torch.linalg.vector_norm(unit - torch.cat([unit[:, :1], unit[:, :-1]], 1), dim=2)
    return torch.stack([energy, crossings, centroid, bandwidth, rolloff, flatness, flux], 1)
