"""The task a data set's labels are put to: all of its classes or some, relabelled in the order asked for."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float32

from ferlab.data.samples import Samples
from ferlab.errors import FerlabError
from ferlab.spec import Kind, Modality, TaskSpec


def subset(samples: Samples, classes: Sequence[str] | None = None, kind: str | None = None) -> Samples:
    """Keep the samples of some classes, labelled 0, 1, ... in the order in which the classes are given.

    Args:
        samples: a single-label data set.
        classes: names to keep; None keeps all as they are.
        kind: "multiclass" or "binary"; None: binary where there are exactly two classes.

    Returns:
        The samples. Raw samples stay memory-mapped where none is dropped.

    Raises:
        FerlabError: a class is unknown or named twice, fewer than two are left, or binary was asked of more than two.
    """
    known = samples.spec.labels
    spec = task_spec(samples.name, known, samples.spec.shape, classes, kind, samples.spec.modality)
    names = spec.labels
    if names == known:
        return replace(samples, spec=spec)
    table = np.full(len(known), -1, np.int64)
    table[[known.index(n) for n in names]] = np.arange(len(names))
    labels = table[samples.labels]
    if len(names) == len(known):
        return replace(samples, spec=spec, labels=labels, soft=_restricted(samples, names))
    keep, soft = np.flatnonzero(labels >= 0), _restricted(samples, names)
    note = f"classes {', '.join(names)} of {len(known)}: {len(keep):,} of {len(samples):,} samples"
    return replace(
        samples,
        spec=spec,
        x=samples.x[keep],
        labels=labels[keep],
        ids=samples.ids[keep],
        splits=samples.splits[keep],
        columns={name: np.asarray(values)[keep] for name, values in samples.columns.items()},
        masks=None if samples.masks is None else samples.masks[keep],
        soft=None if soft is None else soft[keep],
        notes=(*samples.notes, note),
    )


def _restricted(samples: Samples, names: Sequence[str]) -> Float32[np.ndarray, "sample classes"] | None:
    """Return each sample's soft targets over some classes, summing to one again; zeros where nothing is left."""
    if samples.soft is None:
        return None
    part = samples.soft[:, [samples.spec.labels.index(name) for name in names]]
    total = part.sum(1, keepdims=True)
    return np.asarray(np.divide(part, total, out=np.zeros_like(part), where=total > 0))


def task_spec(
    name: str,
    known: Sequence[str],
    shape: tuple[int, ...],
    classes: Sequence[str] | None = None,
    kind: str | None = None,
    modality: Modality = "image",
) -> TaskSpec:
    """Return the task that a single-label data set is put to.

    Args:
        name: the data set's name, for messages.
        known: its classes.
        shape: of one raw sample: (height, width, channels) of an image, (time,) of a clip.
        classes: names to keep, in the order of their new labels; None for all.
        kind: "multiclass" or "binary"; None: binary where there are exactly two classes.
        modality: what a raw sample is.

    Raises:
        FerlabError: a class is unknown or named twice, fewer than two are left, or binary was asked of more than two.
    """
    names = tuple(known if classes is None else map(str, classes))
    if unknown := [n for n in names if n not in known]:
        raise FerlabError(f"{name}: data.classes names unknown {unknown}; its classes are {list(known)}")
    if len(set(names)) != len(names) or len(names) < 2:
        raise FerlabError(f"{name}: data.classes: expected two or more distinct classes, found {list(names)}")
    if kind not in (None, "multiclass", "binary"):
        raise FerlabError(f"{name}: data.kind: expected null, 'multiclass' or 'binary', found {kind!r}")
    binary = len(names) == 2 if kind is None else kind == "binary"
    chosen: Kind = "binary" if binary else "multiclass"
    return TaskSpec(chosen, names, modality, shape)
