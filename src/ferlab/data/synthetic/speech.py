"""SyntheticSpeech: the embedded data set for speech, voices made by a program; nothing to download.

Twenty-four speakers say RAVDESS's two sentences in its eight emotions, under its file names: pulses of a glottis,
filtered by the formants of a mouth (`speech_sound.py`), as who speaks and how they feel shapes them
(`speech_voices.py`). It stands for no real voice: every output made from it says "synthetic".
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Int16

from ferlab.cache import Arrays, cached
from ferlab.data.audio import together
from ferlab.data.ravdess_labels import labelled, scheme
from ferlab.data.ravdess_names import ACTORS, EMOTIONS, INTENSITIES, every_name, parse
from ferlab.data.samples import Samples
from ferlab.data.synthetic.speech_sound import RATE, noises, speak
from ferlab.data.synthetic.speech_voices import voice
from ferlab.errors import FerlabError
from ferlab.progress import watched
from ferlab.spec import TaskSpec

#: raise it whenever the voices change: cached sounds of older versions are then left alone
VERSION = 1
_FULL = 32767


class SyntheticSpeech:
    """Speech made by a program, as RAVDESS's would be: int16 (sample, time) at 16 kHz, one split "all".

    A clip depends on the seed, its own name and the noise, never on how many there are: a smaller set is a part of the
    larger one. On another processor a sample may differ by a last bit.
    """

    def __init__(
        self,
        speakers: int = ACTORS,
        repetitions: int = 2,
        labels: str = "emotion8",
        classes: Sequence[str] | None = None,
        kind: str | None = None,
        noise: int | float | None = -72,
        seed: int = 0,
    ) -> None:
        """Check the options; nothing is spoken yet.

        Args:
            speakers: how many, 2 to 24; odd numbers are men, even ones women.
            repetitions: how often each says everything, 1 or 2: 30 or 60 clips a speaker.
            labels: "emotion8", "emotion7", "gender_emotion14" or "ancestor7", see `ravdess_labels`.
            classes: classes of that scheme to keep, relabelled in this order; None for all.
            kind: "multiclass" or "binary"; None: binary where there are exactly two classes.
            noise: level of the room's noise, dB full scale, -90 to -10; None for none. Speech lies near -30.
            seed: another seed, other speakers.

        Raises:
            FerlabError: an option lies outside its range.
        """
        scheme("synthetic_speech", labels)
        _require(2 <= speakers <= ACTORS, "speakers", f"2 to {ACTORS}", speakers)
        _require(repetitions in (1, 2), "repetitions", "1 or 2", repetitions)
        _require(noise is None or -90 <= noise <= -10, "noise", "null, or -90 to -10 (dB full scale)", noise)
        _require(seed >= 0, "seed", "0 or more", seed)
        self.speakers, self.repetitions, self.noise, self.seed = speakers, repetitions, noise, seed
        self.labels, self.classes, self.kind = labels, classes, kind

    def load(self) -> Samples:
        """Make the clips, or take them from the cache.

        Returns:
            Samples with RAVDESS's names as ids and its columns: actor, gender, intensity, statement, repetition and
            emotion. 1,440 clips of 2 to 3.5 seconds by default, the first half second and the last third quiet.
        """
        names = every_name(self.speakers, self.repetitions)
        options = {
            "version": VERSION,
            "speakers": self.speakers,
            "repetitions": self.repetitions,
            "noise": self.noise,
            "seed": self.seed,
        }
        x = cached("synthetic_speech", options, lambda: self._make(names))["x"]
        every = Samples(
            name="synthetic_speech",
            spec=TaskSpec("multiclass", EMOTIONS, "audio", x.shape[1:]),
            x=x,
            labels=np.zeros(len(names), np.int64),
            ids=np.array(names),
            splits=np.full(len(names), "all"),
            synthetic=True,
            notes=("synthetic: voices made by a program, no recordings",),
        )
        return labelled(every, self.labels, self.classes, self.kind)

    def _make(self, names: list[str]) -> Arrays:
        stretches = noises(self.seed)
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            made = pool.map(lambda name: self.clip(name, stretches), names)
            clips = list(watched(made, len(names), "synthetic_speech: speaking"))
        return {"x": together(clips, RATE, "synthetic_speech")}

    def clip(self, name: str, stretches: dict[str, np.ndarray] | None = None) -> Int16[np.ndarray, "time"]:
        """Make one clip.

        Args:
            name: as RAVDESS's files are called, without extension.
            stretches: `noises` of the seed, where they are made already.

        Returns:
            Samples at 16 kHz, -32767..32767.
        """
        recording = parse(name)
        facts = [
            recording.actor,
            EMOTIONS.index(recording.emotion),
            INTENSITIES.index(recording.intensity),
            recording.statement,
            recording.repetition,
        ]
        rng = np.random.default_rng([self.seed, 5, *facts])
        stretches = noises(self.seed) if stretches is None else stretches
        sound = speak(voice(recording, self.seed), recording.statement, self.noise, stretches, rng)
        return np.asarray(np.rint(sound.clip(-1, 1) * _FULL), np.int16)


def _require(holds: bool, option: str, expected: str, found: object) -> None:
    if not holds:
        raise FerlabError(f"synthetic_speech: data.{option}: expected {expected}, found {found!r}")
