"""Rows of several labels a sample: one a sample in predictions.parquet, one a sample and label in memory.

So everything that is computed of rows is computed of these too: each is a yes or no, its column `trait` says to which
label, its column `sample` of whom, and intervals are drawn by sample, whose rows are not independent.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped

from ferlab.errors import FerlabError
from ferlab.evaluation.own_columns import SAMPLE, TRAIT

NAMES = ("no", "yes")

Values = Shaped[np.ndarray, "_"]


def is_multilabel(meta: Mapping[str, Any]) -> bool:
    """Tell whether rows that say this of themselves are of several labels a sample."""
    return (meta.get("spec") or {}).get("kind") == "multilabel"


def lengthened(
    ids: Shaped[np.ndarray, "sample"],
    splits: Shaped[np.ndarray, "sample"],
    labels: Int64[np.ndarray, "sample label"],
    said: Bool[np.ndarray, "sample label"] | Int64[np.ndarray, "sample label"],
    probabilities: Float[np.ndarray, "sample label"],
    meta: dict[str, Any],
    columns: Mapping[str, Values],
) -> dict[str, Any]:
    """Return the fields of `Rows`: the labels of each sample one after another.

    Args:
        ids: of the samples.
        splits: "val" or "test".
        labels: 0 or 1.
        said: what the model answers.
        probabilities: that each label is true.
        meta: its `spec.labels` names the labels.
        columns: further facts of each sample; `sample` where `ids` are not the samples' own.
    """
    traits, n = list(meta["spec"]["labels"]), len(ids)
    wide = np.asarray(ids, dtype=str)
    samples = np.asarray(columns.get(SAMPLE, wide), dtype=str)
    p = probabilities.astype(np.float32).reshape(-1)
    many = len(traits)
    people = [name for name in meta.get("people") or () if name != SAMPLE]
    return {
        "ids": np.char.add(np.repeat(wide, many), np.tile([f"/{name}" for name in traits], n)),
        "splits": np.repeat(np.asarray(splits, dtype=str), many),
        "labels": labels.astype(np.int64).reshape(-1),
        "preds": said.astype(np.int64).reshape(-1),
        "probabilities": np.stack([1 - p, p], axis=1),
        "names": NAMES,
        "meta": {**meta, "people": [SAMPLE, *people]},
        "columns": {TRAIT: np.tile(traits, n), SAMPLE: np.repeat(samples, many)}
        | {name: np.repeat(values, many) for name, values in columns.items() if name != SAMPLE},
    }


def widened(
    ids: Shaped[np.ndarray, "row"],
    splits: Shaped[np.ndarray, "row"],
    labels: Int64[np.ndarray, "row"],
    preds: Int64[np.ndarray, "row"],
    probabilities: Float[np.ndarray, "row two"],
    meta: dict[str, Any],
    columns: Mapping[str, Values],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the columns of the file, one row a sample, and its metadata: `lengthened` undone.

    Raises:
        FerlabError: a sample that lacks a label, or has one twice.
    """
    traits: list[str] = list(meta["spec"]["labels"])
    wide = sample_ids(ids, columns[TRAIT])
    keys = np.char.add(np.char.add(splits.astype(str), "\0"), wide)
    _, first, index = np.unique(keys, return_index=True, return_inverse=True)
    # samples in the order in which they come
    place = np.empty(len(first), dtype=np.int64)
    place[np.argsort(first)] = np.arange(len(first))
    row = place[index.reshape(-1)] * len(traits) + np.array([traits.index(name) for name in columns[TRAIT].tolist()])
    if len(row) != len(first) * len(traits) or len(np.unique(row)) != len(row):
        raise FerlabError(f"predictions: expected one row of each of {traits} a sample, found {len(row)} rows")
    order = np.argsort(row)
    of_sample = np.sort(first)

    def table(values: np.ndarray) -> np.ndarray:
        return values[order].reshape(-1, len(traits))

    cells: dict[str, Any] = {"id": wide[of_sample].tolist(), "split": splits[of_sample].tolist()}
    parts = {"label": table(labels), "pred": table(preds), "p": table(probabilities[:, 1])}
    cells |= {f"{part}_{name}": values[:, i] for part, values in parts.items() for i, name in enumerate(traits)}
    own = columns[SAMPLE][of_sample].tolist()
    cells |= {SAMPLE: own} if own != cells["id"] else {}
    cells |= {name: values[of_sample].tolist() for name, values in columns.items() if name not in (TRAIT, SAMPLE)}
    return cells, {**meta, "people": [name for name in meta.get("people") or () if name != SAMPLE]}


def sample_ids(
    ids: Shaped[np.ndarray, "row"], traits: Shaped[np.ndarray, "row"], mark: str = ""
) -> Shaped[np.ndarray, "row"]:
    """Return the ids of rows' samples, without their labels; `mark` is put behind each."""
    pairs = zip(ids.tolist(), traits.tolist(), strict=True)
    return np.array([name.removesuffix(f"/{trait}") + mark for name, trait in pairs], dtype=str)
