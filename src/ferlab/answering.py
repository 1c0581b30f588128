"""What a fitted model offers whoever has files: a network's checkpoint and a classic model alike."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from ferlab.data.given_texts import Given
from ferlab.evaluation.temperature import tempered, tempered_labels
from ferlab.spec import TaskSpec


class Said(NamedTuple):
    """What a model says of files.

    Attributes:
        probabilities: of each class or, multilabel, of each label by itself.
        notes: what must be said of the files.
    """

    probabilities: Float[np.ndarray, "file classes"]
    notes: list[str]


@runtime_checkable
class Answering(Protocol):
    """A model that is asked about files; only the question of its own modality is ever put to it."""

    @property
    def spec(self) -> TaskSpec:
        """What it tells apart, and what a raw sample looks like."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What it knows of itself: `name`, `data`, and `calibration` and `thresholds` where it keeps them."""

    def images(self, paths: Sequence[Path]) -> Said:
        """Answer for pictures of any size, uncalibrated."""

    def sounds(self, paths: Sequence[Path]) -> Said:
        """Answer for sounds of any rate and length, uncalibrated."""

    def texts(self, given: Sequence[Given]) -> Said:
        """Answer for texts, uncalibrated."""


def calibrated(
    spec: TaskSpec, probabilities: Float[np.ndarray, "row classes"], temperature: float | int
) -> Float[np.ndarray, "row classes"]:
    """Return a model's probabilities at a temperature; at 1 they stay, else they come in double precision."""
    if temperature == 1:
        return probabilities
    # in double precision, so that no two classes come to share a place
    return (tempered_labels if spec.kind == "multilabel" else tempered)(probabilities, temperature)


def thresholds_at(spec: TaskSpec, facts: Mapping[str, Any], temperature: float | int) -> dict[str, float] | None:
    """Return from which probability on each label of a multilabel task is said, at a temperature; else None.

    A model that keeps none (its training was killed) decides at .5.
    """
    if spec.kind != "multilabel":
        return None
    known = facts.get("thresholds") or dict.fromkeys(spec.labels, 0.5)
    moved = tempered_labels(np.array(list(known.values())), temperature)
    return dict(zip(known, moved.tolist(), strict=True))


def some(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
