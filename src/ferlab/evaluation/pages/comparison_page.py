"""A comparison on the page: the printed table and sentences, comparison.json, comparison.md and the forest plot."""

import json
import os
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ferlab.evaluation.clusters import in_words
from ferlab.evaluation.comparison import bounds_text, gap
from ferlab.evaluation.figures.comparison_figure import forest, unit
from ferlab.evaluation.figures.style import save
from ferlab.evaluation.words import estimate, number, table

SINGLE = (
    "Intervals speak of other test samples, not of other training runs: one seed may beat another of the same "
    "configuration. groups=seeds covers both."
)


def render(result: dict[str, Any]) -> list[RenderableType]:
    """Return the table and the sentences of a comparison, for a terminal."""
    label, caveat = result["label"], result["intervals"]["caveat"]
    title = f"{label} on {result['split']}, n = {result['n']:,}"
    grid = Table(title=title, title_justify="left", caption="95 % intervals", caption_justify="left")
    # names are long and a terminal is narrow: both in one column, one below the other
    _, _, difference, *columns = head(result)
    unit_of = difference.partition(", ")[2]
    grid.add_column("A, less B", overflow="fold")
    for column in (unit_of or "difference", *columns):
        grid.add_column(column.replace(" p", "\np"), justify="right", no_wrap=True)
    for a, b, *cells in lines(result):
        grid.add_row(f"{a}\nless {b}", *cells)
    out: list[RenderableType] = [grid, *_labels(result), *(Text(pair["sentence"]) for pair in result["pairs"])]
    if "groups" not in result:
        out.append(Text(SINGLE, style="dim"))
    marks = [*result["notes"], *([caveat] if caveat else [])]
    return out + [Text(f"! {mark}", style="yellow") for mark in marks]


def _labels(result: dict[str, Any]) -> list[Table]:
    rows = label_lines(result)
    grid = Table(title="label by label", title_justify="left")
    for i, column in enumerate(rows[0] if rows else []):
        grid.add_column(column, justify="right" if i > 2 else "left", overflow="fold")
    for cells in rows[1:]:
        grid.add_row(*cells)
    return [grid] if rows else []


def head(result: dict[str, Any]) -> list[str]:
    """Return the columns of the table of pairs."""
    points = ", points" * (unit(result["metric"]) == 100)
    return [
        "A",
        "B",
        f"A less B{points}",
        "95 % interval",
        "p",
        "p, Holm",
        *(["McNemar p"] if _has_mcnemar(result) else []),
    ]


def lines(result: dict[str, Any]) -> list[list[str]]:
    """Return the table of pairs, a list of cells each."""
    metric, out = result["metric"], []
    for pair in result["pairs"]:
        bounds = "none" if pair["low"] is None else bounds_text(pair["low"], pair["high"], metric)
        cells = [
            pair["a"],
            pair["b"],
            gap(pair["value"], metric, False),
            bounds,
            p_text(pair["p"]),
            p_text(pair["p_holm"]),
        ]
        out.append(cells + ([p_text(pair["mcnemar"]["p"])] if _has_mcnemar(result) else []))
    return out


def label_lines(result: dict[str, Any]) -> list[list[str]]:
    """Return the table of pairs label by label, its head first; empty where each sample has one class."""
    metric, out = result["metric"], []
    for pair in result["pairs"]:
        for label, one in pair.get("traits", {}).items():
            bounds = "none" if one["low"] is None else bounds_text(one["low"], one["high"], metric)
            value = "undefined" if one["value"] is None else gap(one["value"], metric, False)
            tested = p_text(one["mcnemar"]["p"]) if one["mcnemar"] else p_text(one["p"])
            out.append([pair["a"], pair["b"], label, value, bounds, tested, p_text(one["p_holm"])])
    return [["A", "B", "label", "A less B", "95 % interval", "p", "p, Holm"], *out] if out else []


def p_text(p: float | None) -> str:
    """Return a p value as it is written: two digits, or "< 0.001"."""
    return "none" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def write(result: dict[str, Any], folder: Path, data: str) -> list[Path]:
    """Write comparison.json, comparison.md and comparison.png into a folder; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    figure = save(forest(result, data), folder / "comparison.png")
    page = write_text(folder / "comparison.md", markdown(result))
    return [write_text(folder / "comparison.json", json.dumps(result, indent=2, allow_nan=False) + "\n"), page, figure]


def markdown(result: dict[str, Any]) -> str:
    """Return the comparison as a page."""
    metric, label = result["metric"], result["label"]
    models = [["model", f"{label} (95 % interval)", "protocol"]]
    models += [[n, estimate(e, metric), result["runs"][n]["protocol"]] for n, e in result["models"].items()]
    parts = [f"# {label} on {result['split']}, n = {result['n']:,}"]
    parts += ["\n".join(f"- {pair['sentence']}" for pair in result["pairs"])]
    parts += [f"> **Read with care:** {note}." for note in result["notes"]]
    parts += ["## Pairs", table([head(result), *lines(result)])]
    if labels := label_lines(result):
        note = (
            "Label by label: A less B, McNemar exact mid-p where rows are independent; Holm over the labels of a pair."
        )
        parts += ["## Labels", table(labels), note]
    how = result["intervals"]
    drawn = f"clusters by {how['column']}" if how["drawn"] == "clusters" else "rows"
    text = f"A less B: paired bootstrap, {how['resamples']:,} resamples of {drawn}, seed {how['seed']}. {SINGLE} "
    if "groups" in result:
        text = "A less B: means over seeds; the interval covers other test samples and other seeds (Student). "
        groups = [["configuration", "seeds", "mean", "sd", "95 % interval over seeds"]]
        groups += [_seeds(name, group, metric) for name, group in result["groups"].items()]
        models_part = ["## Configurations", table(groups), "## Runs", table(models)]
    else:
        models_part = ["## Runs", table(models), in_words(how | {"resamples": how["resamples"]})]
    text += f"Holm corrects for {len(result['pairs']):,} pairs." if len(result["pairs"]) > 1 else ""
    text += " McNemar: exact, mid-p." * _has_mcnemar(result)
    return "\n\n".join([*parts, text, *models_part, "![pairs](comparison.png)"]) + "\n"


def _seeds(name: str, group: dict[str, Any], metric: str) -> list[str]:
    low, high = group["low"], group["high"]
    bounds = "none" if low is None else f"{number(low, metric)} to {number(high, metric)}"
    sd = "none" if group["sd"] is None else number(group["sd"], metric)
    return [name, str(group["n"]), number(group["mean"], metric), sd, bounds]


def _has_mcnemar(result: dict[str, Any]) -> bool:
    return any(pair["mcnemar"] for pair in result["pairs"])


def write_text(path: Path, text: str) -> Path:
    """Write a text file whole or not at all; returns its path."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
    return path
