"""The front end against librosa's own: frozen values of it, and the library itself where it is installed."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from fakes.tones import chirps
from ferlab.errors import FerlabError
from ferlab.transforms.log_mel import LogMel
from ferlab.transforms.mel import mel_filters, to_hertz, to_mel
from ferlab.transforms.spec_augment import SpecAugment
from ferlab.transforms.waveform import NO_SOUND

FROZEN = json.loads((Path(__file__).parent / "librosa_values.json").read_text())
RAW = 70_000
WHOLE = {"windows": None, "length": None, "skip": 0, "normalise": None}


def front_end(raw=RAW, **options):
    return LogMel((raw,), **options).eval()


def d2_by_librosa(librosa, clip):
    """D2's ancestor, step by step, of one clip int16 with its end marked."""
    y = clip[clip != NO_SOUND].astype(np.float32) / 32768
    y = y[8000:]
    y = (y - y.mean()) / y.std()
    y = np.pad(y, (0, max(0, 49_100 - len(y))))[:49_100]
    spectrum = np.abs(librosa.stft(y, n_fft=512, win_length=256, hop_length=128, window="hamming")) ** 2
    mel = librosa.feature.melspectrogram(S=spectrum, sr=16_000, n_mels=128, fmax=4000)
    level = librosa.power_to_db(mel, ref=np.max)
    return np.stack([level[:, first : first + 128] for first in range(0, 257, 64)])


def test_it_equals_librosa_step_by_step():
    librosa = pytest.importorskip("librosa")
    clips = chirps(6, RAW)
    expected = np.stack([d2_by_librosa(librosa, clip) for clip in clips.numpy()])
    found = front_end()(clips).numpy()
    assert found.shape == expected.shape == (6, 5, 128, 128)
    assert np.abs(found - expected).max() < 0.02  # dB, of a range of 80
    assert np.abs(found - expected).mean() < 1e-4


def test_it_equals_values_that_librosa_gave():
    found = front_end()(chirps(2, RAW)).numpy()
    for (clip, window, mel, frame), value in zip(FROZEN["places"], FROZEN["values"], strict=True):
        assert found[clip, window, mel, frame] == pytest.approx(value, abs=0.02)


