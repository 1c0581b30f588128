"""Which part of the rows a column puts each row into: one part a value, or of many numbers one a quantile bin."""

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped

from ferlab.errors import FerlabError

MANY_VALUES, MOST_SLICES = 12, 60
MISSING = "(none)"


def parts_of(values: Shaped[np.ndarray, "row"], by: str, bins: int = 4) -> tuple[list[str], Int64[np.ndarray, "row"]]:
    """Return the names of the parts, in order, and the part of each row.

    Raises:
        FerlabError: one part alone, or more than sixty.
    """
    if np.issubdtype(values.dtype, np.number):
        numbers = values.astype(np.float64)
        known = ~np.isnan(numbers)
        if len(np.unique(numbers[known])) > MANY_VALUES:
            if bins < 2:
                raise FerlabError(f"slices: bins: expected 2 or more, found {bins}")
            names, index = _binned(numbers, known, bins)
        else:
            unique, index = np.unique(numbers, return_inverse=True)
            names = [f"{value:.10g}" for value in unique]
            names = [MISSING if name == "nan" else name for name in names]
        if not known.all() and MISSING not in names:
            index, names = np.where(known, index, len(names)), [*names, MISSING]
    else:
        unique, index = np.unique([str(value) or MISSING for value in values.tolist()], return_inverse=True)
        names = unique.tolist()
    if len(names) < 2:
        raise FerlabError(f"slices: by={by}: every row is {names[0]!r}; expected two values or more")
    if len(names) > MOST_SLICES:
        raise FerlabError(
            f"slices: by={by}: {len(names):,} different values, {names[0]!r} for one; expected at most {MOST_SLICES}; "
            "cure: a coarser column, or one of numbers, which are cut into bins"
        )
    return names, np.asarray(index, dtype=np.int64).reshape(-1)


def _binned(
    numbers: Float[np.ndarray, "row"], known: Bool[np.ndarray, "row"], bins: int
) -> tuple[list[str], Int64[np.ndarray, "row"]]:
    """Cut at quantiles, equal values together, so that bins may be fewer; rows that are not known stand anywhere."""
    cuts = np.unique(np.quantile(numbers[known], np.linspace(0, 1, bins + 1)[1:-1]))
    index = np.searchsorted(cuts, numbers, side="left")
    if len(np.unique(index[known])) < 2:
        # most rows hold the largest value
        index = np.searchsorted(cuts, numbers, side="right")
    kept, index = np.unique(np.where(known, index, index[known][0]), return_inverse=True)
    ends = [numbers[known & (index == i)] for i in range(len(kept))]
    return [f"{part.min():.4g} to {part.max():.4g}" for part in ends], index.astype(np.int64)
