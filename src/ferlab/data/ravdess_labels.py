"""RAVDESS's label schemes: what the eight emotions and the two genders are put together to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ferlab.data.ravdess_names import EMOTIONS, Recording, parse
from ferlab.data.samples import Samples
from ferlab.data.subset import subset, task_spec
from ferlab.errors import FerlabError
from ferlab.spec import TaskSpec

#: D2's words
_SHORT = {"fearful": "fear", "surprised": "surprise", "calm": "neutral"}
_SEVEN = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")


@dataclass(frozen=True)
class Scheme:
    """A label scheme.

    Attributes:
        labels: class names in index order.
        label: the class of a recording, None where it is left out.
        note: what a reader of the report must know.
    """

    labels: tuple[str, ...]
    label: Callable[[Recording], str | None]
    note: str | None = None


SCHEMES = {
    "emotion8": Scheme(EMOTIONS, lambda r: r.emotion),
    "emotion7": Scheme(
        EMOTIONS[:1] + EMOTIONS[2:],
        lambda r: "neutral" if r.emotion == "calm" else r.emotion,
        "labels emotion7: calm counts as neutral",
    ),
    "gender_emotion14": Scheme(
        tuple(f"{gender}_{emotion}" for gender in ("female", "male") for emotion in _SEVEN),
        lambda r: f"{r.gender}_{_SHORT.get(r.emotion, r.emotion)}",
        "labels gender_emotion14: calm counts as neutral",
    ),
    "ancestor7": Scheme(
        _SEVEN,
        lambda r: None if r.emotion == "neutral" else _SHORT.get(r.emotion, r.emotion),
        "labels ancestor7: calm is taken for neutral and neutral is left out, as in the work that is reproduced",
    ),
}


def scheme(name: str, labels: str) -> Scheme:
    """Return a scheme by its name.

    Args:
        name: the data set's name, for the message.
        labels: the option `data.labels`.

    Raises:
        FerlabError: no such scheme.
    """
    if labels not in SCHEMES:
        raise FerlabError(f"{name}: data.labels: expected one of {', '.join(SCHEMES)}, found {labels!r}")
    return SCHEMES[labels]


def labelled(samples: Samples, labels: str, classes: Sequence[str] | None, kind: str | None) -> Samples:
    """Give samples whose ids are RAVDESS's names their columns, and labels after a scheme.

    Args:
        samples: clips by id; their labels are replaced.
        labels: the scheme's name.
        classes: classes of the scheme to keep, relabelled in this order; None for all.
        kind: "multiclass" or "binary"; None: binary where there are exactly two classes.

    Returns:
        Samples with the columns actor, statement, repetition (numbers), gender, intensity and emotion (words).

    Raises:
        FerlabError: unknown scheme, classes or kind.
    """
    chosen = scheme(samples.name, labels)
    recordings = [parse(str(sample)) for sample in samples.ids]
    columns = {
        "actor": np.array([r.actor for r in recordings]),
        "gender": np.array([r.gender for r in recordings]),
        "intensity": np.array([r.intensity for r in recordings]),
        "statement": np.array([r.statement for r in recordings]),
        "repetition": np.array([r.repetition for r in recordings]),
        "emotion": np.array([r.emotion for r in recordings]),
    }
    given = [chosen.label(r) for r in recordings]
    # those that the scheme leaves out become a class of their own, which is then left out as any other
    names = (*chosen.labels, *(["left out"] if None in given else []))
    numbers = np.array([len(names) - 1 if g is None else names.index(g) for g in given], np.int64)
    every = replace(
        samples,
        spec=TaskSpec("multiclass", names, "audio", samples.spec.shape),
        labels=numbers,
        columns=columns,
        people=("actor",),
        notes=(*samples.notes, *([chosen.note] if chosen.note else [])),
    )
    wanted = task_spec(samples.name, chosen.labels, samples.spec.shape, classes, kind, "audio")
    return subset(every, wanted.labels, kind)
