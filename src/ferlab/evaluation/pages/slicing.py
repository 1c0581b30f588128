"""A run's rows cut by a column: which one, where from, and the files and words that come of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ferlab.errors import FerlabError
from ferlab.evaluation.comparison import bounds_text, gap
from ferlab.evaluation.facts_table import join, nearest
from ferlab.evaluation.figures.comparison_figure import Line, footer, plot, unit
from ferlab.evaluation.figures.style import BLUE, GREY, save
from ferlab.evaluation.pages.comparison_page import p_text, write_text
from ferlab.evaluation.resampling import check_metric
from ferlab.evaluation.rows import Rows, read_rows
from ferlab.evaluation.run_folder import Run, read_run
from ferlab.evaluation.slices import slice_rows
from ferlab.evaluation.words import estimate
from ferlab.evaluation.words import table as markdown_table

MADE = ("label", "pred", "confidence")


def slices(
    run: str,
    by: str,
    metric: str,
    table: str | None,
    split: str,
    bins: int,
    predictions: str,
    output: str | None,
    resamples: int,
) -> dict[str, Any]:
    """Measure the parts of a run's rows; print them and write slices.json, slices.md and slices.png.

    Args:
        run: the run folder.
        by: a column of its predictions, of `table`, or "label", "pred", "confidence" (the largest probability).
        metric: out of `metrics_of`.
        table: a CSV file with the columns id and `by`; None: the predictions' own columns.
        split: "val" or "test".
        bins: quantile bins of a column of many numbers.
        predictions: the file, relative to the run folder.
        output: the folder of the files; None: slices/<by> in the run folder.
        resamples: bootstrap draws.

    Raises:
        FerlabError: not a finished run, an unknown split, metric or column, or a table that does not fit.
    """
    if split not in ("val", "test"):
        raise FerlabError(f"split: expected val or test, found {split!r}")
    if resamples < 100:
        raise FerlabError(f"resamples: expected 100 or more, found {resamples}")
    read = read_run(run)
    rows = read_rows(read.folder / predictions).split(split)
    check_metric(metric, rows.names)
    values, unmatched = _values(rows, by, table, read)
    kept = np.flatnonzero(~unmatched)
    with Console().status("measuring slices"):
        result = slice_rows(rows.take(kept), values[kept], by, metric, bins, resamples)
    result |= {"split": split, "run": str(read.folder), "table": table, "unmatched": int(unmatched.sum())}
    result["notes"] = list(read.marks)
    if unmatched.any():
        result["notes"].append(f"{unmatched.sum():,} of {len(rows):,} {split} rows are not in {table} and left out")
    result["notes"] += [f"{by} {one['value']}: {one['caveat']}" for one in result["slices"] if one["caveat"]]
    if result["intervals"]["caveat"]:
        result["notes"].append(result["intervals"]["caveat"])
    Console().print(*render(result), sep="\n")
    folder = Path(output) if output is not None else read.folder / "slices" / by.replace("/", "-")
    for path in write(result, folder, read):
        print(path)
    return result


def render(result: dict[str, Any]) -> list[Any]:
    """Return the table and the sentence, for a terminal."""
    title = f"{result['label']} by {result['by']}, {result['split']}, n = {result['n']:,}"
    grid = Table(title=title, title_justify="left", caption="95 % intervals", caption_justify="left")
    head, *body = cells(result)
    for i, column in enumerate(head):
        grid.add_column(column, justify="right" if i else "left", overflow="fold")
    for line in body:
        grid.add_row(*line)
    return [grid, Text(result["sentence"]), *(Text(f"! {note}", style="yellow") for note in result["notes"])]


def cells(result: dict[str, Any]) -> list[list[str]]:
    """Return the table of slices, its head first."""
    metric = result["metric"]
    out = [[result["by"], "n", result["label"], "less the rest", "p, Holm"]]
    for one in result["slices"]:
        gone, moved = one["difference"], "undefined"
        if gone and gone["low"] is not None:
            moved = f"{gap(gone['value'], metric)} ({bounds_text(gone['low'], gone['high'], metric)})"
        p = p_text(gone["p_holm"]) if gone else "none"
        out.append([one["value"], f"{one['n']:,}", estimate(one["estimate"], metric), moved, p])
    return [*out, ["all", f"{result['n']:,}", estimate(result["all"], metric), "", ""]]


def write(result: dict[str, Any], folder: Path, run: Run) -> list[Path]:
    """Write slices.json, slices.md and slices.png into a folder; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = save(figure(result, run), folder / "slices.png")
    whose = f"{run.metrics['model']} on {run.metrics['data']['name']}, seed {run.seed}"
    parts = [f"# {result['label']} by {result['by']}: {whose}"]
    parts += [result["sentence"], *(f"> **Read with care:** {note}." for note in result["notes"])]
    parts += [markdown_table(cells(result))]
    how = result["intervals"]
    drawn = f"clusters by {how['column']}" if how["drawn"] == "clusters" else "rows"
    parts.append(
        f"{result['split']} rows. In brackets 95 % intervals: {how['resamples']:,} resamples of {drawn}, seed "
        f"{how['seed']}; Wilson's for accuracy of independent rows. Less the rest: the slice less all other rows; p "
        f"corrected by Holm for {len(result['slices'])} slices."
    )
    page = write_text(folder / "slices.md", "\n\n".join([*parts, "![slices](slices.png)"]) + "\n")
    return [write_text(folder / "slices.json", json.dumps(result, indent=2, allow_nan=False) + "\n"), page, picture]


