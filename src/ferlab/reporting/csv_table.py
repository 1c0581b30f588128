"""A report as CSV: one number a cell, fractions in 0..1, empty where nothing is known."""

import csv
import io
from collections.abc import Sequence

from ferlab.reporting.measures import Figure
from ferlab.reporting.report import Report
from ferlab.reporting.table import Table

ALWAYS = ("run", "model", "setting", "data", "classes", "protocol", "hash", "n", "seeds")
ALSO = ("parameters", "multiply_adds", "samples_per_second", "epochs", "seconds")


def rows_csv(report: Report) -> str:
    """Return the rows of the table; of several seeds their mean, its interval over seeds and test samples, and sd.

    A measure has the columns <name>, <name>_low, <name>_high, <name>_sd and <name>_interval (how low and high were
    made); a document's figure document_row, document_metric, document_reported, verdict and reason.
    """
    names = [column.name for column in report.table.measures]
    head = [*ALWAYS, *(f"{name}{part}" for name in names for part in ("", "_low", "_high", "_sd", "_interval")), *ALSO]
    head += ["document_row", "document_metric", "document_reported", "verdict", "verdict_low", "verdict_high"]
    lines = [[*head, "reason", "marks"]]
    for line in report.lines:
        cells: list[object] = [line.cells[name].value for name in ALWAYS]
        for name in names:
            found = line.figures[name]
            cells += [None] * 5 if found is None else [*_numbers(found), found.sd, found.interval]
        cells += [line.cells[name].value for name in ALSO]
        verdict = line.group.verdict or {}
        ours = verdict.get("ours") or {}
        cells += [verdict.get(key) for key in ("row", "metric", "reported", "verdict")]
        cells += [ours.get("low"), ours.get("high"), verdict.get("reason"), "; ".join(line.group.marks)]
        lines.append([_cell(value) for value in cells])
    return _text(lines)


def runs_csv(report: Report) -> str:
    """Return every run behind the rows with its own figures and their intervals over test samples."""
    names = [column.name for column in report.table.measures]
    lines = [["row", "run", "model", "seed", "n", *_heads(names)]]
    for line in report.lines:
        for i, run in enumerate(line.group.runs):
            cells: list[object] = [line.group.name, report.found.name(run.folder), run.metrics["model"], run.seed]
            cells.append(run.metrics["test"]["n"])
            for name in names:
                found = line.figures[name]
                own = found.own[i] if found is not None and found.own else found
                cells += [None] * 3 if own is None else _numbers(own)
            lines.append([_cell(value) for value in cells])
    return _text(lines)


def has_seeds(table: Table) -> bool:
    """Tell whether some row stands for several runs."""
    return any(len(line.group.runs) > 1 for line in table.lines)


def _heads(names: Sequence[str]) -> list[str]:
    return [f"{name}{part}" for name in names for part in ("", "_low", "_high")]


def _numbers(found: Figure) -> list[object]:
    return [found.value, found.low, found.high]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return str(round(value, 6))
    text = "" if value is None else str(value)
    # a spreadsheet would run a cell that begins like a formula
    return f"'{text}" if text[:1] in ("=", "@", "+", "-") and isinstance(value, str) else text


def _text(lines: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue()
