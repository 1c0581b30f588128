"""Each speaker's long-term spectrum at the mean of all speakers."""

from dataclasses import replace

import numpy as np
import pytest

from ferlab.build import build
from ferlab.config import compose, plain
from ferlab.data.audio import NO_SOUND
from ferlab.data.datamodule import DataModule
from ferlab.data.samples import Samples
from ferlab.data.speaker_spectrum import equalised
from ferlab.errors import FerlabError
from ferlab.spec import TaskSpec

RATE, LONG = 16_000, 8_000


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FERLAB_CACHE", str(tmp_path))


def voices() -> Samples:
    """Two speakers say the same noise; the second through a channel that lifts what is above 1 kHz by 12 dB."""
    rng = np.random.default_rng(0)
    spectrum = np.fft.rfft(rng.normal(0, 1000, (8, LONG)))
    spectrum[4:, int(1000 * LONG / RATE) :] *= 4
    x = np.rint(np.fft.irfft(spectrum, LONG)).astype(np.int16)
    x[::2, 6_000:] = NO_SOUND
    who = np.repeat(["a", "b"], 4)
    spec = TaskSpec("multiclass", ("calm", "angry"), "audio", (LONG,))
    ids = np.array([f"clip{i}" for i in range(8)])
    return Samples("voices", spec, x, np.arange(8) % 2, ids, np.full(8, "all"), {"actor": who}, people=("actor",))


def tilt(samples: Samples, who: str) -> float:
    """Level above 1 kHz less that below, in dB."""
    chosen = np.asarray(samples.x)[samples.columns["actor"] == who]
    power = np.square(np.abs(np.fft.rfft(np.where(chosen == NO_SOUND, 0, chosen).astype(float)))).mean(0)
    edge = int(1000 * LONG / RATE)
    return float(10 * np.log10(power[edge:].mean() / power[:edge].mean()))


def test_a_channel_of_one_speaker_goes_away() -> None:
    samples = voices()
    made = equalised(samples, "actor")
    assert tilt(samples, "b") - tilt(samples, "a") == pytest.approx(12, abs=1)
    assert tilt(made, "b") - tilt(made, "a") == pytest.approx(0, abs=1.5)
    assert tilt(samples, "a") < tilt(made, "a") < tilt(samples, "b")
    assert np.array_equal(np.asarray(made.x) == NO_SOUND, samples.x == NO_SOUND)
    assert "from all of their clips" in made.notes[-1]


def test_what_differs_between_a_speakers_clips_stays() -> None:
    samples = voices()
    x = samples.x.copy()
    x[0] = np.where(x[0] == NO_SOUND, NO_SOUND, x[0] // 4)
    made = np.asarray(equalised(replace(samples, x=x), "actor").x).astype(float)
    assert np.abs(made[0][:6000]).mean() * 3 < np.abs(made[2][:6000]).mean()


def test_mistakes_are_named() -> None:
    with pytest.raises(FerlabError, match="no such column; voices has actor"):
        equalised(voices(), "speaker")
    with pytest.raises(FerlabError, match="expected clips of 4096 samples or more"):
        equalised(replace(voices(), x=voices().x[:, :100]), "actor")
    faces = plain(compose("train", ["data.n_train=40", "data.n_val=20", "data.n_test=20", "data.size=24"]))
    with pytest.raises(FerlabError, match="is for sounds; data set synthetic_faces holds images"):
        DataModule(build(faces["data"]), build(faces["protocol"] | {"normalise": "actor"}))


class Source:
    def load(self) -> Samples:
        return voices()


def test_a_protocol_that_normalises_says_so() -> None:
    protocol = plain(compose("train", ["protocol=random80"]))["protocol"] | {"val": 0.3, "test": 0.3}
    data = DataModule(Source(), build(protocol | {"normalise": "actor"}))
    assert data.assignment.facts["marks"] == [
        "normalised by each test speaker's own clips",
        "speakers in both halves",
    ]
    assert not np.array_equal(data.samples.x, voices().x)
