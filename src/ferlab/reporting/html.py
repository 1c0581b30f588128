"""A report as one HTML page that carries everything it shows and asks no network for anything.

Whatever comes out of a run folder is escaped by the template engine; a content security policy in the page forbids
what might slip through.
"""

from pathlib import Path
from typing import Any

from ferlab.reporting.facts import FACTS
from ferlab.reporting.forest import NARROW, WIDE, forest
from ferlab.reporting.pictures import pictures
from ferlab.reporting.report import Report, caption, marks_of
from ferlab.reporting.table import Column, Line, own_figures

PARTS = Path(__file__).parent / "page"
LONG = ("setting", "verdict", "reason", "caveat", "marks", "run", "document")
# what the details of a row tell, where it is known
TOLD: tuple[str, ...] = (
    "setting",
    "data",
    "classes",
    "protocol",
    "hash",
    "selection",
    "train",
    "val",
    "n",
    "copies",
    "majority",
    "document",
)
TOLD += ("verdict", "caveat", "parameters", "multiply_adds")


def html(report: Report, figures: str = "plain") -> str:
    """Return the page.

    Args:
        report: what it says.
        figures: "none", "plain" or "all"; see `pictures`.

    Raises:
        FerlabError: another choice of figures.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    page = Environment(
        loader=FileSystemLoader(PARTS), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template("page.html")
    measures = report.table.measures
    return page.render(
        report=report,
        style=Markup((PARTS / "page.css").read_text(encoding="utf-8")),
        script=Markup((PARTS / "page.js").read_text(encoding="utf-8")),
        marks=caption(marks_of(report.lines)),
        forests=[
            made for shape in (WIDE, NARROW) if measures and (made := forest(report.lines, measures[0].name, shape))
        ],
        forest_label=measures[0].label.capitalize() if measures else "",
        columns=report.table.columns,
        rows=[_row(report, line, i, figures) for i, line in enumerate(report.lines, start=1)],
        left_out=[(report.found.name(one.folder), one.reason) for one in report.left_out],
    )


def _row(report: Report, line: Line, number: int, figures: str) -> dict[str, Any]:
    words = [line.cells[name].text for name in ("model", "data", "protocol")]
    words += [line.group.setting] if line.group.setting else []
    first = line.figures[report.table.measures[0].name] if report.table.measures else None
    if first is not None:
        words.append(first.text(report.table.measures[0].name))
    facts = [(FACTS[name].label, line.cells[name].text) for name in TOLD if line.cells[name].value is not None]
    facts += [("note", str(note)) for note in line.group.first.metrics["data"].get("notes", [])]
    return {
        "number": number,
        "title": " · ".join(words),
        "marks": "; ".join(line.group.marks),
        "facts": facts,
        "cells": [_cell(line, column) for column in report.table.columns],
        "runs": [_run(report, run, figures) for run in line.group.runs],
    }


def _cell(line: Line, column: Column) -> dict[str, Any]:
    cell = line.cells[column.name]
    word, _, rest = cell.text.partition(":") if column.name == "verdict" and cell.value else ("", "", "")
    exact = f"{cell.value:,}" if column.name in ("parameters", "multiply_adds") and cell.value is not None else ""
    return {
        "text": cell.text,
        "sort": "" if cell.value is None else cell.value,
        "kind": "number" if column.numeric else "long" if column.name in LONG and cell.value else "",
        "exact": exact,
        "word": word,
        "rest": rest.strip(),
        "own": own_figures(line, column.name) if column.measure else [],
    }


def _run(report: Report, run: Any, figures: str) -> dict[str, Any]:
    training, chosen = run.training, run.metrics.get("checkpoint") or {}
    facts = {
        "epoch kept": chosen.get("chosen_epoch"),
        "epochs": training.get("epochs"),
        "chosen by": chosen.get("monitor"),
        "device": training.get("device"),
        "precision": training.get("precision"),
        "threads": training.get("threads"),
        "samples/s": training.get("samples_per_second"),
        "peak memory, MB": training.get("peak_memory_mb"),
    }
    return {
        "name": report.found.name(run.folder),
        "seed": run.seed,
        "facts": [(name, str(value)) for name, value in facts.items() if value is not None],
        "command": training.get("command") or "",
        "figures": pictures(run, figures),
    }
