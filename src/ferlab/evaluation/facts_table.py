"""A table of further facts about samples, joined to rows by id: a CSV file with a column `id`."""

import csv
import difflib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Shaped

from ferlab.errors import FerlabError


def join(path: Path, column: str, ids: Sequence[str]) -> tuple[Shaped[np.ndarray, "_"], Bool[np.ndarray, "_"]]:
    """Return a column's value for each id, and which ids the table holds.

    Numbers are read as such where every filled cell of the column is one; an empty cell is then NaN, else "".

    Args:
        path: the CSV file; its first line names the columns.
        column: one of them.
        ids: of the rows.

    Returns:
        Values and matches, one an id; the value of an id that the table does not hold is empty.

    Raises:
        FerlabError: no such file, no column `id` or `column`, an id twice, a line too short or too long, or no id of
            the rows in it.
    """
    if not path.is_file():
        raise FerlabError(f"table: no such file: {path}; expected a CSV file with the column id and further ones")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for line in csv.reader(file) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise FerlabError(
            f"{path}: not a readable CSV file ({error}); expected UTF-8 text, separated by commas"
        ) from error
    head = lines[0] if lines else []
    if "id" not in head:
        raise FerlabError(f"{path}: expected a column id, as in predictions.parquet; found {head}")
    if column not in head:
        others = [name for name in head if name != "id"]
        raise FerlabError(f"{path}: no column {column!r}{nearest(column, others)}\nwhat exists: {', '.join(others)}")
    at, place = head.index(column), head.index("id")
    values: dict[str, str] = {}
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(head):
            raise FerlabError(f"{path}: line {number}: expected {len(head)} cells, found {len(line)}")
        if line[place] in values:
            raise FerlabError(f"{path}: line {number}: the id {line[place]!r} stands twice; expected one line a sample")
        values[line[place]] = line[at]
    matched = np.array([one in values for one in ids], dtype=bool)
    if not matched.any():
        raise FerlabError(
            f"{path}: none of its {len(values):,} ids is an id of the rows; it has {next(iter(values), '')!r}, "
            f"the rows {ids[0]!r}, for one"
        )
    cells = [values.get(one, "") for one in ids]
    try:
        return np.array([float(cell) if cell else np.nan for cell in cells]), matched
    except ValueError:
        return np.array(cells), matched


def nearest(word: str, known: Sequence[str]) -> str:
    """Return "; did you mean ...?" where a known word is near, else nothing."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
