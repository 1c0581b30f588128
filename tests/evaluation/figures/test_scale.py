"""Seconds and Hertz of a spectrogram, and how a lens shows sounds beside images."""

import numpy as np
import torch
from torch import nn

from fakes.tones import RATE, chirps
from ferlab.evaluation.figures.scale import Scale
from ferlab.evaluation.figures.sound_sheets import clips
from ferlab.evaluation.looking.lens import SoundLens, lens_of
from ferlab.transforms.image import Preprocess
from ferlab.transforms.log_mel import LogMel
from ferlab.transforms.waveform import NO_SOUND

NET = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten())


def test_ticks_lie_inside_and_on_their_rows() -> None:
    scale = Scale((0.5, 3.57), LogMel((70_000,)).axes().hertz.numpy())
    assert scale.times() == [1.0, 2.0, 3.0] and Scale((0.0, 0.3), scale.hertz).times() == [0.0, 0.1, 0.2, 0.3]
    ticks = scale.pitches()
    assert list(ticks.values()) == ["4 kHz", "2k", "1k", "500", "125"] and max(ticks) <= 1
    (place,) = (place for place, text in ticks.items() if text == "1k")
    assert abs(scale.hertz[int(place * 128)] - 1000) < 40


def test_a_tone_lies_where_its_pitch_and_its_moment_say() -> None:
    front = LogMel((RATE,), skip=0, length=RATE, windows=None, top_db=80)
    time = np.arange(RATE) / RATE
    tone = np.where((time > 0.5) & (time < 0.75), 0.5 * np.sin(2 * np.pi * 2000 * time), 0)
    lens = lens_of(front, NET)
    assert isinstance(lens, SoundLens) and lens.scale is not None
    (look,) = lens.look(np.int16(32767 * tone)[None])
    assert look.shape == (128, 126, 1) and look.dtype == np.uint8
    row, column = np.unravel_index(look[..., 0].argmax(), look.shape[:2])
    (share,) = (place for place, text in lens.scale.pitches().items() if text == "2k")
    assert abs((1 - share) * 128 - row - 0.5) < 3
    first, last = lens.scale.seconds
    assert 0.5 < first + (column + 0.5) / 126 * (last - first) < 0.75
    # heat is turned as the picture is
    heat = torch.zeros(1, 128, 126)
    heat[:, 0] = 1
    assert lens.onto_look(heat)[:, -1].min() == 1


def test_levels_are_decibels_whatever_the_net_is_given() -> None:
    x = chirps(2, RATE).numpy()
    options = {"skip": 0, "length": RATE, "windows": None}
    plain, scaled = (lens_of(LogMel((RATE,), **options, mean=m, std=s), NET) for m, s in ((0, 1), (-50, 20)))
    assert isinstance(plain, SoundLens) and isinstance(scaled, SoundLens)
    np.testing.assert_allclose(plain.level(x), scaled.level(x), atol=1e-3)
    assert plain.level(x).max() == 0


def test_a_clip_is_drawn_to_its_end() -> None:
    x = torch.full((1, 2000), NO_SOUND, dtype=torch.int16)
    x[0, :1600] = 16384
    x[0, 800] = -8192
    (clip,) = clips(x, np.zeros((1, 4, 4)), ["a"], RATE)
    assert clip.seconds == 0.1 and clip.peak == 0.5 and clip.low.min() == -0.25


def test_images_are_shown_as_they_are() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1), dtype=np.uint8)
    lens = lens_of(Preprocess((8, 8, 1)), NET)
    assert not isinstance(lens, SoundLens) and lens.scale is None and lens.net is NET
    np.testing.assert_array_equal(lens.look(images), images)
