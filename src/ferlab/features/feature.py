"""What a classic feature is: plain options, and raw samples in, one row of numbers a sample out."""

import dataclasses
import inspect
import json
import re
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Shaped

from ferlab.errors import FerlabError

# as TaskSpec names them: what such samples are called, and how they lie in memory
MODALITIES = {
    "image": ("images", "uint8 (sample, height, width, channel)"),
    "audio": ("sounds", "int16 (sample, time)"),
    "text": ("texts", "str (sample,)"),
}


@runtime_checkable
class Feature(Protocol):
    """A feature, as `ferlab.features.extract.extract` takes it.

    A feature is a dataclass of plain options, or has a property `options`, plain values that JSON can hold: both say
    everything its values depend on besides the samples (of a model also a digest of the weights), for the cache goes
    by them. Besides what stands below it may have, as attributes of the class,

    - `cores`: "threads" (default: `transform` is called for several chunks at once, from threads), "processes" (the
      same, from processes, for work that holds the interpreter's lock) or "own" (chunk by chunk: `transform` uses all
      cores by itself);
    - `chunk`: samples a call of `transform`; default: about a mebibyte of them;
    - `cached`: False where its values are cheaper to compute than to keep;
    - `identify(x, ids)`: called once with all samples and their ids, for what is known by id;
    - `by_id`: whether it has values for such samples alone;
    - `learnt` and `restore(learnt)`: of one that learns, arrays by name that stand for `fit` in a model's file;
    - `marks_under(data, protocol)`: what every output under this protocol, named by its hash, must be marked with;
    - `fit(x)`, where it learns: from training samples, in place of whatever it learnt before; and `counts(x)` with
      `weighted(counts, training)` where what it learns from can be counted once for all folds of a search: the rows
      of all of `x`, as learnt from the rows `training` alone;
    - `names()`, or where they depend on the samples' shape `names(shape)`: what each value is called.
    """

    @property
    def modality(self) -> str:
        """What it reads: "image", "audio", "text" or "any"."""

    @property
    def learns(self) -> bool:
        """Whether `fit` has to see training samples before `transform`; such a feature's rows are not cached."""

    @property
    def version(self) -> int:
        """Raised whenever the same options give other values than before, so that caches are built anew."""

    def transform(self, x: Any, /) -> Any:
        """Return float32 (sample, feature), or scipy CSR, of raw samples as `Samples.x` holds them."""


def name_of(feature: object) -> str:
    """Return what the feature is called in conf/features: of class `ClipStatistics`, "clip_statistics"."""
    return spoken(type(feature).__name__)


def spoken(kind: str) -> str:
    """Return a class's name as messages and options have it: "ClipStatistics" is "clip_statistics"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).lower()


def options_of(feature: object) -> dict[str, Any]:
    """Return the feature's options as JSON gives them back.

    Raises:
        TypeError: a class that is neither a dataclass nor has `options`, or an option JSON cannot hold.
    """
    if hasattr(feature, "options"):
        values = dict(feature.options)
    elif dataclasses.is_dataclass(feature) and not isinstance(feature, type):
        values = dataclasses.asdict(feature)
    else:
        raise TypeError(f"{type(feature).__qualname__}: expected a dataclass, or a property `options`")
    plain: dict[str, Any] = json.loads(json.dumps(values))
    return plain


def names_of(feature: Feature, shape: Sequence[int], width: int) -> list[str]:
    """Return what each value is called, "hog 17" where the feature has no names of its own.

    Args:
        feature: what was extracted.
        shape: of one raw sample.
        width: values a sample.
    """
    own = getattr(feature, "names", None)
    if own is None:
        return [f"{name_of(feature)} {number}" for number in range(width)]
    found = list(own(shape) if inspect.signature(own).parameters else own())
    if len(found) != width:
        raise ValueError(f"{name_of(feature)}: {len(found)} names for {width} values")
    return found


def modality_of(x: Shaped[np.ndarray, "sample ..."]) -> str:
    """Return "image", "audio" or "text" by how the samples lie in memory.

    Raises:
        FerlabError: none of these.
    """
    if x.ndim == 4 and x.dtype == np.uint8:
        return "image"
    if x.ndim == 2 and x.dtype == np.int16:
        return "audio"
    if x.ndim == 1 and x.dtype.kind in "OU":
        return "text"
    expected = ", ".join(f"{samples} ({layout})" for samples, layout in MODALITIES.values())
    raise FerlabError(f"features: expected raw samples, {expected}; found {x.dtype} {x.shape}")


def refuse_wrong_modality(feature: Feature, x: Shaped[np.ndarray, "sample ..."]) -> None:
    """Refuse samples that the feature does not read.

    Raises:
        FerlabError: they are of another modality, or of none.
    """
    if (found := modality_of(x)) != feature.modality and feature.modality != "any":
        name, wanted = name_of(feature), MODALITIES[feature.modality][0]
        raise FerlabError(
            f"features={name}: reads {wanted}, found {MODALITIES[found][0]}; "
            f"cure: other features for these data, or data of {wanted}"
        )
