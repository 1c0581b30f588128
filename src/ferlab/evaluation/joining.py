"""Rows of several runs put one after another."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ferlab.errors import FerlabError
from ferlab.evaluation.multilabel_rows import is_multilabel, sample_ids
from ferlab.evaluation.own_columns import TRAIT
from ferlab.evaluation.rows import Rows

FOLD = "fold"


def joined(parts: Sequence[Rows], meta: dict[str, Any] | None = None) -> Rows:
    """Put rows one after another, with the columns that all of them have.

    Args:
        parts: rows over the same classes.
        meta: what the result says of itself; the first part's by default.

    Raises:
        FerlabError: the parts know different classes.
    """
    first = parts[0]
    for part in parts:
        if part.names != first.names:
            raise FerlabError(f"rows to join: expected one set of classes, found {first.names} and {part.names}")
    shared = [name for name in first.columns if all(name in part.columns for part in parts)]
    return Rows(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.splits for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.preds for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        first.names,
        first.meta if meta is None else meta,
        {name: np.concatenate([part.columns[name] for part in parts]) for name in shared},
    )


def pooled(folds: Sequence[Rows]) -> Rows:
    """Pool the rows of all folds: each test sample once, said by the model that was not trained on it.

    A column `fold` says which model spoke (a column of that name in the data becomes `data_fold`). Test rows come
    sorted by id, so that two poolings of the same samples match row by row. A sample may be validation in several
    folds: validation rows are called "<id> (fold 3)".

    Raises:
        FerlabError: a sample is tested in two folds.
    """
    marked = []
    for index, rows in enumerate(folds):
        columns = {"data_fold" if name == FOLD else name: values for name, values in rows.columns.items()}
        columns[FOLD] = np.full(len(rows), index, dtype=np.int64)
        ids = np.where(rows.splits == "val", _marked(rows, f" (fold {index})"), rows.ids)
        marked.append(replace(rows, ids=ids, columns=columns))
    rows = joined(marked)
    if is_multilabel(rows.meta):
        rows = replace(rows, meta={**rows.meta, "thresholds": [fold.meta["thresholds"] for fold in folds]})
    tested, count = np.unique(rows.ids[rows.splits == "test"], return_counts=True)
    if (twice := tested[count > 1]).size:
        raise FerlabError(f"pooling folds: expected each sample tested once, {twice[0]} is in two folds' test samples")
    return rows.take(np.lexsort((rows.ids, rows.splits == "test")))


def _marked(rows: Rows, mark: str) -> np.ndarray:
    """Return ids with a mark behind the sample's; the label stays last."""
    if not is_multilabel(rows.meta):
        return np.char.add(rows.ids, mark)
    ends = np.char.add("/", rows.columns[TRAIT].astype(str))
    return np.char.add(sample_ids(rows.ids, rows.columns[TRAIT], mark), ends)
