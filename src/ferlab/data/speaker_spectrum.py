"""Speaker normalisation: every speaker's long-term spectrum is brought to the mean of all speakers.

Cepstral mean normalisation by speaker (Atal, JASA 1974), done on the waveforms so that every front end sees it: what a
voice, a room and a microphone add to all of a speaker's clips goes away, what differs between them stays. It needs many
unlabelled clips of each speaker, test speakers included; the protocol that asks for it says so in every output.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Int16, Int64, Shaped
from scipy.fft import irfft, next_fast_len, rfft

from ferlab.cache import cached
from ferlab.data.audio import NO_SOUND
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError

BANDS = 40
# no band is moved further: where a speaker has next to nothing, noise would be lifted
MOST_DB = 15.0
_VERSION = 1
_FULL = 32767
# below, bands would hold no bin
_SHORTEST = 4096


def equalised(samples: Samples, column: str) -> Samples:
    """Return the clips with each speaker's long-term spectrum at the mean, in dB, of all speakers'.

    Args:
        samples: sounds.
        column: who speaks, a column of theirs.

    Raises:
        FerlabError: no sounds, clips too short, or no such column.
    """
    if samples.spec.modality != "audio":
        raise FerlabError(
            f"protocol: normalise={column} is for sounds; data set {samples.name} holds {samples.spec.modality}s; "
            "cure: protocol.normalise=null"
        )
    if samples.x.shape[1] < _SHORTEST:
        raise FerlabError(f"protocol: normalise={column}: expected clips of {_SHORTEST} samples or more")
    if column not in samples.columns:
        exist = ", ".join(samples.columns) or "none"
        raise FerlabError(f"protocol: normalise={column}: no such column; {samples.name} has {exist}")
    speakers = np.asarray(samples.columns[column]).astype(str)
    x = np.asarray(samples.x)
    digest = "-".join(map(str, (len(x), x.shape[1], int(x[:, ::97].astype(np.int64).sum()))))
    key = {"version": _VERSION, "data": samples.name, "ids": samples.ids.tolist(), "who": speakers.tolist()}
    arrays = cached("equalised", key | {"sound": digest}, lambda: {"x": _equalise(x, speakers)})
    note = f"each {column}'s long-term spectrum is brought to the mean of all, from all of their clips"
    return replace(samples, x=arrays["x"], notes=(*samples.notes, note))


def _equalise(x: Int16[np.ndarray, "sample time"], speakers: Shaped[np.ndarray, "sample"]) -> np.ndarray:
    names, who = np.unique(speakers, return_inverse=True)
    length = next_fast_len(x.shape[1], real=True)
    edges = _edges(length // 2 + 1)
    power = np.zeros((len(names), BANDS))
    for i, spectrum in _spectra(x, length):
        power[who[i]] += np.add.reduceat(np.square(np.abs(spectrum)), edges[:-1], dtype=np.float64)
    level = 10 * np.log10(np.maximum(power, power.max() * 1e-12))
    # a change of loudness alone is no change of spectrum
    level -= level.mean(1, keepdims=True)
    gain = np.clip(level.mean(0) - level, -MOST_DB, MOST_DB)
    centres = (edges[:-1] + edges[1:]) / 2
    curves = np.stack([10 ** (np.interp(np.arange(length // 2 + 1), centres, own) / 20) for own in gain])
    out = np.full_like(x, NO_SOUND)
    for i, spectrum in _spectra(x, length):
        sounding = x[i] != NO_SOUND
        signal = irfft(spectrum * curves[who[i]], length)[: x.shape[1]]
        out[i, sounding] = np.clip(np.rint(signal[sounding]), -_FULL, _FULL)
    return out


def _spectra(x: Int16[np.ndarray, "sample time"], length: int) -> Iterator[tuple[int, np.ndarray]]:
    for i, clip in enumerate(x):
        yield i, rfft(np.where(clip == NO_SOUND, 0, clip).astype(np.float32), length)


def _edges(bins: int) -> Int64[np.ndarray, "edge"]:
    """Return the first bin of each band, and the end: bands grow by a constant factor from an eightieth of all on."""
    return np.append(0, np.rint(np.geomspace(bins / 80, bins, BANDS)).astype(np.int64))
