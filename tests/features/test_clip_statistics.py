"""Statistics of spoken clips: against scipy and librosa, and what may not change them."""

import numpy as np
import pytest
import scipy.fft
import scipy.signal
import torch

from fakes.tones import RATE, chirps
from ferlab.build import build
from ferlab.config import compose, plain
from ferlab.errors import FerlabError
from ferlab.features.clip_statistics import ClipStatistics
from ferlab.features.extract import extract
from ferlab.features.over_time import deltas, statistics
from ferlab.features.pitch import pitch
from ferlab.features.spectra import SHAPES, describe
from ferlab.transforms.waveform import NO_SOUND

LENGTH = 24_000


def clips(count=4):
    return chirps(count, LENGTH).numpy()


def named(feature, x):
    return dict(zip(feature.names(), feature.transform(x).T, strict=True))


def tone(hertz, loud=0.3):
    time = np.arange(LENGTH) / RATE
    wave = loud * sum(np.sin(2 * np.pi * k * hertz * time) / k for k in range(1, 6))
    return (wave / 3 * 32767).astype(np.int16)[None]


def test_statistics_are_numpys_over_the_frames_that_count():
    values = torch.randn(3, 5, 40, generator=torch.Generator().manual_seed(0))
    counts = torch.rand(3, 40, generator=torch.Generator().manual_seed(1)) < 0.6
    counts[2] = False
    names = ("mean", "std", "min", "max", "range", "p0", "p12.5", "p50", "p100")
    found = statistics(values.masked_fill(~counts[:, None], torch.nan), counts, names).numpy()
    for clip in range(2):
        own = values[clip][:, counts[clip]].double().numpy()
        expected = [own.mean(1), own.std(1), own.min(1), own.max(1), np.ptp(own, 1)]
        expected += [np.percentile(own, share, axis=1) for share in (0, 12.5, 50, 100)]
        np.testing.assert_allclose(found[clip], np.stack(expected, 1), rtol=1e-4, atol=1e-5)
    assert not found[2].any()


def test_slopes_are_those_of_a_line_through_nine_frames():
    values = torch.randn(2, 3, 50, generator=torch.Generator().manual_seed(0))
    expected = scipy.signal.savgol_filter(values.double().numpy(), 9, polyorder=1, deriv=1, axis=2)
    np.testing.assert_allclose(deltas(values)[..., 4:-4], expected[..., 4:-4], atol=1e-5)


def test_bands_and_cepstrum_are_librosas():
    librosa = pytest.importorskip("librosa")
    signal = clips(1)[0] / np.float32(32768)
    mel = librosa.feature.melspectrogram(
        y=signal, sr=RATE, n_fft=512, hop_length=160, center=False, n_mels=40, fmin=50, fmax=8000
    )
    level = librosa.power_to_db(mel, ref=1.0, top_db=80)
    framed = torch.from_numpy(signal)[None].unfold(1, 512, 160)
    found = describe(framed, torch.ones(1, framed.shape[1], dtype=torch.bool), RATE, 40, 20, 50, 8000)
    assert np.abs(found.mels[0].numpy() - level).max() < 0.02
    expected = librosa.feature.mfcc(S=level, n_mfcc=20)
    assert np.abs(found.cepstrum[0].numpy() - expected).max() < 0.05
    size = np.abs(librosa.stft(signal, n_fft=512, hop_length=160, center=False))
    shapes = dict(zip(SHAPES, found.shapes[0].numpy(), strict=True))
    for name, own in (
        ("centroid", librosa.feature.spectral_centroid(S=size, sr=RATE)),
        ("bandwidth", librosa.feature.spectral_bandwidth(S=size, sr=RATE)),
        ("rolloff", librosa.feature.spectral_rolloff(S=size, sr=RATE, roll_percent=0.85)),
    ):
        close = np.isclose(shapes[name], own[0], rtol=1e-2, atol=1)
        assert close.mean() > 0.98, name


def test_the_cepstrum_is_the_cosine_transform_of_the_bands():
    framed = torch.from_numpy(clips(2) / np.float32(32768)).unfold(1, 512, 160)
    found = describe(framed, torch.ones(framed.shape[:2], dtype=torch.bool), RATE, 40, 20, 50, 8000)
    expected = scipy.fft.dct(found.mels.double().numpy(), axis=1, norm="ortho")[:, :20]
    np.testing.assert_allclose(found.cepstrum.numpy(), expected, atol=1e-3)


@pytest.mark.parametrize("hertz", [65.0, 110.0, 221.3, 440.0, 590.0])
def test_a_voice_of_known_pitch_is_told(hertz):
    found = named(ClipStatistics(parts=["pitch"]), tone(hertz))
    assert found["voiced share"] > 0.99
    assert 55 * 2 ** (found["pitch p50"].item() / 12) == pytest.approx(hertz, rel=0.005)
    assert found["pitch range"] < 0.2


