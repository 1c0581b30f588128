"""A network's checkpoint, asked about image, sound and text files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from ferlab.answering import Said, some
from ferlab.checkpoint import Predictor
from ferlab.data.given_files import read_image, read_sound
from ferlab.data.given_texts import Given
from ferlab.spec import TaskSpec
from ferlab.task import Task
from ferlab.transforms.log_mel import LogMel
from ferlab.transforms.text import PADDING, UNKNOWN, Text


class NetworkFiles:
    """A trained network, as `answering.Answering` describes it.

    Args:
        task: the model with its preprocessing and labels.
        device: where it runs.
    """

    def __init__(self, task: Task, device: str = "cpu") -> None:
        self.task = task
        self.predictor = Predictor(task, device=device)

    @property
    def spec(self) -> TaskSpec:
        """What it tells apart."""
        return self.task.spec

    @property
    def facts(self) -> Mapping[str, Any]:
        """What its checkpoint knows of it."""
        return self.task.hparams["facts"] or {}

    def images(self, paths: Sequence[Path]) -> Said:
        """Answer for pictures, one at a time: their sizes differ."""
        one = self.predictor.images
        return Said(np.concatenate([one(read_image(path, self.spec.shape)[None]) for path in paths]), [])

    def sounds(self, paths: Sequence[Path]) -> Said:
        """Answer for sounds; the notes say which stretch is heard."""
        front = self.task.preprocess
        if not isinstance(front, LogMel):
            raise TypeError(f"a model of sounds with the preprocessing {type(front).__name__}")
        probabilities, longer = [], 0
        first, last = front.skip / front.rate, (front.skip + front.length) / front.rate
        for path in paths:
            clip = read_sound(path, front.rate, first)
            longer += len(clip) > front.skip + front.length
            probabilities.append(self.predictor.tensor(torch.from_numpy(clip)[None]).numpy())
        heard = f"the model hears each clip from {first:.2f} to {last:.2f} s"
        more = f"; {longer:,} of {len(paths):,} are longer, and what comes behind is not heard" if longer else ""
        return Said(np.concatenate(probabilities), [heard + more])

    def texts(self, given: Sequence[Given]) -> Said:
        """Answer for texts; the notes say what is not read, and of which no word is known."""
        front = cast(Text, self.task.preprocess)
        cleaned = front.clean([one.text for one in given])
        ids = front.number(cleaned)
        notes = []
        if longer := sum(len(words) > front.tokens for words in cleaned):
            most = max(map(len, cleaned))
            notes.append(
                f"the model reads the {front.keep} {front.tokens:,} words that cleaning leaves of a text; {longer:,} "
                f"of {len(given):,} texts have more (up to {most:,}), and the rest is not read"
            )
        nothing = [one.name for one, words in zip(given, cleaned, strict=True) if not words]
        if nothing:
            notes.append(f"cleaning leaves no word of {some(nothing)}: the answer comes from padding alone")
        read, unknown = (ids != PADDING).sum(1), (ids == UNKNOWN).sum(1)
        strange = [one.name for one, n, none in zip(given, read, unknown, strict=True) if n and none > n / 2]
        if strange:
            notes.append(f"most words of {some(strange)} are none that the model learnt: another language or script?")
        return Said(self.predictor.ids(ids), notes)
