"""RAVDESS's file names: seven two-digit parts that say what a recording is (Livingstone and Russo 2018)."""

import re
from dataclasses import dataclass

from ferlab.data.broken import BadEntryError

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
ACTORS = 24
MODALITIES = {"01": "audio and video", "02": "video alone", "03": "audio alone"}
CHANNELS = {"01": "speech", "02": "song"}
INTENSITIES = ("normal", "strong")
SONG_EMOTIONS = EMOTIONS[:6]
_NAME = re.compile(r"\d\d(-\d\d){6}")
_EXPECTED = (
    "expected seven two-digit parts <modality>-<channel>-<emotion>-<intensity>-<statement>-<repetition>-<actor>, "
    "as in 03-01-06-01-02-01-12"
)


@dataclass(frozen=True)
class Recording:
    """What a file's name says.

    Attributes:
        modality: one of `MODALITIES`' values.
        channel: "speech" or "song".
        emotion: one of `EMOTIONS`.
        intensity: "normal" or "strong".
        statement: 1 "Kids are talking by the door", 2 "Dogs are sitting by the door".
        repetition: 1 or 2.
        actor: 1 to 24.
    """

    modality: str
    channel: str
    emotion: str
    intensity: str
    statement: int
    repetition: int
    actor: int

    @property
    def spoken_alone(self) -> bool:
        """Tell whether it is speech without video."""
        return self.modality == MODALITIES["03"] and self.channel == CHANNELS["01"]

    @property
    def gender(self) -> str:
        """Return "male" for actors of odd number, else "female"."""
        return "male" if self.actor % 2 else "female"


def parse(stem: str) -> Recording:
    """Read a file's name without its extension.

    Raises:
        BadEntryError: it is none, or a part has an unknown value.
    """
    if not _NAME.fullmatch(stem):
        raise BadEntryError(f"has a wrong name: {_EXPECTED}, found {stem!r}")
    modality, channel, emotion, intensity, statement, repetition, actor = stem.split("-")
    _among("modality", modality, list(MODALITIES))
    _among("vocal channel", channel, list(CHANNELS))
    _among("emotion", emotion, _numbers(len(SONG_EMOTIONS if channel == "02" else EMOTIONS)))
    _among("intensity", intensity, _numbers(1 if emotion == "01" else 2), "; neutral has no strong one")
    _among("statement", statement, _numbers(2))
    _among("repetition", repetition, _numbers(2))
    _among("actor", actor, _numbers(ACTORS))
    return Recording(
        MODALITIES[modality],
        CHANNELS[channel],
        EMOTIONS[int(emotion) - 1],
        INTENSITIES[int(intensity) - 1],
        int(statement),
        int(repetition),
        int(actor),
    )


def name_of(emotion: str, intensity: str, statement: int, repetition: int, actor: int) -> str:
    """Return the name, without extension, of a spoken recording without video."""
    numbers = (EMOTIONS.index(emotion) + 1, INTENSITIES.index(intensity) + 1, statement, repetition, actor)
    return "-".join(["03", "01", *(f"{n:02d}" for n in numbers)])


def every_name(actors: int = ACTORS, repetitions: int = 2) -> list[str]:
    """Return the names of all spoken recordings of the first actors, 60 each, in the order of actor and name."""
    return [
        name_of(emotion, intensity, statement, repetition, actor)
        for actor in range(1, actors + 1)
        for emotion in EMOTIONS
        for intensity in INTENSITIES[: 1 if emotion == "neutral" else 2]
        for statement in (1, 2)
        for repetition in range(1, repetitions + 1)
    ]


def _numbers(most: int) -> list[str]:
    return [f"{n:02d}" for n in range(1, most + 1)]


def _among(part: str, value: str, known: list[str], note: str = "") -> None:
    if value not in known:
        raise BadEntryError(f"has an unknown {part}: expected {known[0]} to {known[-1]}{note}, found {value}")
