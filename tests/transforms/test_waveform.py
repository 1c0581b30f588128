"""Augmentations of waveforms: what each does to the signal, and where a clip is over."""

import numpy as np
import pytest
import torch

from fakes.tones import chirps
from ferlab.build import build
from ferlab.config import compose, conf_dir, plain
from ferlab.data.audio import NO_SOUND as NO_SOUND_OF_THE_DATA
from ferlab.errors import FerlabError
from ferlab.transforms.chain import Chain
from ferlab.transforms.clip_mixup import ClipMixup
from ferlab.transforms.flip import HorizontalFlip
from ferlab.transforms.gain import Gain
from ferlab.transforms.mixing import Mixing
from ferlab.transforms.modality import check_augment
from ferlab.transforms.noise import WhiteNoise
from ferlab.transforms.shift import TimeShift
from ferlab.transforms.spec_augment import SpecAugment
from ferlab.transforms.speed import Speed
from ferlab.transforms.waveform import NO_SOUND, NO_SOUND_FLOAT, from_float, power, to_float, to_weighed

LENGTH = 9_000
OPTIONS = {
    "noise": lambda: WhiteNoise(p=1),
    "gain": lambda: Gain(),
    "shift": lambda: TimeShift(0.1),
    "speed": lambda: Speed(),
    "mixup": lambda: ClipMixup(1.0),
}
PRESETS = sorted(
    path.stem
    for path in (conf_dir() / "augment").glob("*.yaml")
    if any(f"transforms.{name}." in path.read_text() for name in ("noise", "speed", "shift", "gain", "clip_mixup"))
)


def clips(count=8):
    x = chirps(count, LENGTH)
    for row, clip in enumerate(x):
        clip[LENGTH - 300 * (row % 8) :] = NO_SOUND
    return x


def preset(name):
    return build(plain(compose("train", [f"augment={name}"]))["augment"])


def test_the_codes_are_the_data_sets_and_survive_the_way_there_and_back():
    assert NO_SOUND == NO_SOUND_OF_THE_DATA
    x = clips()
    signal, sounding = to_float(x)
    assert torch.equal(sounding, x != NO_SOUND) and not signal[~sounding].any()
    assert torch.equal(signal[sounding] * 32768, x[sounding].float())
    floats = from_float(signal, sounding)
    assert torch.equal(floats == NO_SOUND_FLOAT, ~sounding)
    for found, expected in zip(to_float(floats), (signal, sounding), strict=True):
        assert torch.equal(found, expected)
    assert from_float(torch.tensor([[3.0, -3.0]]), torch.tensor([[True, True]])).tolist() == [[1, -1]]


@pytest.mark.parametrize("make", OPTIONS.values(), ids=OPTIONS)
def test_single_augmentations_keep_what_all_have_to_keep(make):
    keeps(make())


