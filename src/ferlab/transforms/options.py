"""Checks of what a transform is given in YAML, each with one clear message."""

from collections.abc import Sequence

from ferlab.errors import FerlabError


def probability(where: str, value: int | float) -> float:
    """Return a probability.

    Args:
        where: the option's name in the message, "Cutout.p".
        value: what was given.

    Raises:
        FerlabError: outside 0..1.
    """
    return between(where, value, 0, 1)


def between(where: str, value: int | float, low: int | float, high: int | float) -> float:
    """Return a number of a closed range.

    Raises:
        FerlabError: it lies outside, or is NaN.
    """
    if not low <= value <= high:
        raise FerlabError(f"augment: {where}: expected a number in {low:g}..{high:g}, found {value}")
    return float(value)


def positive(where: str, value: int | float) -> float:
    """Return a number above zero.

    Raises:
        FerlabError: it is not.
    """
    if not 0 < value < float("inf"):
        raise FerlabError(f"augment: {where}: expected a number above 0, found {value}")
    return float(value)


def bounds(where: str, value: Sequence[int | float], low: int | float, high: int | float) -> tuple[float, float]:
    """Return [from, to] with low <= from <= to <= high.

    Raises:
        FerlabError: not such a pair.
    """
    if len(value) != 2 or not low <= value[0] <= value[1] <= high:
        raise FerlabError(f"augment: {where}: expected [from, to] within {low:g}..{high:g}, found {list(value)}")
    return float(value[0]), float(value[1])


def length(where: str, value: int | float, side: int) -> int:
    """Return pixels: a whole number is taken as it is, a float as a share of `side`.

    Raises:
        FerlabError: negative, or a share above 1.
    """
    if isinstance(value, int):
        between(where, value, 0, float("inf"))
        return value
    return round(between(where, value, 0, 1) * side)
