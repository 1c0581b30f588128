"""Mel filters, Slaney's (Auditory Toolbox, 1998), as librosa makes them by default."""

import math

import torch
from jaxtyping import Float32, Float64
from torch import Tensor

# linear up to 1 kHz, logarithmic above
_HERTZ_A_MEL, _KNEE, _STEP = 200 / 3, 1000.0, 6.4 ** (1 / 27)


def to_mel(hertz: Float64[Tensor, "..."]) -> Float64[Tensor, "..."]:
    """Return frequencies, in Hz, on Slaney's mel scale."""
    above = _KNEE / _HERTZ_A_MEL + (hertz.clamp(min=_KNEE) / _KNEE).log() / math.log(_STEP)
    return torch.where(hertz < _KNEE, hertz / _HERTZ_A_MEL, above)


def to_hertz(mel: Float64[Tensor, "..."]) -> Float64[Tensor, "..."]:
    """Return values of Slaney's mel scale in Hz."""
    knee = _KNEE / _HERTZ_A_MEL
    return torch.where(mel < knee, mel * _HERTZ_A_MEL, _KNEE * _STEP ** (mel - knee).clamp(min=0))


def corners(n_mels: int, fmin: int | float, fmax: int | float) -> Float64[Tensor, "corners"]:
    """Return the n_mels + 2 frequencies, in Hz and evenly spaced in mel, between which the triangles stand."""
    low, high = to_mel(torch.tensor([fmin, fmax], dtype=torch.float64)).tolist()
    return to_hertz(torch.linspace(low, high, n_mels + 2, dtype=torch.float64))


def mel_filters(rate: int, n_fft: int, n_mels: int, fmin: int | float, fmax: int | float) -> Float32[Tensor, "mel bin"]:
    """Return triangles, each of area 1 over Hz, over the n_fft // 2 + 1 bins of a spectrum.

    A triangle narrower than the bins' distance may hold none of them: its row is zero, as in librosa.

    Args:
        rate: samples a second.
        n_fft: length of the Fourier transform, in samples.
        n_mels: number of filters.
        fmin: lower end of the first filter, in Hz.
        fmax: upper end of the last filter, in Hz.
    """
    edges = corners(n_mels, fmin, fmax)
    bins = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * (rate / n_fft)
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    triangles = torch.minimum(rise, fall).clamp(min=0)
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).float()
