"""Decode sound files into one int16 array: one channel, one rate and the clips' length are settled here, once."""

import io
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float32, Int16

from ferlab.data.audio_header import check_end
from ferlab.data.broken import BadEntryError, Broken
from ferlab.data.reading import check_room, in_threads
from ferlab.errors import FerlabError
from ferlab.progress import watched

#: behind the end of a clip that is shorter than the longest; no sample of a sound has this value
NO_SOUND = -32768
#: root mean square of a clip below which it is silent: 80 dB under full scale
SILENCE = 1e-4
_FULL = 32768
_LARGEST_RATE = 768_000


def decode(data: bytes, rate: int = 16_000, max_seconds: int | float = 30) -> Int16[np.ndarray, "time"]:
    """Decode a sound file of any format that libsndfile reads.

    Args:
        data: a whole file: WAV of 8 to 32 bits or float, FLAC, Ogg Vorbis or Opus, MP3, AIFF, ...
        rate: samples a second of the result.
        max_seconds: longest clip.

    Returns:
        The mean of the channels, resampled (soxr, high quality) where the file has another rate; -32767..32767, what
        lies beyond full scale clipped. A 16-bit file of one channel at `rate` keeps its values, but for -32768.

    Raises:
        BadEntryError: no sound file, cut short or damaged, longer than `max_seconds`, without samples, with samples
            that are no numbers, or silent.
    """
    signal, found = _read(data, max_seconds)
    if not np.isfinite(signal).all():
        bad = int((~np.isfinite(signal)).sum())
        raise BadEntryError(f"holds {bad:,} of {len(signal):,} samples that are NaN or infinite; expected numbers")
    if found != rate:
        import soxr  # type: ignore[import-untyped]

        signal = soxr.resample(signal, found, rate, quality="HQ")
    if not len(signal):
        raise BadEntryError(f"is too short: nothing is left of it at {rate:,} Hz")
    # float64: squares of a long, quiet clip vanish in less
    if (level := float(np.sqrt(np.mean(np.square(signal, dtype=np.float64))))) < SILENCE:
        loud = f"{20 * np.log10(level):.0f} dB" if level > 0 else "all zero"
        raise BadEntryError(f"is silent: expected a level of -80 dB full scale or more, found {loud}")
    return np.asarray(np.clip(np.rint(np.clip(signal, -1, 1) * _FULL), 1 - _FULL, _FULL - 1), np.int16)


class _Bytes(io.BytesIO):
    """A file in memory; a damaged header that sends the reader before its beginning is no error of Python's."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        start = (0, self.tell(), len(self.getbuffer()))[whence]
        return super().seek(max(start + offset, 0))


def _read(data: bytes, max_seconds: int | float) -> tuple[Float32[np.ndarray, "time"], int]:
    """Return the mean of the channels, full scale 1, and their rate."""
    import soundfile  # type: ignore[import-untyped]

    check_end(data)
    try:
        with soundfile.SoundFile(_Bytes(data)) as file:
            rate, frames, seconds = file.samplerate, file.frames, file.frames / max(file.samplerate, 1)
            if not 0 < rate <= _LARGEST_RATE:
                raise BadEntryError(f"has an absurd rate: expected 1 to {_LARGEST_RATE:,} Hz, found {rate:,}")
            if frames == 0:
                raise BadEntryError("holds no sound: 0 samples")
            if seconds > max_seconds:
                raise BadEntryError(
                    f"lasts {seconds:,.2f} s; expected at most data.max_seconds={max_seconds:g}: cut it, or raise it"
                )
            channels = file.read(dtype="float32", always_2d=True)
            # an MP3 without an index only estimates its length
            least = 0.99 * frames if file.format == "MP3" else frames
    except soundfile.LibsndfileError as error:
        raise BadEntryError(_why(data, str(error.error_string))) from error
    if len(channels) < least:
        raise BadEntryError(f"is truncated: it declares {frames:,} samples, found {len(channels):,}")
    return np.ascontiguousarray(channels[:, 0] if channels.shape[1] == 1 else channels.mean(axis=1)), rate


def _why(data: bytes, words: str) -> str:
    if "not recognised" in words:
        return f"is no sound file: expected WAV, FLAC, Ogg, MP3, AIFF, ..., found {len(data):,} bytes, {data[:8]!r} ..."
    return f"is a truncated or damaged sound file ({words.strip().rstrip('.')})"


def read_audio(
    entries: Sequence[str],
    read: Callable[[str], bytes],
    broken: Broken,
    rate: int = 16_000,
    max_seconds: int | float = 30,
) -> tuple[Int16[np.ndarray, "sample time"], Bool[np.ndarray, "entry"]]:
    """Decode all entries into one array.

    Args:
        entries: what to read, in this order.
        read: gives an entry's bytes; called from several threads.
        broken: is told of entries that cannot be used.
        rate: samples a second.
        max_seconds: longest clip.

    Returns:
        The clips without the broken ones, each followed by `NO_SOUND` up to the length of the longest; and which
        entries they are.

    Raises:
        FerlabError: nothing is usable, or the array would not fit into memory.
    """

    def load(entry: str) -> Int16[np.ndarray, "time"] | BadEntryError:
        try:
            return decode(read(entry), rate, max_seconds)
        except BadEntryError as error:
            return error

    clips, kept = [], np.zeros(len(entries), bool)
    steps = watched(in_threads(load, entries), len(entries), f"{broken.name}: reading {broken.source.name}")
    for index, clip in enumerate(steps):
        if isinstance(clip, BadEntryError):
            broken.report(entries[index], str(clip))
        else:
            clips.append(clip)
            kept[index] = True
    if not clips:
        raise FerlabError(
            f"{broken.name}: no usable clip in {broken.source}: {len(entries)} entries, {len(broken.skipped)} broken"
        )
    return together(clips, rate, broken.name), kept


def together(clips: Sequence[Int16[np.ndarray, "_"]], rate: int, name: str) -> Int16[np.ndarray, "sample time"]:
    """Put clips into one array, each followed by `NO_SOUND` up to the length of the longest.

    Args:
        clips: one or more.
        rate: samples a second, for the message.
        name: the data set's, for the message.

    Raises:
        FerlabError: the array would not fit into memory.
    """
    longest = max(map(len, clips))
    what = f"{name}: {len(clips):,} clips, as long as the longest ({longest / rate:.1f} s at {rate:,} Hz),"
    check_room(2 * longest * len(clips), what, "Set a smaller data.rate, or cut the longest clips")
    out = np.full((len(clips), longest), NO_SOUND, np.int16)
    for row, clip in zip(out, clips, strict=True):
        row[: len(clip)] = clip
    return out
