"""Decoding of sound files: formats, channels, rate, and every kind of file that is none."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.ravdess import encode, hum
from ferlab.data.audio import NO_SOUND, decode, read_audio
from ferlab.data.broken import BadEntryError, Broken
from ferlab.errors import FerlabError

TONE = hum(1, 0.5, 16_000)
EXACT = np.rint(TONE * 32_768).astype(np.int16)
FORMATS = [
    ("WAV", "PCM_U8", 300),
    ("WAV", "PCM_16", 1),
    ("WAV", "PCM_24", 1),
    ("WAV", "PCM_32", 1),
    ("WAV", "FLOAT", 1),
    ("WAV", "DOUBLE", 1),
    ("WAVEX", "PCM_24", 1),
    ("RF64", "PCM_16", 1),
    ("W64", "PCM_16", 1),
    ("AIFF", "PCM_16", 1),
    ("AU", "PCM_16", 1),
    ("CAF", "PCM_16", 1),
    ("FLAC", "PCM_16", 1),
    ("OGG", "VORBIS", 1500),
    ("MP3", "MPEG_LAYER_III", 1500),
]


def made(kind: str, subtype: str, sound: np.ndarray = TONE) -> bytes:
    if kind not in soundfile.available_formats():
        pytest.skip(f"this libsndfile writes no {kind}")
    return encode(sound, subtype, kind, 16_000)


@pytest.mark.parametrize(("kind", "subtype", "off"), FORMATS)
def test_every_format_gives_the_same_sound(kind: str, subtype: str, off: int) -> None:
    found = decode(made(kind, subtype))
    assert found.dtype == np.int16 and found.min() >= -32_767
    # an MP3's beginning and end are not the sound's own
    assert len(found) == len(EXACT)
    inner = slice(1200, -1200) if off > 1000 else slice(None)
    assert np.abs(found[inner].astype(int) - EXACT[inner]).max() <= off


def test_sixteen_bits_keep_their_values_and_no_sound_is_never_one() -> None:
    values = np.arange(-32_768, 32_768, dtype=np.int16)
    file = io.BytesIO()
    soundfile.write(file, values, 16_000, format="WAV", subtype="PCM_16")
    found = decode(file.getvalue())
    np.testing.assert_array_equal(found[1:], values[1:])
    assert found[0] == -32_767 > NO_SOUND


def test_beyond_full_scale_is_clipped() -> None:
    found = decode(encode(10 * TONE, "FLOAT", rate=16_000))
    assert (found.min(), found.max()) == (-32_767, 32_767)


def test_channels_are_averaged() -> None:
    both = np.stack([TONE, np.zeros_like(TONE), 0.5 * TONE], axis=1)
    found = decode(encode(both, "FLOAT", rate=16_000))
    np.testing.assert_allclose(found, 0.5 * EXACT, atol=1)
    with pytest.raises(BadEntryError, match=r"is silent: .* found all zero"):
        decode(encode(np.stack([TONE, -TONE], axis=1), "FLOAT", rate=16_000))


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 96_000])
def test_resampled_to_the_same_tone(rate: int) -> None:
    found = decode(encode(hum(1, 0.5, rate), "PCM_24", rate=rate)).astype(float)
    assert abs(len(found) - 8_000) <= 1
    inner = slice(400, 7_600)
    np.testing.assert_allclose(found[inner], (TONE * 32_768)[inner], atol=12)


def test_resampling_folds_nothing_back() -> None:
    # 11 kHz cannot be had at 16 kHz: what a careless decimation makes of it is a tone of 5 kHz
    high = 0.25 * np.sin(2 * np.pi * 11_000 * np.arange(24_000) / 48_000)
    found = decode(encode(high + hum(0, 0.5), "PCM_24", rate=48_000)).astype(float)
    spectrum = np.abs(np.fft.rfft(found[500:-500] * np.hanning(len(found) - 1000)))
    hertz = np.fft.rfftfreq(len(found) - 1000, 1 / 16_000)
    assert spectrum[hertz > 1000].max() < 1e-4 * spectrum.max()


def wrong(kind: str) -> bytes:
    nan = TONE.copy()
    nan[5] = np.nan
    infinite = TONE.copy()
    infinite[7:9] = np.inf
    faint = np.random.default_rng(0).normal(0, 0.5e-4, 8_000)
    return {
        "empty": b"",
        "text": b"<html>not found</html>" * 20,
        "zeros": bytes(1000),
        "no samples": encode(TONE[:0], rate=16_000),
        "nan": encode(nan, "FLOAT", rate=16_000),
        "infinite": encode(infinite, "DOUBLE", rate=16_000),
        "silent": encode(np.zeros(8_000), rate=16_000),
        "faint": encode(faint, "FLOAT", rate=16_000),
        "ten minutes": encode(np.zeros(600 * 1000), "PCM_U8", rate=1000),
        "header alone": encode(TONE, rate=16_000)[:30],
        "no data chunk": encode(TONE, rate=16_000)[:36],
        "one sample": encode(np.full(1, 0.1), rate=192_000),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("empty", "is an empty file"),
        ("text", r"is no sound file: expected WAV, FLAC, .*found 440 bytes, b'<html>no'"),
        ("zeros", "is no sound file"),
        ("no samples", "holds no sound: 0 samples"),
        ("nan", "holds 1 of 8,000 samples that are NaN or infinite"),
        ("infinite", "holds 2 of 8,000 samples"),
        ("silent", "is silent: .*found all zero"),
        ("faint", "is silent: expected a level of -80 dB full scale or more, found -86 dB"),
        ("ten minutes", r"lasts 600\.00 s; expected at most data\.max_seconds=30"),
        ("header alone", "is a truncated sound file"),
        ("no data chunk", "is a truncated sound file"),
        ("one sample", "is too short: nothing is left of it at 16,000 Hz"),
    ],
)
def test_a_bad_file_says_why(kind: str, why: str) -> None:
    with pytest.raises(BadEntryError, match=why):
        decode(wrong(kind))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FORMATS), st.floats(0.0, 0.97))
def test_a_file_cut_anywhere_is_refused(form: tuple[str, str, int], share: float) -> None:
    data = made(form[0], form[1], hum(1, 1.0, 16_000))
    with pytest.raises(BadEntryError):
        decode(data[: int(len(data) * share)])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FORMATS[:-1]), st.binary(min_size=1, max_size=60), st.integers(0, 400))
def test_damage_is_refused_or_sound(form: tuple[str, str, int], junk: bytes, place: int) -> None:
    data = made(form[0], form[1])
    damaged = data[:place] + junk + data[place + len(junk) :]
    try:
        found = decode(damaged)
    except BadEntryError:
        return
    assert found.dtype == np.int16 and len(found) and found.min() > NO_SOUND


def test_a_stream_without_a_length_is_taken() -> None:
    data = bytearray(encode(EXACT, rate=16_000))
    data[4:8] = data[40:44] = b"\xff" * 4
    np.testing.assert_array_equal(decode(bytes(data)), EXACT)


def test_longer_clips_where_they_are_asked_for() -> None:
    long = encode(hum(1, 31.0, 8_000), rate=8_000)
    with pytest.raises(BadEntryError, match="lasts"):
        decode(long)
    assert len(decode(long, 8_000, 31)) == 31 * 8_000


FILES = {"a": encode(EXACT, rate=16_000), "b": encode(EXACT[:100], rate=16_000), "c": wrong("silent"), "d": b""}


def test_clips_are_followed_by_no_sound() -> None:
    broken = Broken("set", Path("here"), "skip")
    x, kept = read_audio(list(FILES), FILES.__getitem__, broken)
    assert x.shape == (2, 8_000) and kept.tolist() == [True, True, False, False]
    np.testing.assert_array_equal(x[0], EXACT)
    np.testing.assert_array_equal(x[1], np.r_[EXACT[:100], np.full(7_900, NO_SOUND)])
    assert [text[:5] for text in broken.skipped] == ["c: is", "d: is"]


def test_stops_at_the_first_bad_clip_or_where_none_is_left() -> None:
    with pytest.raises(FerlabError, match=r"set: broken entry in here: c: is silent.*data\.on_bad=skip"):
        read_audio(list(FILES), FILES.__getitem__, Broken("set", Path("here"), "stop"))
    with pytest.raises(FerlabError, match="no usable clip in here: 2 entries, 2 broken"):
        read_audio(["c", "d"], FILES.__getitem__, Broken("set", Path("here"), "skip"))


def test_what_memory_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", lambda _: 150)
    with pytest.raises(
        FerlabError, match=r"set: 2 clips, as long as the longest \(0\.5 s at 16,000 Hz\), need .*data\.rate"
    ):
        read_audio(["a", "b"], FILES.__getitem__, Broken("set", Path("here"), "stop"))
