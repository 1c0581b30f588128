"""A report as Markdown."""

from ferlab.evaluation.words import table as lay_out
from ferlab.reporting.report import Report, caption, marks_of


def markdown(report: Report) -> str:
    """Return the page: the table, each seed's own figures, how to read them, what was left out."""
    columns = report.table.columns
    rows = [[column.label for column in columns]]
    rows += [[plain(line.cells[column.name].text) for column in columns] for line in report.lines]
    parts = [f"# {plain(report.title)}", plain(report.summary)]
    marks = marks_of(report.lines)
    if marks:
        parts.append(f"> **Read with care:** {plain(caption(marks))}.")
    parts += [lay_out(rows), "\n".join(f"- {note}" for note in report.notes)]
    parts += _seeds(report)
    if report.left_out:
        parts.append("## Left out")
        parts.append("\n".join(f"- `{report.found.name(one.folder)}`: {plain(one.reason)}" for one in report.left_out))
    return "\n\n".join(parts) + "\n"


def plain(text: str) -> str:
    """Return text that Markdown takes as it stands, on one line; table cells escape their bars themselves."""
    text = " ".join(text.split())
    for mark, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("[", "\\["), ("]", "\\]"), ("`", "\\`")):
        text = text.replace(mark, written)
    return text


def _seeds(report: Report) -> list[str]:
    measures = report.table.measures
    rows = [["run", "model", "seed", *(column.label for column in measures)]]
    for line in report.lines:
        if len(line.group.runs) < 2:
            continue
        for i, run in enumerate(line.group.runs):
            figures = [line.figures[column.name] for column in measures]
            own = [
                "-" if f is None else f.own[i].text(column.name) for f, column in zip(figures, measures, strict=True)
            ]
            rows.append([plain(report.found.name(run.folder)), plain(run.metrics["model"]), str(run.seed), *own])
    return ["## Each seed by itself", lay_out(rows)] if len(rows) > 1 else []
