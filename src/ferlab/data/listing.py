"""The entries of a source and what is known of each before it is decoded; from there through the cache to Samples."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferlab.cache import Arrays
from ferlab.data.broken import Broken
from ferlab.data.samples import Samples
from ferlab.spec import Modality, TaskSpec

_COLUMN = "column:"
Check = Callable[[NDArray[Any], int], None]


@dataclass
class Listing:
    """The entries of a source and what is known of each before it is decoded.

    Attributes:
        classes: class names in index order.
        entries: what to read.
        ids: stable name of each sample.
        labels: index into `classes`.
        splits: official split.
        columns: further facts, one value a sample.
        notes: what a reader of the report must know.
    """

    classes: Sequence[str]
    entries: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    columns: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, entry: str, sample: str, label: int, split: str) -> None:
        """Append one sample."""
        self.entries.append(entry)
        self.ids.append(sample)
        self.labels.append(label)
        self.splits.append(split)

    def arrays(self, x: NDArray[Any], kept: NDArray[np.bool_], broken: Broken) -> Arrays:
        """Return the arrays that are cached, for the decoded samples `x` of the entries that are `kept`."""
        return {
            "x": x,
            "labels": np.asarray(self.labels, np.int64)[kept],
            "ids": np.asarray(self.ids, np.str_)[kept],
            "splits": np.asarray(self.splits, np.str_)[kept],
            "classes": np.asarray(self.classes, np.str_),
            "skipped": np.asarray(broken.skipped, np.str_),
            "notes": np.asarray(self.notes, np.str_),
            **{_COLUMN + name: np.asarray(values, np.str_)[kept] for name, values in self.columns.items()},
        }


def listed_samples(
    name: str, modality: Modality, arrays: Arrays, broken: Broken, check: Check | None = None
) -> Samples:
    """Return the samples that `Listing.arrays` went into the cache as, all classes of them.

    Args:
        name: the data set's name.
        modality: what a sample is.
        arrays: from the cache.
        broken: judges what was skipped when they were built.
        check: looks at the splits of all samples and the number of skipped entries, and raises where they are wrong.

    Raises:
        FerlabError: a broken entry under on_bad=stop.
    """
    broken.skipped.clear()
    broken.judge(map(str, arrays["skipped"]))
    if check is not None:
        check(arrays["splits"], len(broken.skipped))
    labels = tuple(map(str, arrays["classes"]))
    return Samples(
        name=name,
        spec=TaskSpec("multiclass", labels, modality, tuple(arrays["x"].shape[1:])),
        x=arrays["x"],
        labels=np.array(arrays["labels"]),
        ids=np.array(arrays["ids"]),
        splits=np.array(arrays["splits"]),
        columns={n.removeprefix(_COLUMN): np.array(a) for n, a in arrays.items() if n.startswith(_COLUMN)},
        # caches written before there were notes hold none
        notes=(*broken.notes(), *map(str, arrays.get("notes", ()))),
    )
