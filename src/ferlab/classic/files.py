"""A classic model, asked about image, sound and text files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ferlab.answering import Said, some
from ferlab.classic.model import ClassicModel
from ferlab.data.audio import together
from ferlab.data.given_files import read_image, read_sound
from ferlab.data.given_texts import Given
from ferlab.errors import FerlabError
from ferlab.spec import TaskSpec

# files whose raw samples are in memory at once
PICTURES, CLIPS = 256, 16


class ClassicFiles:
    """A kept classic model, as `answering.Answering` describes it.

    Args:
        model: the model.

    Raises:
        FerlabError: a feature that has values for the samples of its data set alone.
    """

    def __init__(self, model: ClassicModel) -> None:
        self.model = model
        for name, feature in model.features.items():
            if getattr(feature, "by_id", False):
                raise FerlabError(
                    f"predict: {model.path} was fitted on features={name}, a table of points by the ids of its data "
                    "set's samples: other files stand in none; cure: a model that finds the points itself, "
                    "features=landmarks or landmarks_mediapipe"
                )

    @property
    def spec(self) -> TaskSpec:
        """What it tells apart."""
        return self.model.spec

    @property
    def facts(self) -> Mapping[str, Any]:
        """What its file knows of it."""
        return self.model.facts

    def images(self, paths: Sequence[Path]) -> Said:
        """Answer for pictures, brought to the data set's size and colours."""
        parts = []
        for first in range(0, len(paths), PICTURES):
            pictures = [read_image(path, self.spec.shape) for path in paths[first : first + PICTURES]]
            parts.append(self._answer(np.stack(pictures)))
        return self._said(np.concatenate(parts))

    def sounds(self, paths: Sequence[Path]) -> Said:
        """Answer for sounds at the data set's rate, whole; the notes tell which are longer than any of its clips."""
        rate = self.model.rate or 0
        parts, longer = [], []
        for first in range(0, len(paths), CLIPS):
            clips = [read_sound(path, rate, 0.0) for path in paths[first : first + CLIPS]]
            longer += [str(path) for path, clip in zip(paths[first:], clips, strict=False) if self._is_long(clip)]
            parts.append(self._answer(together(clips, rate, "predict")))
        notes = []
        if longer:
            most = f"{self.spec.shape[0] / rate:.2f} s"
            notes = [f"{some(longer)}: longer than every clip of the data set ({most}); read with care"]
        return self._said(np.concatenate(parts), notes)

    def texts(self, given: Sequence[Given]) -> Said:
        """Answer for texts; the notes tell of which nothing is known."""
        rows = self.model.rows(np.array([one.text for one in given], dtype=object))
        empty = np.asarray(abs(rows).sum(axis=1)).ravel() == 0
        nothing = [one.name for one, none in zip(given, empty, strict=True) if none]
        strange = f"nothing of {some(nothing)} is what the model learnt from: another language or script?"
        return self._said(self.model.probabilities(rows), [strange] if nothing else [])

    def _answer(self, x: np.ndarray) -> np.ndarray:
        return self.model.probabilities(self.model.rows(x))

    def _is_long(self, clip: np.ndarray) -> bool:
        return len(clip) > self.spec.shape[0]

    def _said(self, probabilities: np.ndarray, notes: Sequence[str] = ()) -> Said:
        own = [f"{name}: {note}" for name, one in self.model.features.items() for note in getattr(one, "notes", ())]
        marks = [f"marked: {mark}" for mark in self.model.facts["marks"]]
        return Said(probabilities, [*notes, *own, *self.model.notes, *marks])
