"""What a bootstrap draws: rows, or clusters of rows that are not independent of each other (a speaker's, a person's).

Source: Davison and Hinkley, Bootstrap Methods and their Application (1997), section 3.8: whole clusters are drawn with
replacement, each with all of its rows. Rows of one person are right or wrong together, so intervals over rows would be
too narrow.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64, Shaped

from ferlab.evaluation.intervals import RESAMPLES, SEED, row_weights
from ferlab.evaluation.rows import Rows

COPIES = "copies"
FEW = 10


@dataclass(frozen=True)
class Units:
    """What is drawn when the rows of one split are resampled.

    Attributes:
        rows: how many rows there are.
        column: the column whose values make the clusters; None where rows are drawn.
        index: cluster of each row, 0..count - 1; None where rows are drawn.
        count: how many clusters (or rows) are drawn from.
        caveat: what must be said of the intervals, or None.
        distinct: how many images stay when near copies are counted once; None where that is not known.
    """

    rows: int
    column: str | None
    index: Int64[np.ndarray, "row"] | None
    count: int
    caveat: str | None = None
    distinct: int | None = None

    @property
    def clusters(self) -> int | None:
        """How many clusters are drawn from; None where rows are."""
        return None if self.index is None else self.count

    def facts(self) -> dict[str, Any]:
        """Return plain values for metrics.json: drawn, column, n, distinct, caveat."""
        drawn = "rows" if self.index is None else "clusters"
        return {
            "drawn": drawn,
            "column": self.column,
            "n_drawn": self.count,
            "distinct": self.distinct,
            "caveat": self.caveat,
        }

    def weights(
        self, resamples: int = RESAMPLES, seed: int = SEED, chunk_mb: int = 16
    ) -> Iterator[Float32[np.ndarray, "row chunk"]]:
        """Yield how often each row is drawn in each resample, some resamples at a time to bound the memory."""
        if self.index is None:
            yield from row_weights(self.rows, resamples, seed, chunk_mb)
            return
        # sized by the rows: that is what the weights expand to
        share = max(1, chunk_mb * self.count // self.rows)
        for weights in row_weights(self.count, resamples, seed, share):
            yield weights[self.index]


def clusters_of(rows: Rows) -> Units:
    """Decide what is drawn for the rows of one split.

    Clusters are the values of the protocol's `group` column, else of the column of people with the fewest values
    (an actor speaks many sentences). Near copies alone ("copies") leave the rows as they are, as the field does, and
    are counted beside.
    """
    n = len(rows)
    copies = rows.columns.get(COPIES)
    distinct = None if copies is None else len(np.unique(copies))
    named = rows.meta.get("protocol", {}).get("group")
    people: list[str | None] = [name for name in rows.meta.get("people") or () if name in rows.columns]
    if named and named not in rows.columns:
        lacking = f"rows of one {named} are not independent, but the predictions have no column {named!r}"
        return Units(n, None, None, n, f"{lacking}: intervals over rows are too narrow", distinct)
    column: str | None = named or min(people, key=lambda name: numbered(rows.columns[str(name)]).max(), default=None)
    if column is None:
        return Units(n, None, None, n, None, distinct)
    index = numbered(rows.columns[column])
    count = int(index.max()) + 1
    if count == n:
        return Units(n, None, None, n, None, distinct)
    caveat = None
    if count < 2:
        caveat = f"all rows are of one {column}: nothing can be said of others, so each interval is the whole range"
    elif count < FEW:
        caveat = f"only {count} clusters by {column}: intervals from fewer than {FEW} tend to be too narrow"
    return Units(n, column, index, count, caveat, distinct)


def numbered(values: Shaped[np.ndarray, "row"]) -> Int64[np.ndarray, "row"]:
    """Return the cluster of each row, from 0; a row whose cell is empty is a cluster of its own, as in protocols."""
    unknown = np.isnan(values) if values.dtype.kind == "f" else np.char.strip(values.astype(str)) == ""
    index = np.unique(values, return_inverse=True)[1].reshape(-1)
    alone = np.where(unknown, len(values) + np.arange(len(values)), index)
    return np.unique(alone, return_inverse=True)[1].reshape(-1).astype(np.int64)


def in_words(how: dict[str, Any]) -> str:
    """Return how a split's intervals were made, one or two sentences, from `measure`'s "intervals"."""
    draws = f"{how['resamples']:,} resamples"
    text = (
        f"Intervals: Wilson for proportions, percentile bootstrap ({draws} of rows, seed {how['seed']}) for the others."
    )
    if how.get("drawn") == "clusters":
        text = (
            f"Intervals: clustered bootstrap, expanded percentile ({draws} of {how['n_drawn']:,} clusters by "
            f"{how['column']}, seed {how['seed']}), because rows of one {how['column']} are not independent."
        )
    if how.get("distinct"):
        text += f" Near copies counted once, {how['distinct']:,} distinct samples stay on test."
    return text + (f" Caveat: {how['caveat']}." if how.get("caveat") else "")
