"""predictions.parquet: one row a sample, from which every figure that a person reads is computed."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float, Float32, Int64, Shaped

from ferlab.errors import FerlabError
from ferlab.evaluation.multilabel_rows import is_multilabel, lengthened, widened
from ferlab.evaluation.own_columns import COLUMNS, own_columns, taken
from ferlab.evaluation.thresholds import decided

META = b"ferlab"
SUM_TOLERANCE = 1e-2


@dataclass(frozen=True)
class Rows:
    """What a model said of each sample; of several labels a sample, of each sample and label (multilabel_rows.py).

    Attributes:
        ids: sample ids, unique within a split.
        splits: "val" or "test" of each row.
        labels: index of the true class.
        preds: index of the most probable class.
        probabilities: one column a class, each row summing to 1.
        names: class names in index order.
        meta: what the file says of itself: spec, synthetic, data, protocol.
        columns: further facts of each row, text or numbers: speaker, copy_in_train ("exact", "near" or "none"), ...
    """

    ids: Shaped[np.ndarray, "row"]
    splits: Shaped[np.ndarray, "row"]
    labels: Int64[np.ndarray, "row"]
    preds: Int64[np.ndarray, "row"]
    probabilities: Float32[np.ndarray, "row classes"]
    names: tuple[str, ...]
    meta: dict[str, Any]
    columns: dict[str, Shaped[np.ndarray, "row"]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    def split(self, name: str) -> "Rows":
        """Return the rows of one split.

        Raises:
            FerlabError: no row belongs to it.
        """
        here = self.splits == name
        if not here.any():
            raise FerlabError(
                f"predictions: no row of split {name!r}; found {sorted(set(self.splits.tolist()))}. "
                "Run `python -m ferlab.evaluate run=RUN_DIR` to write the rows of every split"
            )
        return self.take(np.flatnonzero(here))

    def take(self, positions: Int64[np.ndarray, "chosen"]) -> "Rows":
        """Return the rows at these positions, in their order."""
        return replace(
            self,
            ids=self.ids[positions],
            splits=self.splits[positions],
            labels=self.labels[positions],
            preds=self.preds[positions],
            probabilities=self.probabilities[positions],
            columns={name: values[positions] for name, values in self.columns.items()},
        )


def write_rows(
    path: Path,
    ids: Sequence[str] | Shaped[np.ndarray, "_"],
    splits: Sequence[str] | Shaped[np.ndarray, "_"],
    labels: Int64[np.ndarray, "_"] | Int64[np.ndarray, "_ classes"],
    probabilities: Float[np.ndarray, "_ classes"],
    meta: dict[str, Any],
    columns: Mapping[str, Shaped[np.ndarray, "_"]] | None = None,
) -> Rows:
    """Write the rows of a run whole or not at all, and return them as `read_rows` would.

    Args:
        path: the file, replaced if it exists.
        ids: sample ids, unique within a split.
        splits: "val" or "test" of each row.
        labels: index of the true class; multilabel: (row, label), 0 or 1.
        probabilities: (row, classes) in 0..1, each row summing to 1; a binary task has two columns. Multilabel: of
            each label its own.
        meta: plain values; `meta["spec"]["labels"]` names the classes, and `meta["thresholds"]` says from which
            probability on each label of a multilabel task is said.
        columns: further facts of each row, text or numbers, by a name that is none of the file's own.

    Raises:
        FerlabError: the rows are not what `read_rows` accepts (a model that diverged gives NaN, say).
    """
    names = tuple(meta["spec"]["labels"])
    further = {name: _values(values) for name, values in (columns or {}).items()}
    lengths = [len(part) for part in (ids, splits, labels, probabilities, *further.values())]
    if len(set(lengths)) > 1:
        raise FerlabError(f"{path}: expected as many ids, splits, labels, probabilities and columns; found {lengths}")
    many = is_multilabel(meta)
    if own := taken(further, names, many):
        raise FerlabError(f"{path}: the data set's columns {own} are named as the file's own; rename them in its table")
    ids, splits, labels = np.asarray(ids, dtype=str), np.asarray(splits, dtype=str), np.asarray(labels, dtype=np.int64)
    if many:
        said = decided(probabilities, meta["thresholds"])
        rows = Rows(**lengthened(ids, splits, labels, said, probabilities, meta, further))
    else:
        preds = probabilities.argmax(1).astype(np.int64)
        rows = Rows(ids, splits, labels, preds, probabilities.astype(np.float32), names, meta, further)
    save_rows(path, rows)
    return rows


def save_rows(path: Path, rows: Rows) -> None:
    """Write rows as they are, whole or not at all.

    Raises:
        FerlabError: the rows are not what `read_rows` accepts.
    """
    names, meta = _checked(rows, path).names, rows.meta
    if is_multilabel(meta):
        parts = rows.ids, rows.splits, rows.labels, rows.preds, rows.probabilities
        cells, meta = widened(*parts, meta, rows.columns)
    else:
        cells = {
            "id": pa.array(rows.ids.tolist(), pa.string()),
            "split": pa.array(rows.splits.tolist(), pa.string()),
            "label": pa.array([names[i] for i in rows.labels], pa.string()),
            "pred": pa.array([names[i] for i in rows.preds], pa.string()),
        }
        cells |= {f"p_{name}": pa.array(rows.probabilities[:, i], pa.float32()) for i, name in enumerate(names)}
        cells |= {name: pa.array(values.tolist()) for name, values in rows.columns.items()}
    table = pa.table(cells).replace_schema_metadata({META: json.dumps(meta, sort_keys=True).encode()})
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        pq.write_table(table, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_rows(path: Path) -> Rows:
    """Read and check a predictions file.

    Raises:
        FerlabError: no such file, not parquet, a column missing, an unknown label, a repeated id, a probability that
            is NaN or outside 0..1, or a row that does not sum to 1.
    """
    if not path.is_file():
        raise FerlabError(f"{path}: no such file; expected the predictions.parquet that a finished run writes")
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise FerlabError(
            f"{path}: not a readable parquet file ({error}); run ferlab.evaluate to write it anew"
        ) from error
    raw = (table.schema.metadata or {}).get(META)
    meta = {} if raw is None else json.loads(raw)
    if is_multilabel(meta):
        return _checked(_read_multilabel(table, meta, path), path)
    names = tuple(name[2:] for name in table.column_names if name.startswith("p_"))
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing or len(names) < 2:
        wanted = f"{', '.join(COLUMNS)} and two or more p_<class>"
        absent = f"{', '.join(missing)} missing; " if missing else ""
        raise FerlabError(f"{path}: expected the columns {wanted}; {absent}found {table.column_names}")
    if raw is None:
        raise FerlabError(f"{path}: the file's metadata lacks the key 'ferlab'; expected a file that ferlab wrote")
    if lost := [f"p_{name}" for name in (meta.get("spec") or {}).get("labels", ()) if name not in names]:
        raise FerlabError(f"{path}: expected a column p_<class> of every class; {', '.join(lost)} missing")
    rows = Rows(
        np.asarray(table["id"].to_pylist(), dtype=str),
        np.asarray(table["split"].to_pylist(), dtype=str),
        _indices(table["label"].to_pylist(), names, "label", path),
        _indices(table["pred"].to_pylist(), names, "pred", path),
        np.stack([table[f"p_{name}"].to_numpy().astype(np.float32) for name in names], axis=1),
        names,
        meta,
        _further(table, {*COLUMNS, *(f"p_{name}" for name in names)}),
    )
    return _checked(rows, path)


def _read_multilabel(table: pa.Table, meta: dict[str, Any], path: Path) -> Rows:
    """Return one row a sample and label from a table of one a sample."""
    traits = meta["spec"]["labels"]
    own = own_columns(traits) - {"trait", "sample"}
    if missing := sorted(own - set(table.column_names)):
        raise FerlabError(f"{path}: expected the columns {sorted(own)}; {missing} are missing")
    label, pred, p = (
        np.stack([table[f"{part}_{name}"].to_numpy() for name in traits], axis=1) for part in ("label", "pred", "p")
    )
    if not (np.isin(label, (0, 1)).all() and np.isin(pred, (0, 1)).all()):
        raise FerlabError(f"{path}: expected 0 or 1 in the columns label_<label> and pred_<label>")
    ids, splits = (np.asarray(table[name].to_pylist(), dtype=str) for name in ("id", "split"))
    return Rows(**lengthened(ids, splits, label.astype(np.int64), pred == 1, p, meta, _further(table, own)))


def _further(table: pa.Table, own: set[str]) -> dict[str, Shaped[np.ndarray, "_"]]:
    return {name: _values(np.asarray(table[name].to_pylist())) for name in table.column_names if name not in own}


def _values(values: Shaped[np.ndarray, "_"]) -> Shaped[np.ndarray, "_"]:
    """Return a column as text, whole numbers or fractions: what a parquet file gives back as it was."""
    kind = np.asarray(values).dtype.kind
    return np.asarray(values, dtype={"i": np.int64, "u": np.int64, "b": np.int64, "f": np.float64}.get(kind, str))


def _indices(values: list[Any], names: tuple[str, ...], column: str, path: Path) -> Int64[np.ndarray, "row"]:
    index = {name: i for i, name in enumerate(names)}
    for row, value in enumerate(values):
        if value not in index:
            raise FerlabError(f"{path}: row {row}, column {column}: expected one of {list(names)}, found {value!r}")
    return np.asarray([index[value] for value in values], dtype=np.int64)


def _checked(rows: Rows, path: Path) -> Rows:
    if not len(rows):
        raise FerlabError(f"{path}: expected one row or more, found none")
    if rows.probabilities.shape[1] != len(rows.names):
        raise FerlabError(
            f"{path}: expected a probability for each of {list(rows.names)}, "
            f"found {rows.probabilities.shape[1]} columns"
        )
    if rows.labels.min() < 0 or rows.labels.max() >= len(rows.names):
        raise FerlabError(f"{path}: expected label indices 0..{len(rows.names) - 1}, found {rows.labels.max()}")
    total = rows.probabilities.sum(1, dtype=np.float64)
    inside = ((rows.probabilities >= 0) & (rows.probabilities <= 1)).all(1)
    bad = np.flatnonzero(~inside | ~(np.abs(total - 1) <= SUM_TOLERANCE))
    if len(bad):
        row = int(bad[0])
        raise FerlabError(
            f"{path}: {len(bad)} of {len(rows)} rows hold no probabilities; expected values in 0..1 that sum to 1, "
            f"found {rows.probabilities[row].tolist()} for id {str(rows.ids[row])!r}. NaN means that training "
            "diverged: lower optimizer.lr"
        )
    keys = np.char.add(np.char.add(rows.splits, "\0"), rows.ids)
    if len(np.unique(keys)) != len(keys):
        raise FerlabError(f"{path}: an id stands twice in one split; expected one row a sample")
    return rows
