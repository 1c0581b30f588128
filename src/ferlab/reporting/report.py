"""What a report says, before it is written down: the table, the folders left out, and how to read both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ferlab.reporting.gather import Gathered, LeftOut
from ferlab.reporting.table import Line, Table


@dataclass(frozen=True)
class Report:
    """A report.

    Attributes:
        title: its heading.
        table: what was chosen, in order.
        found: everything that was searched.
        left_out: incomplete, broken and replaced runs.
        hidden: rows that the filter took away.
        where: the filter, in words; empty without one.
    """

    title: str
    table: Table
    found: Gathered
    left_out: tuple[LeftOut, ...]
    hidden: int = 0
    where: str = ""

    @property
    def lines(self) -> Sequence[Line]:
        """The rows."""
        return self.table.lines

    @property
    def runs(self) -> int:
        """How many runs stand behind the rows."""
        return sum(len(line.group.runs) for line in self.lines)

    @property
    def summary(self) -> str:
        """How much was gathered, in a sentence."""
        text = f"{_many(self.runs, 'run')} in {_many(len(self.lines), 'row')}"
        if self.hidden:
            text += f"; {_many(self.hidden, 'row')} hidden by the filter {self.where}"
        return text + (f"; {_many(len(self.left_out), 'folder')} left out, see below" if self.left_out else "") + "."

    @property
    def notes(self) -> list[str]:
        """How to read the figures: only what these rows need."""
        merged = any(len(line.group.runs) > 1 for line in self.lines)
        notes = [
            "In brackets: 95 % intervals. Of one run: over test samples (Wilson for proportions, percentile bootstrap "
            "for the others); another training run would move the figures too."
        ]
        drawn = [line.group.first.metrics["test"].get("intervals", {}) for line in self.lines]
        columns = dict.fromkeys(how["column"] for how in drawn if how.get("drawn") == "clusters")
        if columns:
            notes.append(f"Where the data name each row's {' or '.join(columns)}, a clustered bootstrap by it instead.")
        if merged:
            notes.append(
                "Of several seeds: the mean and the standard deviation (sd); the interval joins two errors, Student's "
                "of the mean over training runs and that over test samples, as the root of the sum of their squares."
            )
        if any(line.group.verdict for line in self.lines):
            text = (
                "Verdict: reproduced (the document's figure lies inside our interval), above or below (ours lies there)"
                ", or not comparable."
            )
            if merged:
                text += " An interval over seeds of more than 20 points cannot tell."
            notes.append(text)
        if any(column.name == "parameters" for column in self.table.columns):
            notes.append("Parameters as Keras counts them; multiply-adds of one sample.")
        return notes


def caption(marks: Mapping[str, int]) -> str:
    """Return marks with how many rows carry each."""
    return "; ".join(f"{mark} ({_many(count, 'row')})" for mark, count in marks.items())


def marks_of(lines: Sequence[Line]) -> dict[str, int]:
    """Count the rows that carry each mark."""
    counts: dict[str, int] = {}
    for line in lines:
        for mark in line.group.marks:
            counts[mark] = counts.get(mark, 0) + 1
    return counts


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
