"""The features of a data set: each group of them extracted, checked and set side by side."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Int64

from ferlab.build import build
from ferlab.classic.preprocessing import Features
from ferlab.data.samples import Samples
from ferlab.data.sampling import Extra
from ferlab.errors import FerlabError
from ferlab.features.extract import extract
from ferlab.features.feature import spoken

# rows that are looked at together for NaN
ROWS = 2_048


@dataclass(frozen=True)
class Block:
    """One feature's values of all samples.

    Attributes:
        name: as in `features=<name>`.
        feature: what made them, fitted where it learns.
        x: (sample, feature), dense float32 or CSR; images that rebalancing made stand behind the samples.
        seconds: that extraction took, reading from the cache included.
    """

    name: str
    feature: Any
    x: Features
    seconds: float


@dataclass(frozen=True)
class Inputs:
    """All features of a data set.

    Attributes:
        blocks: in the order of the configuration.
        notes: what the features say of themselves: images without a face, say.
    """

    blocks: tuple[Block, ...]
    notes: tuple[str, ...] = field(default=())

    def rows(self, positions: Int64[np.ndarray, "row"]) -> Features:
        """Return the features of samples, side by side: dense float32 (row, feature), or CSR where one is sparse."""
        return side_by_side([block.x[positions] for block in self.blocks])

    def facts(self) -> list[dict[str, Any]]:
        """Return each feature's name, number of values and seconds."""
        return [
            {"name": one.name, "features": int(one.x.shape[1]), "seconds": round(one.seconds, 1)} for one in self.blocks
        ]


def side_by_side(parts: Sequence[Features]) -> Features:
    """Return some features of the same rows as one table: dense float32, or CSR where one of them is sparse."""
    if all(isinstance(part, np.ndarray) for part in parts):
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    from scipy.sparse import csr_array, hstack

    return hstack([csr_array(part) for part in parts], format="csr").astype(np.float32)


def build_features(values: Mapping[str, Any], modality: str, rate: int | None = None) -> dict[str, Any]:
    """Build the features that a configuration names.

    Args:
        values: name -> values of conf/features.
        modality: of the samples.
        rate: samples a second of sounds; None: not known here.

    Raises:
        FerlabError: none named, one for other samples, or for sounds at another rate.
    """
    if not values:
        raise FerlabError("features: expected one or more, found none; cure: features=hog, features=[hog,lbp]")
    built = {}
    for name, options in values.items():
        with named(name, options["_target_"].rpartition(".")[2]):
            built[name] = build(options)
    for name, feature in built.items():
        if feature.modality not in (modality, "any"):
            raise FerlabError(
                f"features={name}: made for {feature.modality} samples, but this data set's are {modality}; cure: a "
                f"feature for {modality} (python -m ferlab.baseline --help lists all)"
            )
        expected = getattr(feature, "rate", None)
        if rate is not None and expected is not None and rate != expected:
            raise FerlabError(
                f"features={name}: expects sounds at {expected:,} samples a second, but data.rate={rate}: pitch and "
                f"time would be wrong; cure: data.rate={expected}"
            )
    return built


@contextmanager
def named(name: str, kind: str) -> Iterator[None]:
    """Let messages name options as the user typed them: what a class calls hog may be chosen as hog_coarse.

    Args:
        name: as in `features=<name>`.
        kind: name of the feature's class.
    """
    own = spoken(kind)
    try:
        yield
    except FerlabError as error:
        told = str(error)
        for before, after in ((f"features={own}:", f"features={name}:"), (f"features.{own}.", f"features.{name}.")):
            told = told.replace(before, after)
        if own == name or told == str(error):
            raise
        raise FerlabError(told) from error


def read_inputs(
    features: Mapping[str, Any],
    samples: Samples,
    extra: Extra | None,
    training: Int64[np.ndarray, "shown"] | None,
    used: Int64[np.ndarray, "used"],
) -> Inputs:
    """Extract features.

    Args:
        features: name -> feature.
        samples: the data set.
        extra: images that rebalancing made.
        training: samples that what learns is fitted on, each once; None: it is fitted already.
        used: samples of any role: only theirs must be numbers.

    Raises:
        FerlabError: NaN or infinite values, or a feature that cannot be computed.
    """
    blocks, notes = [], []
    for name, feature in features.items():
        begun = time.monotonic()
        with named(name, type(feature).__name__):
            if hasattr(feature, "identify"):
                feature.identify(samples.x, samples.ids)
            if feature.learns and training is not None:
                feature.fit(samples.x[training])
            x = extract(feature, samples.x, name)
            if extra is not None:
                x = np.concatenate([x, extract(feature, extra.x, f"{name} of made images")])
        _refuse_nan(name, x, samples.ids, used)
        blocks.append(Block(name, feature, x, time.monotonic() - begun))
        notes += [f"{name}: {note}" for note in getattr(feature, "notes", ())]
    return Inputs(tuple(blocks), tuple(notes))


def _refuse_nan(name: str, x: Features, ids: np.ndarray, used: np.ndarray) -> None:
    where = np.concatenate([used, np.arange(len(ids), x.shape[0])])
    count, first = 0, None
    for begin in range(0, len(where), ROWS):
        part = where[begin : begin + ROWS]
        values = x[part] if isinstance(x, np.ndarray) else x[part].toarray()
        bad = np.argwhere(~np.isfinite(values))
        count += len(np.unique(bad[:, 0]))
        if first is None and len(bad):
            first = int(part[bad[0, 0]]), int(bad[0, 1])
    if first is None:
        return
    row, column = first
    sample = f"sample {ids[row]}" if row < len(ids) else f"made image {row - len(ids)}"
    raise FerlabError(
        f"features={name}: {count:,} of {len(where):,} samples hold NaN or infinite values, the first {sample} at "
        f"value {column}; cure: another feature, or the option of {name} that says what becomes of such samples"
    )
