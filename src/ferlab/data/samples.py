"""Samples: a whole data set in memory, as every dataset file hands it on."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float32, Int16, Int64, Shaped, UInt8

from ferlab.spec import TaskSpec


@dataclass(frozen=True)
class Samples:
    """A whole data set: raw samples, labels, ids, and the split each came from.

    Attributes:
        name: the data set's name, as in `data=<name>`.
        spec: what is to be told apart.
        x: raw samples, usually memory-mapped; images: uint8, (sample, height, width, channel); audio: int16,
            (sample, time), mono at one rate, `ferlab.data.audio.NO_SOUND` where a clip has ended; texts: str as they
            were read, dtype object, (sample,).
        labels: index into `spec.labels`; multilabel: (sample, label), 1 where the label is true of the sample, else 0.
        ids: stable, unique name of each sample (its path inside the archive, say).
        splits: official split of each sample as the source names it ("train", "PublicTest", ...; "all" where
            the source has none).
        columns: further facts of each sample (speaker, author, ...), for grouping and slices.
        people: names of the columns that say whose sample it is (actor, author): no protocol may let one of these
            persons into two roles without saying so.
        masks: for synthetic images, where the label's causes lie: 1 inside, 0 outside.
        synthetic: made by a program; every output then says so.
        notes: what a reader of the report must know (entries skipped as broken, classes dropped, ...).
        soft: training targets in place of `labels`: each class's share, rows summing to one; a row of zeros is
            never trained on. Everything but the training loss goes by `labels`.
    """

    name: str
    spec: TaskSpec
    x: (
        UInt8[np.ndarray, "sample height width channel"]
        | Int16[np.ndarray, "sample time"]
        | Shaped[np.ndarray, "sample"]
    )
    labels: Int64[np.ndarray, "sample"] | Int64[np.ndarray, "sample label"]
    ids: Shaped[np.ndarray, "sample"]
    splits: Shaped[np.ndarray, "sample"]
    columns: dict[str, Any] = field(default_factory=dict)
    masks: UInt8[np.ndarray, "sample height width"] | None = None
    synthetic: bool = False
    notes: tuple[str, ...] = ()
    soft: Float32[np.ndarray, "sample classes"] | None = None
    people: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def strata(self) -> Int64[np.ndarray, "sample"]:
        """What protocols keep alike in every part: the class, or for multilabel the number of the label pattern.

        Of a pattern the first label is the lowest bit: of five labels there are the patterns 0..31.
        """
        if self.labels.ndim == 1:
            return self.labels
        if self.labels.shape[1] < 63:
            return np.asarray(self.labels @ (1 << np.arange(self.labels.shape[1], dtype=np.int64)))
        # more labels than a number has bits: the patterns that there are, in their order
        return np.unique(self.labels, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