@pytest.mark.parametrize("given", FROZEN["filters"], ids=lambda given: f"{given['n_mels']} of {given['n_fft']}")
def test_the_filters_are_librosas(given):
    filters = mel_filters(*(given[key] for key in ("rate", "n_fft", "n_mels", "fmin", "fmax")))
    assert filters.shape == (given["n_mels"], given["n_fft"] // 2 + 1)
    assert int((~filters.any(1)).sum()) == given["empty"]
    torch.testing.assert_close(filters.sum(1), torch.tensor(given["sums"]), rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(filters.sum(0), torch.tensor(given["columns"]), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    "options",
    [
        {"window": 400, "hop": 160, "n_mels": 64, "fmax": 8000, "taper": "hann"},
        {"window": 512, "hop": 200, "n_mels": 40, "fmin": 50, "fmax": 7600},
        {"n_fft": 1024, "window": 333, "hop": 111, "n_mels": 80, "db": False},
        {"n_fft": 400, "window": 400, "hop": 160, "top_db": None, "reference": 1.0},
        {"n_fft": 256, "window": 256, "n_mels": 128, "fmax": 4000},  # with empty filters
    ],
)
@pytest.mark.filterwarnings("ignore:Empty filters")
def test_other_options_equal_librosa_too(options):
    librosa = pytest.importorskip("librosa")
    wish = {"n_fft": 512, "window": 256, "hop": 128, "taper": "hamming", "n_mels": 128, "fmin": 0, "fmax": 4000}
    wish |= {"db": True, "reference": "clip", "top_db": 80} | options
    clip = chirps(1, 30_001)
    spectrum = librosa.stft(
        clip[0].numpy() / np.float32(32768),
        n_fft=wish["n_fft"],
        win_length=wish["window"],
        hop_length=wish["hop"],
        window=wish["taper"],
    )
    places = {key: wish[key] for key in ("n_mels", "fmin", "fmax")}
    expected = librosa.feature.melspectrogram(S=np.abs(spectrum) ** 2, sr=16_000, **places)
    if wish["db"]:
        reference = np.max if wish["reference"] == "clip" else wish["reference"]
        expected = librosa.power_to_db(expected, ref=reference, top_db=wish["top_db"])
    found = front_end(30_001, **WHOLE, **options)(clip)[0, 0].numpy()
    assert found.shape == expected.shape
    if wish["db"]:
        assert np.abs(found - expected).max() < 0.02
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6 * expected.max())


def test_mel_and_hertz_are_inverse():
    hertz = torch.linspace(0, 8000, 99, dtype=torch.float64)
    torch.testing.assert_close(to_hertz(to_mel(hertz)), hertz)
    assert to_mel(torch.tensor([1000.0], dtype=torch.float64)).item() == pytest.approx(15)


def test_windows_are_cut_out_of_the_whole_picture_and_the_axes_say_where():
    clips, module = chirps(2, RAW), front_end()
    whole, windows, axes = module.spectrogram(clips), module(clips), module.axes()
    assert whole.shape == (2, 128, 384)
    for number in range(5):
        assert torch.equal(windows[:, number], whole[:, :, 64 * number : 64 * number + 128])
    assert axes.hertz.shape == (128,) and axes.seconds.shape == (5, 128)
    assert axes.seconds[0, 0] == 0.5 and axes.seconds[1, 0] == pytest.approx(0.5 + 64 * 128 / 16_000)
    assert 0 < axes.hertz[0] < axes.hertz[-1] < 4000


def test_a_tone_lies_where_the_axes_say():
    rate, begin, hertz = 16_000, 1.5, 1500.0
    time = np.arange(RAW) / rate
    tone = np.where((time >= begin) & (time < begin + 0.3), np.sin(2 * np.pi * hertz * time), 0)
    module = front_end(windows=None)
    picture, axes = module(torch.from_numpy((20_000 * tone).astype(np.int16))[None])[0, 0], module.axes()
    row, column = divmod(int(picture.argmax()), picture.shape[1])
    assert axes.hertz[row] == pytest.approx(hertz, rel=0.02)
    loud = axes.seconds[0][picture[row] > -6]
    assert begin <= loud.min() <= begin + 0.02 and begin + 0.28 <= loud.max() <= begin + 0.3
    assert column


def test_the_clips_own_samples_alone_are_normalised():
    clips = chirps(3, RAW)
    short = clips.clone()
    short[:, 40_000:] = NO_SOUND
    module = front_end(windows=None)
    heard = module._clip(short)
    assert heard.shape == (3, 49_100) and not heard[:, 32_000:].any()
    torch.testing.assert_close(heard[:, :32_000].mean(1), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(heard[:, :32_000].std(1, correction=0), torch.ones(3))
    # the filling decides nothing: an array that ends with the clip gives the same
    assert torch.equal(module(short), module(short[:, :40_000]))


def test_floats_of_an_augmentation_give_what_int16_gives():
    clips, module = chirps(3, RAW), front_end()
    clips[0, 33_000:] = NO_SOUND
    floats = torch.where(clips == NO_SOUND, -2.0, clips / 32768)
    torch.testing.assert_close(module(floats), module(clips))


def test_silent_and_too_short_clips_give_finite_values():
    clips = torch.full((3, RAW), NO_SOUND, dtype=torch.int16)
    clips[0], clips[1, :4000] = 0, 1000  # silent; over before the skip is; not one sample
    assert torch.equal(front_end()(clips), torch.zeros(3, 5, 128, 128))
    assert torch.equal(front_end(db=False)(clips), torch.zeros(3, 5, 128, 128))
    clips[0] = 77  # a constant
    assert front_end()(clips).isfinite().all()


def test_the_level_of_a_clip_is_kept_on_request():
    quiet = chirps(2, RAW)
    loud = quiet * 2
    kept = front_end(normalise=None, reference=1.0)
    torch.testing.assert_close(kept(loud), kept(quiet) + 20 * np.log10(2), rtol=0, atol=1e-2)
    gone = front_end()
    torch.testing.assert_close(gone(loud), gone(quiet), rtol=0, atol=1e-2)
    scaled = front_end(mean=-40, std=20)
    torch.testing.assert_close(scaled(loud), (gone(loud) + 40) / 20)


def test_half_precision_does_not_reach_it():
    clips, module = chirps(2, RAW), front_end()
    with torch.autocast("cpu", torch.bfloat16):
        inside = module(clips)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, module(clips))


def test_masks_come_in_training_alone():
    module = LogMel((RAW,), spec_augment=SpecAugment(mel_masks=1, time_masks=1))
    clips = chirps(2, RAW)
    assert not torch.equal(module.train()(clips), module(clips))
    assert torch.equal(module.eval()(clips), front_end()(clips))
    # windows overlap: a mask lies in both
    windows = module.train()(clips)
    assert torch.equal(windows[:, 0, :, 64:], windows[:, 1, :, :64])


def test_nothing_of_it_is_saved_and_colours_are_copies():
    module = front_end(windows=None, channels=3)
    assert not module.state_dict()
    out = module(chirps(1, RAW))
    assert module.output_shape == out.shape[1:] == (3, 128, 384)
    assert torch.equal(out[:, 0], out[:, 2])
    assert "mels=128" in repr(module)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"windows": 6}, "expected 1 to 5: 384 frames hold 5 windows of 128 a step of 64 apart"),
        ({"step": 0}, "windows: expected 1 to 0"),
        ({"fmax": 9000}, r"fmax: expected fmin=0 < fmax <= rate / 2 = 8000 Hz; found 9000"),
        ({"window": 600}, "window: expected 2 to n_fft=512 samples"),
        ({"n_fft": 511}, "n_fft: expected an even"),
        ({"normalise": "batch"}, "normalise: expected clip or null"),
        ({"reference": "max"}, "reference: expected clip, or a power"),
        ({"taper": "kaiser"}, "taper: expected one of hamming, hann"),
        ({"length": None, "skip": 5}, "length: expected a sample or more behind skip=5 s of 70000 samples"),
        ({"channels": 3}, "channels: expected 1, or more without windows"),
        ({"top_db": 0}, "top_db"),
        ({"std": 0}, "std"),
        ({"hop": 0}, "hop"),
        ({"n_mels": 0}, "n_mels"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(FerlabError, match=f"preprocess.*{message}"):
        front_end(**options)


def test_images_are_refused():
    with pytest.raises(FerlabError, match=r"LogMel takes waveforms.*\(48, 48, 1\).*model=cnn10"):
        LogMel((48, 48, 1))
    with pytest.raises(FerlabError, match="waveforms: expected int16 or floating"):
        front_end()(torch.zeros(2, 48, dtype=torch.uint8))
