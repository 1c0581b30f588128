"""The table of a report: one line a configuration, one column a fact or a measure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ferlab.errors import FerlabError
from ferlab.evaluation.words import label_of, number
from ferlab.reporting.facts import FACTS, Cell
from ferlab.reporting.grouping import Group
from ferlab.reporting.measures import Figure, check_measures, figure, last

DEFAULT = (
    *("model", "setting", "data", "classes", "protocol", "n", "seeds", "metrics"),
    *("parameters", "multiply_adds", "samples_per_second", "document", "verdict", "marks"),
)
# of the default columns, those left away where no row has anything to say
OPTIONAL = ("setting", "document", "verdict", "marks")


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        name: as `columns`, `sort` and `where` name it.
        label: its head.
        numeric: it holds numbers.
        measure: it holds figures with intervals.
    """

    name: str
    label: str
    numeric: bool
    measure: bool = False


@dataclass(frozen=True)
class Line:
    """A row.

    Attributes:
        group: its runs.
        cells: of every known column, by name.
        figures: of every measure in the table.
    """

    group: Group
    cells: dict[str, Cell]
    figures: dict[str, Figure | None]


@dataclass(frozen=True)
class Table:
    """Columns and rows, in the order to show."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]

    @property
    def measures(self) -> list[Column]:
        """The columns that hold figures."""
        return [column for column in self.columns if column.measure]


def make_table(
    groups: Sequence[Group], metrics: Sequence[str], columns: Sequence[str] | None = None, also: Sequence[str] = ()
) -> Table:
    """Compute every cell.

    Args:
        groups: the rows.
        metrics: measures, in the order of their columns.
        columns: names of facts, and "metrics" for the place of the measures; None takes the usual ones.
        also: measures to choose and to sort by without a column of their own; names that no run knows are passed over.

    Raises:
        FerlabError: no such column or measure.
    """
    check_measures([run for one in groups for run in one.runs], metrics)
    wanted = list(columns or DEFAULT)
    known = ("metrics", *metrics, *FACTS)
    if unknown := [name for name in wanted if name not in known]:
        raise FerlabError(f"columns: no column {unknown[0]!r}; expected some of {', '.join(known)}")
    further = [name for name in also if name not in FACTS and any(figure(one.runs, name) for one in groups)]
    lines = tuple(_line(one, [*metrics, *further]) for one in groups)
    if columns is None:
        wanted = [name for name in wanted if name not in OPTIONAL or any(line.cells[name].value for line in lines)]
    if "metrics" not in wanted and not set(metrics) & set(wanted):
        wanted.append("metrics")
    made: dict[str, Column] = {}
    for name in wanted:
        for one in metrics if name == "metrics" else [name]:
            made[one] = _column(one, lines, one in metrics)
    return Table(tuple(made.values()), lines)


def _column(name: str, lines: Sequence[Line], measure: bool) -> Column:
    if measure:
        return Column(name, _label(name, lines), True, True)
    numeric = any(isinstance(line.cells[name].value, int | float) for line in lines)
    return Column(name, FACTS[name].label, numeric)


def _label(name: str, lines: Sequence[Line]) -> str:
    """Return a measure's head; where rows of several labels a sample stand beside others, in the words of both."""
    said = dict.fromkeys(label_of(name, line.group.first.metrics["data"]) for line in lines)
    return " / ".join(said) or name


def _line(one: Group, metrics: Sequence[str]) -> Line:
    figures = {name: figure(one.runs, name) for name in metrics}
    cells: dict[str, Cell] = {name: fact.cell(one) for name, fact in FACTS.items()}
    for name, found in figures.items():
        cells[name] = Cell(None, "-") if found is None else Cell(found.value, found.text(name))
    return Line(one, cells, figures)


def own_figures(line: Line, name: str) -> list[str]:
    """Return each seed's own figure in words, "seed 0: 50.7 % (48.8 to 52.5)"; nothing where there is one run."""
    found = line.figures.get(name)
    if found is None or not found.own:
        return []
    return [f"seed {run.seed}: {one.text(name)}" for run, one in zip(line.group.runs, found.own, strict=True)]


def reported(line: Line, name: str) -> dict[str, Any] | None:
    """Return the document's figure for a measure: "row", "reported" and "text"; None where it gives none."""
    document = line.group.document or {}
    if document.get("reported") is None or document.get("metric", "accuracy") != name:
        return None
    value = float(document["reported"])
    return {"row": document.get("row", ""), "reported": value, "text": number(value, last(name))}
