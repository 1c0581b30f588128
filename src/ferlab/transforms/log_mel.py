"""LogMel: from a raw waveform to the log-mel spectrogram that a network sees; belongs to the model (document D2)."""

import math
from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from jaxtyping import Float, Float32, Float64, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from ferlab.errors import FerlabError
from ferlab.transforms.folded import basis, halves, power
from ferlab.transforms.mel import corners, mel_filters
from ferlab.transforms.spec_augment import SpecAugment
from ferlab.transforms.waveform import to_weighed

TAPERS = {"hamming": torch.hamming_window, "hann": torch.hann_window}
_LEAST = 1e-10  # librosa's amin


class Axes(NamedTuple):
    """Where the rows and columns of a spectrogram lie.

    Attributes:
        hertz: centre of each mel filter, in Hz.
        seconds: middle of each frame since the beginning of the raw clip, in seconds; one row a window.
    """

    hertz: Float64[Tensor, "mel"]
    seconds: Float64[Tensor, "window frame"]


class LogMel(nn.Module):
    """Skip, normalise, pad or cut, spectrogram, mel filters, decibels, windows; equal to librosa's (see the tests).

    The order is that of D2's published ancestor: the clip is normalised behind the skip, over its own samples, and
    only then filled up with zeros, so that neither the skipped beginning nor the length of the filling moves its mean
    and spread; what is cut off afterwards still counts. (Of a spectrogram in decibels below its own maximum the
    normalisation takes nothing but an offset of the recorder.) Everything is computed in float32, whatever the
    precision of the network. The module has no state to save.

    A clip that is silent, or over before `skip` is, gives the same value everywhere: that of the maximum, as in
    librosa. Filters too narrow to hold a bin of the spectrum stay at the lowest value; `empty` counts them (D2's
    recipe has none: its narrowest filter, 36 Hz, is wider than a bin, 31 Hz).

    Args:
        raw_shape: (samples,) of one raw clip, as `TaskSpec.shape` gives it.
        rate: samples a second; equal to data.rate.
        skip: seconds left out at the beginning.
        normalise: "clip": each clip to mean 0 and standard deviation 1; None: as recorded.
        length: samples behind the skip that are seen, shorter clips padded with zeros; None: as many as there are.
        n_fft: length of the Fourier transform, in samples; even.
        window: length of the window, in samples, zero-padded to `n_fft`; frames are centred.
        hop: samples from one frame to the next.
        taper: shape of the window: hamming or hann.
        n_mels: number of filters.
        fmin: lower end of the first filter, in Hz.
        fmax: upper end of the last filter, in Hz.
        db: decibels; False: power.
        reference: what is 0 dB: "clip": the clip's own maximum; or a power, 1.0 say, which keeps the loudness.
        top_db: nothing lies further below the clip's maximum, in dB; None: no limit.
        mean: subtracted from each value, in dB (or power).
        std: each value is divided by it then.
        windows: number of pictures cut out, one behind the other; None: one picture of everything.
        frames: width of a window, in frames.
        step: frames from one window to the next.
        channels: without windows, how many times the picture is repeated: 3 for networks that look at colours.
        spec_augment: masks over mels and frames, drawn anew each time in training mode; None: none.

    Raises:
        FerlabError: an option has no meaning.
    """

    modality = "audio"
    basis: Tensor
    filters: Tensor
    tapers: Tensor

    def __init__(
        self,
        raw_shape: Sequence[int],
        rate: int = 16_000,
        skip: int | float = 0.5,
        normalise: str | None = "clip",
        length: int | None = 49_100,
        n_fft: int = 512,
        window: int = 256,
        hop: int = 128,
        taper: str = "hamming",
        n_mels: int = 128,
        fmin: int | float = 0,
        fmax: int | float = 4000,
        db: bool = True,
        reference: str | int | float = "clip",
        top_db: int | float | None = 80,
        mean: int | float = 0,
        std: int | float = 1,
        windows: int | None = 5,
        frames: int = 128,
        step: int = 64,
        channels: int = 1,
        spec_augment: SpecAugment | None = None,
    ) -> None:
        super().__init__()
        if len(raw_shape) != 1:
            raise FerlabError(
                f"preprocess.raw_shape: LogMel takes waveforms, (samples,), found samples of shape {tuple(raw_shape)}; "
                "cure: a model for images, model=cnn10 say, or a data set of sounds"
            )
        self.rate, self.skip = rate, round(skip * rate)
        self.length = max(raw_shape[0] - self.skip, 0) if length is None else length
        self.normalise, self.hop, self.reference, self.top_db = normalise, hop, reference, top_db
        self.n_fft, self.window, self.db, self.mean, self.std = n_fft, window, db, float(mean), float(std)
        self.n_mels, self.fmin, self.fmax = n_mels, float(fmin), float(fmax)
        self.windows, self.step, self.channels = windows, step, channels
        self.spec_augment = spec_augment
        _expect("length", self.length >= 1, f"a sample or more behind skip={skip} s of {raw_shape[0]} samples", length)
        _expect("skip", skip >= 0, "0 or more seconds", skip)
        _expect("normalise", normalise in ("clip", None), "clip or null", normalise)
        _expect("n_fft", n_fft >= 2 and n_fft % 2 == 0, "an even number of samples", n_fft)
        _expect("window", 2 <= window <= n_fft, f"2 to n_fft={n_fft} samples", window)
        _expect("hop", hop >= 1, "1 sample or more", hop)
        _expect("taper", taper in TAPERS, f"one of {', '.join(TAPERS)}", taper)
        _expect("n_mels", n_mels >= 1, "1 or more", n_mels)
        _expect("fmax", 0 <= fmin < fmax <= rate / 2, f"fmin={fmin} < fmax <= rate / 2 = {rate / 2:g} Hz", fmax)
        number = not isinstance(reference, str) and reference > 0
        _expect("reference", reference == "clip" or number, "clip, or a power above 0", reference)
        _expect("top_db", top_db is None or top_db > 0, "above 0 dB, or null", top_db)
        _expect("std", std > 0, "above 0", std)
        _expect(
            "channels", channels >= 1 and (windows is None or channels == 1), "1, or more without windows", channels
        )
        self.whole = whole = 1 + self.length // hop
        self.frames = whole if windows is None else frames
        fit = (whole - self.frames) // step + 1 if min(frames, step) > 0 and whole >= self.frames else 0
        told = f"1 to {fit}: {whole} frames hold {fit} windows of {frames} a step of {step} apart; null: one picture"
        _expect("windows", windows is None or 1 <= windows <= fit, told, windows)
        filters = mel_filters(rate, n_fft, n_mels, fmin, fmax)
        # bins beyond the last filter need not be computed
        bins = int(filters.any(0).nonzero().max()) + 1 if filters.any() else 1
        shape = TAPERS[taper](window, periodic=True, dtype=torch.float64)
        # not persistent: rebuilt from the options
        self.register_buffer("filters", filters[:, :bins].contiguous(), persistent=False)
        self.register_buffer("basis", basis(window, n_fft, bins), persistent=False)
        self.register_buffer("tapers", halves(shape), persistent=False)

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """(windows or channels, mels, frames) of what the network gets."""
        return (self.windows or self.channels, self.n_mels, self.frames)

    @property
    def empty(self) -> int:
        """How many filters hold no bin of the spectrum."""
        return int((~self.filters.any(1)).sum())

    def axes(self) -> Axes:
        """Return what the rows and columns of `output_shape` stand for, in Hz and seconds."""
        first = torch.arange(self.windows or 1, dtype=torch.float64)[:, None] * self.step
        frame = first + torch.arange(self.frames)
        return Axes(corners(self.n_mels, self.fmin, self.fmax)[1:-1], (self.skip + frame * self.hop) / self.rate)

    def forward(self, x: Shaped[Tensor, "batch time"]) -> Float32[Tensor, "batch picture mel frame"]:
        """Turn raw clips into the network's input.

        Args:
            x: int16, or float in -1..1, with the codes of `ferlab.transforms.waveform` behind a clip's end; of any
                length.

        Raises:
            FerlabError: not a batch of waveforms.
        """
        picture = self.spectrogram(x)
        if self.spec_augment is not None:
            picture = self.spec_augment(picture)
        return self.cut(picture)

    def cut(self, picture: Float[Tensor, "batch mel frame"]) -> Float[Tensor, "batch picture mel part"]:
        """Return what the network gets of whole pictures: their windows, or each of them `channels` times."""
        if self.windows is None:
            return picture[:, None].expand(-1, self.channels, -1, -1)
        return picture.unfold(2, self.frames, self.step)[:, :, : self.windows].transpose(1, 2).contiguous()

    def lay_back(self, windows: Float[Tensor, "batch window row part"]) -> Float[Tensor, "batch row frame"]:
        """Lay windows back onto the whole picture's frames: the mean where they overlap, 0 where none reaches.

        Args:
            windows: `windows` of them, `frames` wide; rows of any number.
        """
        total = windows.new_zeros(len(windows), windows.shape[2], self.whole)
        times = windows.new_zeros(self.whole)
        for number, window in enumerate(windows.unbind(1)):
            part = slice(number * self.step, number * self.step + self.frames)
            total[:, :, part] += window
            times[part] += 1
        return total / times.clamp(min=1)

    def spectrogram(self, x: Shaped[Tensor, "batch time"]) -> Float32[Tensor, "batch mel frame"]:
        """Return one picture of each whole clip, without masks, not yet cut into windows; see `forward`."""
        with torch.autocast(x.device.type, enabled=False):
            value = self._mels(self._clip(x))
            if self.db:
                value = self._decibels(value)
            return value if (self.mean, self.std) == (0, 1) else (value - self.mean) / self.std

    def _clip(self, x: Tensor) -> Float32[Tensor, "batch time"]:
        """Return what is heard of each clip, `length` samples, zeros behind its end."""
        signal, sounding = to_weighed(x[:, self.skip :])
        if self.normalise is not None:
            count = sounding.sum(1, keepdim=True).clamp(min=1)
            signal = torch.addcmul(signal, sounding, -signal.sum(1, keepdim=True) / count)
            spread = torch.linalg.vector_norm(signal, dim=1, keepdim=True) / count.sqrt()
            signal = signal / torch.where(spread > 0, spread, 1)
        return F.pad(signal, (0, self.length - signal.shape[1]))

    def _mels(self, signal: Float32[Tensor, "batch time"]) -> Float32[Tensor, "batch mel frame"]:
        # where the window begins before the frame's middle
        before = self.n_fft // 2 - (self.n_fft - self.window) // 2
        after = self.length // self.hop * self.hop + self.window - before - self.length
        framed = F.pad(signal, (before, max(after, 0))).unfold(1, self.window, self.hop)[:, : self.whole]
        # a GPU would round to ten bits
        with torch.backends.cudnn.flags(allow_tf32=False):
            return F.conv2d(power(framed, self.tapers, self.basis), self.filters[:, :, None, None])[:, :, 0]

    def _decibels(self, value: Tensor) -> Tensor:
        top = value.amax((1, 2), keepdim=True).clamp(min=_LEAST)
        floor = _LEAST / top
        if self.top_db is not None:
            floor = floor.clamp(min=10 ** (-self.top_db / 10))
        level = 10 * torch.maximum(value / top, floor).log10()
        if self.reference == "clip":
            return level
        return level + 10 * (top.log10() - math.log10(cast(float, self.reference)))

    def extra_repr(self) -> str:
        """Show what the clips become."""
        empty = f", {self.empty} of the filters empty" if self.empty else ""
        return "pictures={}, mels={}, frames={}".format(*self.output_shape) + empty


def _expect(option: str, kept: bool, expected: str, found: object) -> None:
    if not kept:
        raise FerlabError(f"preprocess.{option}: expected {expected}; found {found}")
