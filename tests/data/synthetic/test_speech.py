"""SyntheticSpeech: determinism, counts, what a voice must show, and what emotions do to it."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from ferlab.data.audio import NO_SOUND
from ferlab.data.ravdess_names import EMOTIONS, every_name, name_of, parse
from ferlab.data.synthetic.speech import VERSION, SyntheticSpeech
from ferlab.data.synthetic.speech_phones import STATEMENTS, STEP, durations, tracks
from ferlab.data.synthetic.speech_sound import RATE, noises
from ferlab.data.synthetic.speech_voices import voice
from ferlab.errors import FerlabError

STRETCHES = noises(0)
LEVELS = [
    [-72.0, -71.9, -30.4, -25.6, -22.7, -29.3, -24.5, -21.0, -40.2, -71.8],
    [-72.0, -67.4, -35.7, -38.5, -38.6, -40.3, -40.8, -34.7, -50.3, -72.0],
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("speech")


@pytest.fixture(autouse=True)
def own(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLAB_CACHE", str(cache))


def spectrum(sound: np.ndarray, size: int = 1024) -> np.ndarray:
    """Mean power spectrum of the middle of a clip, as a share."""
    middle = sound[len(sound) // 3 : 2 * len(sound) // 3].astype(float)
    frames = np.lib.stride_tricks.sliding_window_view(middle, size)[:: size // 4] * np.hanning(size)
    power = (np.abs(np.fft.rfft(frames)) ** 2).mean(0)
    return power / power.sum()


def pitch(sound: np.ndarray) -> np.ndarray:
    """Hz of the loud frames by autocorrelation."""
    frames = np.lib.stride_tricks.sliding_window_view(sound.astype(float), 1024)[::320]
    frames = frames[(level := (frames**2).mean(1)) > 0.15 * level.max()]
    spectra = np.abs(np.fft.rfft(frames * np.hanning(1024), 4096)) ** 2
    lags = np.fft.irfft(spectra)[:, :400]
    return RATE / (32 + lags[:, 32:320].argmax(1))


def test_what_is_loaded() -> None:
    samples = SyntheticSpeech(speakers=4, repetitions=1).load()
    assert samples.synthetic and samples.name == "synthetic_speech" and "synthetic" in samples.notes[0]
    assert samples.ids.tolist() == every_name(4, 1) and len(samples) == 120
    assert samples.spec.labels == EMOTIONS and samples.spec.modality == "audio" and samples.people == ("actor",)
    assert samples.x.dtype == np.int16 and isinstance(samples.x, np.memmap) and set(samples.splits) == {"all"}
    sounding = samples.x != NO_SOUND
    assert not (sounding[:, 1:] & ~sounding[:, :-1]).any()
    seconds = sounding.sum(1) / RATE
    assert 1.5 < seconds.min() < 2.6 < seconds.max() < 4.0
    # never clipped
    assert np.abs(samples.x[sounding]).max() < 32_767


def test_all_of_it_is_named_as_in_ravdess() -> None:
    assert len(every_name(SyntheticSpeech().speakers, SyntheticSpeech().repetitions)) == 1440


def test_label_schemes_and_classes() -> None:
    samples = SyntheticSpeech(speakers=4, repetitions=1, labels="gender_emotion14").load()
    assert len(samples.spec.labels) == 14 and np.bincount(samples.labels).tolist() == [12, *[8] * 6] * 2
    two = SyntheticSpeech(speakers=4, repetitions=1, classes=["sad", "happy"]).load()
    assert two.spec.kind == "binary" and len(two) == len(two.x) == 32


def test_a_smaller_set_is_part_of_a_larger_one() -> None:
    small, large = (SyntheticSpeech(speakers=n, repetitions=r).load() for n, r in ((2, 1), (3, 1)))
    place = {name: k for k, name in enumerate(large.ids)}
    for name, clip in zip(small.ids, small.x, strict=True):
        other = large.x[place[name]]
        np.testing.assert_array_equal(clip[clip != NO_SOUND], other[other != NO_SOUND])


def test_seeds() -> None:
    name = every_name()[500]
    first, again, other = (SyntheticSpeech(seed=seed).clip(name) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert len(first) != len(other) or (first != other).mean() > 0.9


def test_repetitions_differ() -> None:
    one, two = (SyntheticSpeech().clip(name_of("happy", "normal", 1, r, 3), STRETCHES) for r in (1, 2))
    assert len(one) != len(two) or (one != two).mean() > 0.9


def test_noise_is_what_was_asked_for() -> None:
    name = name_of("sad", "normal", 1, 1, 2)
    quiet, loud = (SyntheticSpeech(noise=level).clip(name, STRETCHES)[: RATE // 2] for level in (None, -40))
    assert np.abs(quiet).max() == 0
    assert abs(20 * np.log10(loud.std() / 32_768) + 40) < 0.3


def test_the_voice_is_periodic_at_its_pitch() -> None:
    for actor in (1, 2, 5, 8):
        name = name_of("neutral", "normal", 1, 1, actor)
        found = np.median(pitch(SyntheticSpeech().clip(name, STRETCHES)))
        assert abs(np.log2(found / voice(parse(name), 0).pitch)) < 0.25, (actor, found)


def test_women_speak_higher_than_men() -> None:
    pitches = [voice(parse(name_of("neutral", "normal", 1, 1, actor)), 0).pitch for actor in range(1, 25)]
    assert 90 < np.median(pitches[::2]) < 140 < 170 < np.median(pitches[1::2]) < 250


def test_formants_are_in_the_spectrum() -> None:
    # a long vowel alone: peaks of the smoothed spectrum lie at the first two formants of AO
    name = name_of("neutral", "normal", 1, 1, 1)
    sound, who = SyntheticSpeech(noise=None).clip(name, STRETCHES), voice(parse(name), 0)
    at = np.flatnonzero([phone == "AO'" for phone in STATEMENTS[0]])[-1]
    ends = np.cumsum(durations(1)) / who.tempo
    start = np.flatnonzero(np.abs(sound) > 30)[0]
    vowel = sound[start + int((ends[at - 1] + 0.05) * RATE) : start + int((ends[at] + 0.0) * RATE)].astype(float)
    power = np.abs(np.fft.rfft(vowel * np.hanning(len(vowel)), 8192)) ** 2
    smooth = np.convolve(np.log(power + 1), np.ones(90) / 90, mode="same")
    hertz = np.fft.rfftfreq(8192, 1 / RATE)
    low, dip, high = ((hertz > a) & (hertz < b) for a, b in ((400, 1100), (1400, 2000), (2200, 2700)))
    assert smooth[low].max() > smooth[dip].mean() + 2 and smooth[high].max() > smooth[dip].min()


def test_tracks_follow_the_phones() -> None:
    ends = np.cumsum(durations(2))
    course = tracks(2, ends, 0.5, 600)
    quiet = np.r_[0 : int(0.48 / STEP), int((0.52 + ends[-1]) / STEP) : 600]
    for name in ("voice", "breath", "hiss", "burst", "puff"):
        assert np.abs(course[name][quiet]).max() < 1e-6 and course[name].max() > 0.01, name
    # the s of "sitting" hisses without voice
    s = STATEMENTS[1].index("S")
    middle = int((0.5 + ends[s] - durations(2)[s] / 2) / STEP)
    assert course["hiss"][middle] > 0.5 and course["voice"][middle] < 0.05
    assert course["accent"].max() > 0.4 and (np.diff(course["accent"]) <= 0.2).all()


def mean(measure: str, emotion: str, intensity: str = "strong") -> float:
    values = [
        getattr(voice(parse(name_of(emotion, intensity, s, r, actor)), 0), measure)
        for actor in range(1, 25)
        for s in (1, 2)
        for r in (1, 2)
    ]
    return float(np.mean(np.log(np.abs(values)))) if measure != "level" else float(np.mean(values))


@pytest.mark.parametrize(
    ("measure", "more", "less"),
    [
        ("pitch", "fearful", "neutral-"),
        ("pitch", "happy", "sad"),
        ("level", "angry", "calm"),
        ("level", "neutral-", "sad"),
        ("tempo", "fearful", "disgust"),
        ("tempo", "neutral-", "sad"),
        ("span", "surprised", "calm"),
        ("jitter", "disgust", "happy"),
        ("cutoff", "angry", "sad"),
        ("breath", "sad", "angry"),
    ],
)
def test_emotions_act_as_the_literature_says(measure: str, more: str, less: str) -> None:
    high, low = (mean(measure, name.rstrip("-"), "normal" if name[-1] == "-" else "strong") for name in (more, less))
    assert high > low


def test_strong_emotions_are_shown_more() -> None:
    for emotion in ("angry", "fearful", "happy"):
        assert mean("pitch", emotion) > mean("pitch", emotion, "normal")


def test_surprise_ends_high_and_anger_low() -> None:
    for actor in (1, 2, 3, 4):
        last = {}
        for emotion in ("surprised", "angry"):
            found = pitch(SyntheticSpeech().clip(name_of(emotion, "strong", 1, 1, actor), STRETCHES))
            last[emotion] = np.median(found[-6:]) / np.median(found)
        assert last["surprised"] > last["angry"], (actor, last)


def test_anger_is_brighter_than_sadness() -> None:
    for actor in (1, 2):
        share = [
            spectrum(SyntheticSpeech(noise=None).clip(name_of(e, "strong", 1, 1, actor), STRETCHES))[64:].sum()
            for e in ("angry", "sad")
        ]
        assert share[0] > share[1]


def test_the_voices_change_only_with_their_version() -> None:
    # level in dB of the tenths of two clips: where this fails, the voices changed; raise VERSION, or old caches live on
    made = []
    for name in (name_of("angry", "strong", 1, 1, 1), name_of("calm", "normal", 2, 2, 24)):
        parts = np.array_split(SyntheticSpeech().clip(name, STRETCHES).astype(float), 10)
        made.append([round(10 * np.log10(np.mean((part / 32_768) ** 2)), 1) for part in parts])
    golden = (1, LEVELS)
    assert golden[0] == VERSION
    np.testing.assert_allclose(made, golden[1], atol=0.2)


def test_the_yaml_holds_every_option_with_its_default() -> None:
    options = OmegaConf.to_container(OmegaConf.load(Path(__file__).parents[3] / "conf/data/synthetic_speech.yaml"))
    assert isinstance(options, dict)
    assert options.pop("_target_") == f"{SyntheticSpeech.__module__}.{SyntheticSpeech.__qualname__}"
    parameters = inspect.signature(SyntheticSpeech.__init__).parameters
    assert options == {name: p.default for name, p in parameters.items() if name != "self"}


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"speakers": 1}, r"data\.speakers: expected 2 to 24, found 1"),
        ({"speakers": 25}, "speakers"),
        ({"repetitions": 3}, "repetitions"),
        ({"noise": 0}, "noise"),
        ({"seed": -1}, "seed"),
        ({"labels": "six"}, r"data\.labels: expected one of emotion8"),
    ],
)
def test_a_bad_option_is_named(options: dict[str, object], word: str) -> None:
    with pytest.raises(FerlabError, match=word):
        SyntheticSpeech(**options)  # type: ignore[arg-type]
