"""The names of columns that predictions.parquet keeps for itself: no column of a data set may have one of them."""

from collections.abc import Iterable, Sequence

COLUMNS = ("id", "split", "label", "pred")
TRAIT, SAMPLE = "trait", "sample"


def own_columns(traits: Sequence[str]) -> set[str]:
    """Return those of several labels a sample: of the file, and of the rows in memory."""
    return {TRAIT, SAMPLE, "id", "split"} | {f"{part}_{name}" for part in ("label", "pred", "p") for name in traits}


def taken(columns: Iterable[str], names: Sequence[str], many: bool) -> list[str]:
    """Return which columns of a data set are named as the file's own.

    Args:
        columns: their names.
        names: of the classes or labels.
        many: whether a sample has several labels.
    """
    own = own_columns(names) if many else set(COLUMNS)
    return [name for name in columns if name in own or (not many and name.startswith("p_"))]
