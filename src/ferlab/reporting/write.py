"""From run folders to the files of a report."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from ferlab.errors import FerlabError
from ferlab.reporting.choosing import asked, choose, order
from ferlab.reporting.csv_table import has_seeds, rows_csv, runs_csv
from ferlab.reporting.gather import gather
from ferlab.reporting.grouping import group
from ferlab.reporting.html import html
from ferlab.reporting.latex import latex
from ferlab.reporting.markdown import markdown
from ferlab.reporting.report import Report, caption, marks_of
from ferlab.reporting.table import Table, make_table

FILES = ("report.md", "report.csv", "runs.csv", "report.tex", "report.html")


def report(
    runs: str | Sequence[str],
    output: str,
    by: str = "seeds",
    metrics: Sequence[str] = ("accuracy", "recall_macro", "f1_macro"),
    columns: Sequence[str] | None = None,
    sort: str | Sequence[str] | None = None,
    where: str | Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    figures: str = "plain",
    on_bad: str = "list",
    title: str = "Runs",
    console: Console | None = None,
) -> Report:
    """Gather runs and write report.md, report.csv, runs.csv (where seeds were merged), report.tex and report.html.

    Args:
        runs: folders or patterns.
        output: the folder of the files.
        by: "seeds": runs that differ in their seed alone are one row; "run": a row each.
        metrics: measures, as metrics.json names them.
        columns: which columns to show, in order; None: the usual ones.
        sort: columns; "-" in front: the largest first; None: by data and protocol, there by the first measure.
        where: which rows to show.
        ignore: parts of the configuration in which runs of one row may differ.
        figures: "none", "plain" or "all", in report.html.
        on_bad: "list" or "stop": what becomes of incomplete and broken run folders.
        title: heading of the pages.
        console: where the short table is printed.

    Returns:
        What was written.

    Raises:
        FerlabError: no run, a mistake in an option, or an output folder that holds other files.
    """
    console = console or Console()
    target = Path(output)
    _check(target)
    with console.status("gathering runs") as status:
        found = gather(runs, on_bad)
        groups, replaced = group(found, by, ignore)
        sort = ["data", "protocol", *(f"-{name}" for name in metrics[:1])] if sort is None else sort
        table = make_table(groups, list(metrics), columns, also=asked(where, sort))
        kept = order(choose(table.lines, where), sort)
        words = where if isinstance(where, str) else " and ".join(where or ())
        hidden = len(table.lines) - len(kept)
        made = Report(
            title, Table(table.columns, tuple(kept)), found, (*found.left_out, *replaced), hidden, repr(words)
        )
        status.update("writing")
        texts = {"report.md": markdown(made), "report.csv": rows_csv(made), "report.tex": latex(made)}
        if has_seeds(made.table):
            texts["runs.csv"] = runs_csv(made)
        texts["report.html"] = html(made, figures)
        target.mkdir(parents=True, exist_ok=True)
        (target / "runs.csv").unlink(missing_ok=True)
        for name, text in texts.items():
            _write(target / name, text)
    _print(made, console)
    for name, text in texts.items():
        size = f", {len(text.encode()) / 2**20:.1f} MB" if name == "report.html" else ""
        console.print(f"{target / name}{size}", style="bold", soft_wrap=True, markup=False, highlight=False)
    return made


def _check(target: Path) -> None:
    if target.is_file():
        raise FerlabError(f"output: {target} is a file; expected a folder")
    other = sorted(path.name for path in target.iterdir() if path.name not in FILES) if target.is_dir() else []
    if other:
        raise FerlabError(
            f"output: {target} holds other files than a report's ({', '.join(other[:3])}); nothing was written; "
            "cure: output=<another folder>"
        )


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _print(made: Report, console: Console) -> None:
    """Print what fits a terminal: whose row, how many runs, the first measure, the verdict."""
    verdicts = any(line.cells["verdict"].value for line in made.lines)
    grid = Grid(caption="95 % intervals", caption_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    grid.add_column("model, setting", overflow="fold")
    grid.add_column("data, protocol", overflow="fold")
    grid.add_column("n", justify="right", no_wrap=True)
    grid.add_column("seeds", justify="right", no_wrap=True)
    for measure in made.table.measures[:1]:
        grid.add_column(escape(measure.label.replace(" / ", "\n")), justify="right", no_wrap=True)
    if verdicts:
        grid.add_column("verdict", no_wrap=True)
    for line in made.lines:
        cells = [line.cells[name].text for name in ("model", "data", "n")] + [str(len(line.group.runs))]
        cells += [line.cells[measure.name].text.partition(", sd")[0] for measure in made.table.measures[:1]]
        cells += [str(line.cells["verdict"].value or "-")] if verdicts else []
        cells[0] += f"\n{line.group.setting}" if line.group.setting else ""
        cells[1] += f"\n{line.cells['protocol'].text}"
        grid.add_row(*map(escape, cells))
    console.print(grid)
    console.print(made.summary.removesuffix(", see below."), markup=False, highlight=False)
    marks = marks_of(made.lines)
    if marks:
        console.print(f"! {caption(marks)}", style="yellow", markup=False)
    for one in made.left_out:
        console.print(f"left out: {made.found.name(one.folder)}: {one.reason}", style="dim", markup=False)
