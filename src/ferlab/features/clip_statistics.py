"""A spoken clip in one row: how mel bands, cepstrum, pitch, energy and spectrum move over its frames.

What classic work on emotional speech feeds its classifiers with (openSMILE's functionals over low-level descriptors,
Eyben et al., doi:10.1145/1873951.1874246), batched. Memory for a chunk: about 20 kB a frame, eight clips at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from jaxtyping import Float32, Int16

from ferlab.errors import FerlabError, expect_whole
from ferlab.features.over_time import check_statistics, deltas, statistics

if TYPE_CHECKING:
    from torch import Tensor

PARTS = ("log_mel", "mfcc", "pitch", "shape")
_AT_ONCE, _FLOOR = 8, 55.0


@dataclass(frozen=True)
class ClipStatistics:
    """Statistics over time of what a clip's frames are like.

    Only whole frames within a clip count; one shorter than a frame is filled up with zeros to a single one. Pitch, in
    semitones above 55 Hz, counts where a frame is voiced alone; the share of such frames and the clip's seconds stand
    beside it.

    Args:
        parts: which descriptors: log_mel, mfcc, pitch, shape (energy, zero crossings, centroid, bandwidth, rolloff,
            flatness, flux).
        statistics: of each descriptor: mean, std, min, max, range, or a percentile: p10, p50, ...
        derivatives: 0: the descriptors alone; 1: their slopes in time too (of mels and cepstrum); 2: also theirs.
        rate: samples a second; equal to data.rate.
        window: length of a frame, in samples.
        hop: samples from one frame to the next.
        n_mels: mel bands.
        n_mfcc: coefficients of the cepstrum.
        fmin: lower end of the bands, in Hz.
        fmax: upper end of the bands, in Hz.
        pitch_low: lowest pitch, in Hz.
        pitch_high: highest pitch, in Hz.
        voiced: a frame is voiced where YIN's difference lies below this and it counts as loud (see `within`).
        within: decibels below the clip's loudest frame from which on a frame does not count, silence before and
            behind the speech say; None: every frame counts (pitch then goes by 40 dB).

    Raises:
        FerlabError: an option has no meaning.
    """

    parts: Sequence[str] = PARTS
    statistics: Sequence[str] = ("mean", "std", "p10", "p50", "p90", "range")
    derivatives: int = 1
    rate: int = 16_000
    window: int = 512
    hop: int = 160
    n_mels: int = 40
    n_mfcc: int = 20
    fmin: int | float = 50
    fmax: int | float = 8000
    pitch_low: int | float = 60
    pitch_high: int | float = 600
    voiced: int | float = 0.25
    within: int | float | None = None

    modality: ClassVar[str] = "audio"
    learns: ClassVar[bool] = False
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        where = "features.clip_statistics"
        whole = ("derivatives", "rate", "window", "hop", "n_mels", "n_mfcc")
        expect_whole(**{f"{where}.{name}": getattr(self, name) for name in whole})
        check_statistics(f"{where}.statistics", self.statistics)
        for name, right, expected in (
            ("parts", bool(self.parts) and set(self.parts) <= set(PARTS), f"some of {', '.join(PARTS)}"),
            ("derivatives", self.derivatives in (0, 1, 2), "0, 1 or 2"),
            ("window", self.window >= 2 and self.window % 2 == 0, "an even number of samples"),
            ("hop", self.hop >= 1, "1 sample or more"),
            ("n_mels", self.n_mels >= 1, "1 or more"),
            ("n_mfcc", "mfcc" not in self.parts or 1 <= self.n_mfcc <= self.n_mels, f"1 to n_mels={self.n_mels}"),
            ("fmax", 0 <= self.fmin < self.fmax <= self.rate / 2, f"fmin={self.fmin} to {self.rate / 2:g} Hz"),
            ("pitch_high", 0 < self.pitch_low < self.pitch_high <= self.rate / 4, f"up to {self.rate / 4:g} Hz"),
            ("voiced", 0 < self.voiced <= 1, "above 0, at most 1"),
            ("within", self.within is None or self.within > 0, "above 0 dB, or null"),
        ):
            if not right:
                raise FerlabError(f"{where}.{name}: expected {expected}, found {getattr(self, name)!r}")

    def transform(self, x: Int16[np.ndarray, "sample time"]) -> Float32[np.ndarray, "sample feature"]:
        """Return the statistics, descriptor by descriptor, see `names`."""
        import torch

        with torch.no_grad():
            rows = [
                self._rows(torch.from_numpy(np.array(x[i : i + _AT_ONCE]))).numpy() for i in range(0, len(x), _AT_ONCE)
            ]
        return np.concatenate(rows)

    def names(self) -> list[str]:
        """Return what each value is, "mfcc 3 delta p50" say."""
        from ferlab.features.spectra import SHAPES

        series = []
        for part, own in (
            ("log_mel", [f"log_mel {i}" for i in range(self.n_mels)]),
            ("mfcc", [f"mfcc {i}" for i in range(self.n_mfcc)]),
        ):
            if part in self.parts:
                series += [f"{name}{' delta' * n}" for n in range(self.derivatives + 1) for name in own]
        series += list(SHAPES) if "shape" in self.parts else []
        series += ["pitch"] if "pitch" in self.parts else []
        alone = ["voiced share", "seconds"] if "pitch" in self.parts else ["seconds"]
        return [f"{name} {statistic}" for name in series for statistic in self.statistics] + alone

    def _rows(self, x: "Tensor") -> "Tensor":
        import torch
        from torch.nn import functional as F

        from ferlab.features.spectra import describe
        from ferlab.transforms.waveform import to_float

        signal, sounding = to_float(x)
        length = sounding.sum(1)
        # pitch needs two of its longest periods
        long = max(self.window, 2 * (int(self.rate / self.pitch_low) + 3))
        signal = F.pad(signal, (0, max(0, long - signal.shape[1])))
        framed = signal.unfold(1, self.window, self.hop)
        inside = _inside(length, self.window, self.hop, framed.shape[1])
        frames = describe(framed, inside, self.rate, self.n_mels, self.n_mfcc, self.fmin, self.fmax)
        energy = frames.shapes[:, 0]
        loudest = torch.where(inside, energy, -torch.inf).amax(1, keepdim=True)
        counts = inside if self.within is None else inside & (energy >= loudest - self.within)
        series = []
        for part, values in (("log_mel", frames.mels), ("mfcc", frames.cepstrum)):
            if part in self.parts:
                series += self._with_slopes(_held(values, inside))
        series += [frames.shapes] if "shape" in self.parts else []
        rows = [statistics(torch.cat(series, 1), counts, self.statistics).flatten(1)] if series else []
        if "pitch" in self.parts:
            rows.append(self._pitch(signal.unfold(1, long, self.hop), length, long, energy, loudest))
        return torch.cat([*rows, length[:, None] / self.rate], 1)

    def _with_slopes(self, values: "Tensor") -> "list[Tensor]":
        found = [values]
        for _ in range(self.derivatives):
            found.append(deltas(found[-1]))
        return found

    def _pitch(self, framed: "Tensor", length: "Tensor", long: int, energy: "Tensor", loudest: "Tensor") -> "Tensor":
        """Return the statistics of pitch, and the share of voiced frames among those inside the clip."""
        import torch

        from ferlab.features.pitch import pitch

        found = pitch(framed, self.rate, float(self.pitch_low), float(self.pitch_high))
        inside = _inside(length, long, self.hop, framed.shape[1])
        # the short frame in the middle of the long one says how loud it is
        shift = (long - self.window) // 2 // self.hop
        level = energy[:, shift : shift + framed.shape[1]]
        loud = level >= loudest - (40 if self.within is None else self.within)
        voiced = inside & loud & (level > -90) & (found.aperiodicity < self.voiced)
        semitones = 12 * (found.hertz / _FLOOR).log2()
        share = voiced.sum(1) / inside.sum(1).clamp(min=1)
        return torch.cat([statistics(semitones[:, None], voiced, self.statistics)[:, 0], share[:, None]], 1)


def _inside(length: "Tensor", window: int, hop: int, frames: int) -> "Tensor":
    """Return which frames lie wholly within their clip; of one that is shorter than a frame the first does."""
    import torch

    whole = ((length - window).div(hop, rounding_mode="floor") + 1).clamp(min=1)
    return (torch.arange(frames) < whole[:, None]) & (length > 0)[:, None]


def _held(values: "Tensor", inside: "Tensor") -> "Tensor":
    """Repeat each clip's last frame behind its end, so that slopes there are those of an end."""
    import torch

    last = (inside.sum(1) - 1).clamp(min=0)
    at = torch.minimum(torch.arange(values.shape[2])[None], last[:, None])
    return values.take_along_dim(at[:, None], 2)
