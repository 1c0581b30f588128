"""Which rows a report shows, and in what order: `where="data=fer2013 and accuracy>60%"`, `sort=-accuracy`."""

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from ferlab.errors import FerlabError
from ferlab.reporting.table import Line

SYNTAX = "conditions <column><sign><value> joined by 'and'; signs are =, !=, <, <=, >, >=, ~ (contains), !~"
CONDITION = re.compile(r"\s*([\w./-]+)\s*(!=|!~|>=|<=|=|~|>|<)\s*(.*?)\s*")
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def choose(lines: Sequence[Line], where: str | Sequence[str] | None) -> list[Line]:
    """Return the rows that meet every condition.

    A number compares with a number, where "60%" is 0.6; other values as text, whatever the case. A row that lacks a
    value meets no condition but "!=" and "!~".

    Args:
        lines: all rows.
        where: conditions as `SYNTAX` says, in one text or several.

    Raises:
        FerlabError: not such conditions, an unknown column, or no row left.
    """
    conditions = _conditions(where)
    kept = list(lines)
    for condition in conditions:
        test = _test(condition, lines)
        kept = [line for line in kept if test(line)]
    if lines and not kept:
        name = _parts(conditions[0])[0]
        found = ", ".join(dict.fromkeys(line.cells[name].text for line in lines))
        raise FerlabError(f"where: no row fits {' and '.join(conditions)!r}; {name} is one of: {found}")
    return kept


def asked(where: str | Sequence[str] | None, sort: str | Sequence[str]) -> list[str]:
    """Return the columns that conditions and an order speak of.

    Raises:
        FerlabError: conditions that cannot be read.
    """
    wishes = [sort] if isinstance(sort, str) else list(sort)
    return [*(_parts(part)[0] for part in _conditions(where)), *(wish.removeprefix("-") for wish in wishes)]


def order(lines: Sequence[Line], sort: str | Sequence[str]) -> list[Line]:
    """Return the rows by one column after another; "-" in front: the largest first. Rows without a value come last.

    Raises:
        FerlabError: an unknown column.
    """
    out = list(lines)
    for wish in reversed([sort] if isinstance(sort, str) else list(sort)):
        name, down = wish.removeprefix("-"), wish.startswith("-")
        _check(name, lines, "sort")
        present = [line for line in out if line.cells[name].value is not None]
        absent = [line for line in out if line.cells[name].value is None]
        out = sorted(present, key=lambda line: _key(line.cells[name].value), reverse=down) + absent
    return out


def _conditions(where: str | Sequence[str] | None) -> list[str]:
    texts = [where] if isinstance(where, str) else list(where or ())
    return [part for text in texts for part in re.split(r"\s+and\s+", text.strip()) if part]


def _key(value: Any) -> tuple[int, Any]:
    return (0, value) if isinstance(value, int | float) else (1, str(value).casefold())


def _parts(condition: str) -> tuple[str, str, str]:
    match = CONDITION.fullmatch(condition)
    if match is None:
        raise FerlabError(f"where: cannot read {condition!r}; expected {SYNTAX}")
    name, sign, value = match.groups()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return name, sign, value


def _test(condition: str, lines: Sequence[Line]) -> Callable[[Line], bool]:
    name, sign, value = _parts(condition)
    _check(name, lines, "where")
    wanted = _number(value)

    def test(line: Line) -> bool:
        cell = line.cells[name]
        if sign in ("~", "!~"):
            return (value.casefold() in cell.text.casefold()) == (sign == "~")
        numbers = isinstance(cell.value, int | float) and wanted is not None
        if sign in ("=", "!="):
            same = cell.value == wanted if numbers else str(cell.value or "").casefold() == value.casefold()
            return same == (sign == "=")
        if cell.value is None:
            return False
        if not numbers:
            raise FerlabError(f"where: {condition!r} wants numbers; {name} is {cell.text!r}; use = or ~")
        return ORDER[sign](cell.value, wanted)

    return test


def _number(value: str) -> float | None:
    try:
        return float(value[:-1]) / 100 if value.endswith("%") else float(value)
    except ValueError:
        return None


def _check(name: str, lines: Sequence[Line], option: str) -> None:
    if lines and name not in lines[0].cells:
        raise FerlabError(f"{option}: no column {name!r}; there are {', '.join(sorted(lines[0].cells))}")
