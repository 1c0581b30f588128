"""Facial landmarks that were found elsewhere: a table of points by the samples' ids."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ferlab.errors import FerlabError
from ferlab.features.points import Images, Points, sha256

_WHERE = "features.landmarks_table.provider.file"


@dataclass
class Table:
    """Points that were found elsewhere: a row a sample, its id and x0, y0, x1, y1, ...; empty: no face.

    Args:
        file: .csv or .parquet.
        left_eye: numbers of the points around one eye.
        right_eye: numbers of the points around the other.

    Raises:
        FerlabError: no such file, or one without these columns.
    """

    file: str | None = None
    left_eye: Sequence[int] = tuple(range(36, 42))
    right_eye: Sequence[int] = tuple(range(42, 48))

    def __post_init__(self) -> None:
        if self.file is None or not Path(self.file).is_file():
            raise FerlabError(
                f"{_WHERE}: no file {self.file}; expected a .csv or .parquet with the columns id, x0, y0, x1, y1, ..."
            )
        names, rows = (_parquet if self.file.endswith(".parquet") else _csv)(Path(self.file))
        count = (len(names) - 1) // 2
        wanted = ["id", *(f"{axis}{i}" for i in range(count) for axis in "xy")]
        if sorted(names) != sorted(wanted) or count < 1:
            raise FerlabError(
                f"{self.file}: expected the columns id, x0, y0, x1, y1, ..., found {', '.join(names[:8])}"
            )
        self.eyes = (tuple(self.left_eye), tuple(self.right_eye))
        order = [names.index(name) for name in wanted]
        self.known: dict[str, np.ndarray] = {}
        for number, row in enumerate(rows, 2):
            try:
                values = [float(row[i]) if row[i] not in ("", None) else np.nan for i in order[1:]]
            except ValueError as error:
                raise FerlabError(f"{self.file}: row {number} holds no number ({error})") from error
            self.known[str(row[order[0]])] = np.array(values, np.float32).reshape(count, 2)
        self.count = count

    def digest(self) -> str:
        """Return what tells its points from others'."""
        return f"table {sha256(str(self.file))}"

    def of(self, ids: Sequence[Any] | np.ndarray) -> Points:
        """Return the points of samples by their ids; NaN where there are none.

        Raises:
            FerlabError: no id is known.
        """
        if len(ids) and not any(str(one) in self.known for one in ids):
            raise FerlabError(
                f"{self.file}: none of {len(ids):,} samples stands in it; the first is {str(ids[0])!r}, the file's "
                f"first {next(iter(self.known), 'nothing')!r}"
            )
        missing = np.full((self.count, 2), np.nan, np.float32)
        return np.stack([self.known.get(str(one), missing) for one in ids])

    def points(self, images: Images) -> Points:
        """Return NaN: an image that no id belongs to (made by rebalancing, say) has no given points."""
        return np.full((len(images), self.count, 2), np.nan, np.float32)


def _csv(path: Path) -> tuple[list[str], list[list[Any]]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    return (rows[0], rows[1:]) if rows else ([], [])


def _parquet(path: Path) -> tuple[list[str], list[list[Any]]]:
    from pyarrow import parquet

    table = parquet.read_table(path)
    return list(table.column_names), [list(row.values()) for row in table.to_pylist()]
