"""The ways of training one case that are compared with each other, each ready to be measured."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ours
from cases import Case
from files import write_files
from table import Row

if TYPE_CHECKING:
    from keras_side import Keras

Arms = list[tuple[Row, Callable[[], float] | None]]


@dataclass
class Training:
    """What trains, and where.

    Attributes:
        sections: names of those that are measured, to their headings.
        here: the process of ferlab and the bare loop.
        there: the process of the usual way.
        keras: the process of Keras, if there is one.
        device: "cpu" or "cuda".
    """

    sections: dict[str, str]
    here: ProcessPoolExecutor
    there: ProcessPoolExecutor
    keras: "Keras | None" = None
    device: str = "cpu"

    def arms(self, case: Case, steps: int, images: int, folder: Path) -> Arms:
        """Return every way of training `case`.

        Args:
            case: what is trained.
            steps: that one measurement takes.
            images: to train on.
            folder: an empty one, for their files.
        """
        usual = "usual" in self.sections and case.usual is not None
        keras = "keras" in self.sections and case.keras is not None
        if usual or (keras and self.keras):
            self.there.submit(write_files, case, folder, images).result()
        arms = self._step(case, steps, images) if "step" in self.sections else []
        if usual:
            arms += self._usual(case, steps, images, folder)
        if keras:
            arms += self._keras(case, steps, images, folder)
        return arms

    def _step(self, case: Case, steps: int, images: int) -> Arms:
        bare = Row(self.sections["step"], case.name, "bare loop", "ms")
        # the bound was asked for the processor
        bound = 0.05 if self.device == "cpu" else None
        mine = Row(self.sections["step"], case.name, "ferlab", "ms", against=bare, compare="cost", bound=bound)
        take = _submit(self.here, ours.bare, case, images, steps, self.device)
        return [(bare, take), (mine, self._ferlab(case, steps, images, "auto"))]

    def _usual(self, case: Case, steps: int, images: int, folder: Path) -> Arms:
        # imported here: albumentations is no dependency of ferlab
        import usual

        mine, arms = self._pair("usual", case, steps, images)
        for workers in (0, 1, 2) if self.device == "cpu" else sorted({4, os.cpu_count() or 4}):
            name = f"usual, {workers} worker{'s' * (workers != 1)}"
            row = Row(self.sections["usual"], case.name, name, "ms", against=mine, compare="times", bound=case.usual)
            arms.append((row, _submit(self.there, usual.usual, case, folder, workers, steps, self.device)))
        return arms

    def _keras(self, case: Case, steps: int, images: int, folder: Path) -> Arms:
        heading, process = self.sections["keras"], self.keras
        row = Row(heading, case.name, "Keras", "ms", bound=case.keras, needs="needs --keras FOLDER")
        if process is None:
            return [(row, None)]
        row.against, arms = self._pair("keras", case, steps, images)
        row.compare = "times"
        return [*arms, (row, lambda: process.step(case, folder, steps))]

    def _pair(self, section: str, case: Case, steps: int, images: int) -> tuple[Row, Arms]:
        """Return the row that the others are compared with, and ferlab's two arms."""
        mine = Row(self.sections[section], case.name, "ferlab", "ms")
        full = Row(self.sections[section], case.name, "ferlab in fp32", "ms", against=mine, compare="times")
        auto, fp32 = (self._ferlab(case, steps, images, arithmetic) for arithmetic in ("auto", "32-true"))
        return mine, [(mine, auto), (full, fp32)]

    def _ferlab(self, case: Case, steps: int, images: int, arithmetic: str) -> Callable[[], float]:
        return _submit(self.here, ours.ferlab, case, images, steps, arithmetic, self.device)


def _submit(pool: ProcessPoolExecutor, *work: Any) -> Callable[[], float]:
    return lambda: float(pool.submit(*work).result())