def test_there_are_presets_for_sounds():
    assert {"noise", "speech", "clip_mixup"} <= set(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_keep_what_all_have_to_keep(name):
    module = preset(name)
    check_augment(module, "audio")
    keeps(module)


def keeps(module):
    x = clips()
    before = x.clone()
    torch.manual_seed(3)
    first, second = module(x), module(x)
    torch.manual_seed(3)
    assert torch.equal(module(x), first), "torch.manual_seed does not repeat it"
    assert not torch.equal(first, second), "two epochs hear the same"
    assert torch.equal(x, before), "the caller's batch was written to"
    assert first.shape == x.shape and first.dtype == torch.float32 and first.isfinite().all()
    over = first == NO_SOUND_FLOAT
    assert first[~over].abs().max() <= 1
    # one end, and nothing behind it
    assert torch.equal(over, over.int().cummax(1).values.bool())
    # an augmented batch is taken as a raw one is
    torch.manual_seed(3)
    again = module(from_float(*to_float(x)))
    torch.testing.assert_close(again, first)
    # clips of a batch are treated apart
    same = x[:1].expand(6, -1).contiguous()
    if not isinstance(module, Mixing) or isinstance(module, Chain):
        assert len({row.numpy().tobytes() for row in module(same)}) > 1
    assert not module.state_dict() and repr(module)


@pytest.mark.parametrize("make", [OPTIONS[name] for name in ("noise", "gain", "shift")])
def test_the_end_stays_where_it_was(make):
    x = clips()
    assert torch.equal(make()(x) == NO_SOUND_FLOAT, x == NO_SOUND)


def test_nobody_is_chosen_at_probability_0():
    x = clips()
    for module in (WhiteNoise(p=0), Gain(p=0), TimeShift(p=0), Speed(p=0), ClipMixup(p=0)):
        torch.testing.assert_close(module(x), from_float(*to_float(x)), rtol=0, atol=1e-6)


def test_noise_has_the_ratio_that_was_asked_for():
    x = clips(64) // 4  # so that no sum reaches full scale
    x[clips(64) == NO_SOUND] = NO_SOUND
    signal, sounding = to_float(x)
    x = from_float(signal, sounding)
    added = torch.where(sounding, WhiteNoise([15, 30], p=1)(x) - signal, 0.0)
    ratio = 10 * (power(signal, sounding) / power(added, sounding)).log10()
    assert 15 <= ratio.min() < 16.5 and 28.5 < ratio.max() <= 30
    exact = torch.where(sounding, WhiteNoise([20, 20], p=1)(x) - signal, 0.0)
    torch.testing.assert_close(10 * (power(signal, sounding) / power(exact, sounding)).log10(), torch.full((64,), 20.0))
    # white: as much in each half of the spectrum; Gaussian: three sigma hold 99.7 %
    spectrum = torch.fft.rfft(exact[0]).abs().square()
    low, high = spectrum[1:2250].sum(), spectrum[2250:].sum()
    assert 0.9 < low / high < 1.1
    values = exact[0] / exact[0].std()
    assert 0.995 < (values.abs() < 3).float().mean() < 0.999


def test_a_silent_clip_stays_silent():
    x = torch.zeros(2, 100, dtype=torch.int16)
    x[1] = NO_SOUND
    assert torch.equal(WhiteNoise(p=1)(x), from_float(*to_float(x)))


def test_gain_is_what_was_asked_for():
    x = clips()
    signal, _ = to_float(x)
    louder, _ = to_float(Gain([-6, -6])(x))
    torch.testing.assert_close(louder, signal * 10 ** (-6 / 20))


def test_shift_turns_a_clip_around_within_itself():
    x = clips()
    shifted, sounding = to_float(TimeShift(0.1)(x))
    signal, _ = to_float(x)
    for old, new, own in zip(signal, shifted, sounding.sum(1).tolist(), strict=True):
        spectra = torch.fft.rfft(old[:own]).conj() * torch.fft.rfft(new[:own])
        shift = int(torch.fft.irfft(spectra, own).argmax())
        assert torch.equal(old[:own].roll(shift), new[:own])
        assert min(shift, own - shift) <= 1600


@pytest.mark.parametrize("factor", [0.8, 0.93, 1.0, 1.21])
def test_speed_moves_pitch_and_end(factor):
    rate, hertz, own = 16_000, 500, 6000
    x = torch.full((2, LENGTH), NO_SOUND, dtype=torch.int16)
    x[:, :own] = torch.from_numpy((8000 * np.sin(2 * np.pi * hertz * np.arange(own) / rate)).astype(np.int16))
    signal, sounding = to_float(Speed([factor, factor])(x))
    assert abs(int(sounding[0].sum()) - own / factor) <= 1
    time = torch.arange(LENGTH, dtype=torch.float64)[sounding[0]]
    expected = 8000 / 32768 * (2 * torch.pi * hertz * factor * time / rate).sin()
    # behind the last sample there is nothing to interpolate with
    torch.testing.assert_close(signal[0][sounding[0]][:-3].double(), expected[:-3], rtol=0, atol=1e-3)


@pytest.mark.parametrize(("hertz", "off"), [(2000, 0.013), (4000, 0.09)])
def test_speed_is_off_by_what_its_text_says(hertz, off):
    time = torch.arange(LENGTH, dtype=torch.float64)
    at_once, slower = ((2 * torch.pi * hertz / 16_000 * speed * time).sin() / 2 for speed in (1.0, 0.9))
    error = Speed([0.9, 0.9])(at_once.float()[None])[0].double() - slower
    assert 0.5 * off < (error.square().mean() / slower.square().mean()).sqrt() < off


def test_mixup_blends_signals_and_labels_alike():
    x, y = clips(), torch.arange(8)
    torch.manual_seed(0)
    mixed = ClipMixup(1.0, p=0.7).mix(x, y)
    signal, sounding = to_float(x)
    share, heard = mixed.share[:, None], mixed.x != NO_SOUND_FLOAT
    blended = share * signal + (1 - share) * signal[mixed.other]
    torch.testing.assert_close(mixed.x[heard], blended[heard])
    assert torch.equal(mixed.y, y) and (mixed.share < 1).any() and (mixed.share == 1).any()
    assert torch.equal(heard, sounding | (sounding[mixed.other] & (share < 1)))


def test_spec_augment_masks_bands_of_the_asked_width():
    module = SpecAugment(mel_masks=1, mel_width=8, time_masks=2, time_width=0.1).train()
    x = torch.rand(200, 40, 100)
    out = module(x)
    masked = out != x
    means = x.mean((1, 2), keepdim=True).expand_as(x)
    assert torch.equal(out[masked], means[masked])
    rows, columns = masked.all(2), masked.all(1)
    assert torch.equal(masked, rows[:, :, None] | columns[:, None, :])
    assert rows.sum(1).max() == 8 and rows.sum(1).min() == 0
    assert columns.sum(1).max() > 10 and columns.sum(1).max() <= 20
    edges = (columns.int().diff(dim=1) == 1).sum(1) + columns[:, 0].int()
    assert edges.max() == 2
    assert rows.any(0).all() and columns.any(0).all(), "a place that no mask reaches"
    assert torch.equal(SpecAugment(p=0).train()(x), x)
    assert module.eval()(x) is x


def test_images_and_sounds_are_not_mistaken_for_one_another():
    for name in PRESETS:
        with pytest.raises(FerlabError, match=r"is for audio data, but .* is image; cure: augment=none.*augment=flip"):
            check_augment(preset(name), "image")
    with pytest.raises(FerlabError, match=r"HorizontalFlip is for image data.*audio; cure.*augment=speech"):
        check_augment(Chain([WhiteNoise(), HorizontalFlip()]), "audio")
    check_augment(HorizontalFlip(), "image")
    for modality in ("image", "audio", "text"):
        check_augment(None, modality)
        check_augment(torch.nn.Identity(), modality)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: WhiteNoise([30, 15]), r"WhiteNoise.snr: expected \[from, to\]"),
        (lambda: WhiteNoise(p=2), "WhiteNoise.p"),
        (lambda: Gain([0, 100]), "Gain.db"),
        (lambda: TimeShift(-1), "TimeShift.seconds"),
        (lambda: Speed([0, 1]), "Speed.factor"),
        (lambda: ClipMixup(0), "ClipMixup.alpha"),
        (lambda: SpecAugment(mel_masks=-1), "0 or more masks"),
        (lambda: SpecAugment(time_width=1.5), "SpecAugment.time_width"),
    ],
)
def test_options_that_make_no_sense_are_refused(make, message):
    with pytest.raises(FerlabError, match=f"augment: .*{message}"):
        make()


def test_weights_are_what_sounds_as_numbers():
    x = clips()
    x[0, :4] = torch.tensor([-32767, 32767, 0, NO_SOUND])
    for given in (x, torch.where(x == NO_SOUND, NO_SOUND_FLOAT, x / 32768)):
        (signal, sounding), (same, weight) = to_float(given), to_weighed(given)
        assert torch.equal(signal, same)
        assert torch.equal(sounding, weight == 1) and torch.equal(~sounding, weight == 0)
