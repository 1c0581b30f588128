"""The power spectrum of short windows by matrix products over folded frames.

A frame is folded in its middle: the sum of its halves, the earlier one read backwards, holds the cosines of its
spectrum, their difference the sines. That halves the product. Against a Fourier transform it wins where the window is
shorter than the transform and where bins above a frequency are not asked for; and every step of it keeps the frames
behind one another in memory, as they lie in the signal.
"""

import math

import torch
from jaxtyping import Float, Float32, Float64
from torch import Tensor
from torch.nn import functional as F


def halves(taper: Float64[Tensor, "window"]) -> Float32[Tensor, "2 half"]:
    """Return a taper's earlier half, read backwards, and its later one, which alone holds the middle of an odd one."""
    half = (len(taper) + 1) // 2
    early, late = taper[:half].flip(0), taper[len(taper) - half :]
    if len(taper) % 2:
        early[0] = 0
    return torch.stack([early, late]).float()


def basis(window: int, n_fft: int, bins: int) -> Float32[Tensor, "2 bin half 1 1"]:
    """Return the cosines and the sines of a spectrum's first bins, from a window's middle to its end."""
    # the middle of an even window lies between two samples
    time = torch.arange((window + 1) // 2, dtype=torch.float64) + (0 if window % 2 else 0.5)
    angle = 2 * math.pi / n_fft * torch.arange(bins, dtype=torch.float64)[:, None] * time
    return torch.stack([angle.cos(), angle.sin()])[..., None, None].float()


def power(
    framed: Float[Tensor, "batch frame window"],
    tapers: Float[Tensor, "2 half"],
    waves: Float[Tensor, "2 bin half 1 1"],
) -> Float[Tensor, "batch bin 1 frame"]:
    """Return the power of each bin in each frame.

    Args:
        framed: what the windows cut out, not tapered; overlapping views of a signal will do.
        tapers: as `halves` gives them.
        waves: as `basis` gives them.
    """
    half = tapers.shape[1]
    early = framed[..., :half].flip(2) * tapers[0]
    late = framed[..., framed.shape[2] - half :] * tapers[1]
    # frames behind one another: a convolution of 1 x 1 in channels-last order is the fastest product there is
    folded = [part.transpose(1, 2)[:, :, None] for part in (early + late, early - late)]
    real, imaginary = (F.conv2d(part, wave) for part, wave in zip(folded, waves, strict=True))
    return torch.addcmul(real.square(), imaginary, imaginary)