def figure(result: dict[str, Any], run: Run) -> Any:
    """Draw each slice with its interval, all rows as the vertical line."""
    label, scale = result["label"], unit(result["metric"])
    lines = [_line(one["value"], one["estimate"], one["n"], scale) for one in result["slices"] if one["estimate"]]
    if result["all"] is not None:
        lines.append(_line("all", result["all"], result["n"], scale, GREY))
    facts = [run.metrics["data"]["name"], str(run.metrics["model"]), f"seed {run.seed}"]
    facts += [f"{result['split']} n = {result['n']:,}"]
    protocol = run.metrics["protocol"]
    facts.append(f"protocol {protocol.get('name', '?')} {protocol.get('hash', '')}".strip())
    zero = None if result["all"] is None else scale * result["all"]["value"]
    axis = f"{label}{' (%)' if scale == 100 else ''}"
    return plot(lines, f"{label} by {result['by']}, 95 % intervals", axis, footer(facts, run.marks), zero)


def _line(name: str, found: dict[str, Any], n: int, scale: float, colour: str = BLUE) -> Line:
    value, low, high = (scale * float(found[key]) for key in ("value", "low", "high"))
    return Line(name, value, low, high, f"n = {n:,}", colour)


def _values(
    rows: Rows, by: str, path: str | None, run: Run
) -> tuple[Shaped[np.ndarray, "row"], Shaped[np.ndarray, "row"]]:
    """Return each row's value, and which rows have none because the table does not hold them."""
    if path is not None:
        values, matched = join(Path(path), by, rows.ids.tolist())
        return values, ~matched
    made = {
        "label": np.array(rows.names)[rows.labels],
        "pred": np.array(rows.names)[rows.preds],
        "confidence": rows.probabilities.max(1),
    }
    known = made | rows.columns
    if by not in known:
        raise FerlabError(
            f"slices: by={by}: no such column in the predictions of {run.folder}{nearest(by, list(known))}\n"
            f"what exists: {', '.join(known)}\n(predictions of an older version lack columns: "
            f"`python -m ferlab.evaluate run={run.folder}` writes new ones, then predictions=evaluation-best/"
            "predictions.parquet; a column of your own: table=FILE.csv, joined by id)"
        )
    return np.asarray(known[by]), np.zeros(len(rows), dtype=bool)