def test_pitch_follows_a_rising_tone_and_noise_has_none():
    time = np.arange(LENGTH) / RATE
    rising = np.sin(2 * np.pi * (100 * time + 100 * time**2)) * 9000
    noise = np.random.default_rng(0).normal(0, 4000, LENGTH)
    found = named(ClipStatistics(parts=["pitch"]), np.stack([rising, noise]).astype(np.int16))
    assert found["pitch range"][0] == pytest.approx(12 * np.log2(395 / 105), abs=2)
    assert found["voiced share"][0] > 0.95 and found["voiced share"][1] < 0.1


def test_yin_itself_agrees():
    librosa = pytest.importorskip("librosa")
    signal = clips(1)[0] / np.float32(32768)
    theirs = librosa.yin(signal, fmin=60, fmax=600, sr=RATE, frame_length=1024, hop_length=160, center=False)
    ours = pitch(torch.from_numpy(signal)[None].unfold(1, 1024, 160), RATE, 60.0, 600.0)
    count = min(len(theirs), ours.hertz.shape[1])
    periodic = ours.aperiodicity[0, :count].numpy() < 0.1
    apart = 12 * np.abs(np.log2(theirs[:count] / ours.hertz[0, :count].numpy()))[periodic]
    assert periodic.mean() > 0.2 and np.percentile(apart, 95) < 0.2  # semitones


def test_every_value_has_a_name_and_the_yaml_is_the_default():
    feature = build(
        plain(compose("baseline", ["data=synthetic_speech", "features=clip_statistics"]))["features"]["clip_statistics"]
    )
    rows = feature.transform(clips())
    assert rows.dtype == np.float32 and np.isfinite(rows).all()
    assert rows.shape == (4, len(feature.names())) and len(set(feature.names())) == rows.shape[1] == 770
    np.testing.assert_array_equal(rows, ClipStatistics().transform(clips()))
    for options in ({"parts": ["mfcc"], "derivatives": 2}, {"parts": ["shape"]}, {"parts": ["log_mel"], "n_mels": 8}):
        other = ClipStatistics(statistics=["mean", "p25"], **options)
        assert other.transform(clips(1)).shape == (1, len(other.names()))


def test_neither_padding_nor_neighbours_change_a_clip():
    feature, x = ClipStatistics(), clips(3)
    padded = np.full((3, LENGTH + 7_000), NO_SOUND, np.int16)
    padded[:, :LENGTH] = x
    alone = np.concatenate([feature.transform(clip[None]) for clip in x])
    np.testing.assert_allclose(feature.transform(padded), alone, rtol=1e-3, atol=2e-3)


def test_louder_moves_the_energy_alone():
    feature = ClipStatistics(parts=["shape", "pitch"], statistics=["mean"])
    quiet, loud = named(feature, tone(200, 0.1)), named(feature, tone(200, 0.2))
    assert loud["energy mean"] - quiet["energy mean"] == pytest.approx(20 * np.log10(2), abs=0.05)
    assert loud["pitch mean"] == pytest.approx(quiet["pitch mean"], abs=0.01)
    assert loud["centroid mean"] == pytest.approx(quiet["centroid mean"], rel=0.05)


def test_pauses_are_left_out_on_request():
    x = tone(200)
    x[:, : LENGTH // 2] = 1
    every, loud = (named(ClipStatistics(within=within), x) for within in (None, 40))
    assert every["energy p10"] < -60 < -30 < loud["energy p10"]


def test_silent_short_and_empty_clips_give_numbers():
    x = np.full((4, LENGTH), NO_SOUND, np.int16)
    x[0], x[1, :100], x[2, :700] = 0, 500, 500
    rows = ClipStatistics().transform(x)
    assert np.isfinite(rows).all()
    assert rows[:, -1] == pytest.approx([1.5, 100 / RATE, 700 / RATE, 0])
    assert np.isfinite(ClipStatistics().transform(x[:, :50])).all()


def test_it_goes_through_the_cache_and_refuses_images(tmp_path, monkeypatch):
    monkeypatch.setenv("FERLAB_CACHE", str(tmp_path))
    x = clips(3)
    np.testing.assert_array_equal(extract(ClipStatistics(), x, "sounds"), ClipStatistics().transform(x))
    with pytest.raises(FerlabError, match="clip_statistics: reads sounds, found images"):
        extract(ClipStatistics(), np.zeros((2, 8, 8, 1), np.uint8), "images")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parts": ["mel"]}, "parts: expected some of log_mel, mfcc, pitch, shape"),
        ({"parts": []}, "parts"),
        ({"statistics": ["median"]}, "statistics: expected mean, std.*found 'median'.*cure"),
        ({"statistics": ["p101"]}, "found 'p101'"),
        ({"statistics": []}, "found none"),
        ({"derivatives": 3}, "derivatives: expected 0, 1 or 2"),
        ({"window": 511}, "window: expected an even"),
        ({"hop": 0}, "hop"),
        ({"n_mfcc": 41}, "n_mfcc: expected 1 to n_mels=40"),
        ({"fmax": 9000}, "fmax"),
        ({"pitch_high": 50}, "pitch_high"),
        ({"voiced": 0}, "voiced"),
        ({"within": 0}, "within"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(FerlabError, match=f"features.clip_statistics.*{message}"):
        ClipStatistics(**options)
