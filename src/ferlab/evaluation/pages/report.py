"""report.md: one page on a run that a person reads, and the summary printed at its end."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ferlab.evaluation import copies_aside
from ferlab.evaluation.pages import (
    averaged,
    calibration_words,
    classic_words,
    column_slices,
    explained,
    headlined,
    measured,
    over_folds,
    trait_words,
    words_known,
)
from ferlab.evaluation.verdict import compare
from ferlab.evaluation.words import duration, estimate, measures_of, noun, number, span, table


def write_report(
    folder: Path,
    metrics: dict[str, Any],
    training: dict[str, Any],
    figures: Sequence[Path] = (),
    explanations: dict[str, Any] | None = None,
) -> Path:
    """Write a run's report.md.

    Args:
        folder: the run folder.
        metrics: what stands in metrics.json: model, seed, data, protocol, document, val, test.
        training: how it was trained: command, epochs, chosen_epoch, seconds, precision, ...; what is missing is left
            out of the page.
        figures: PNG files, in the order to show; linked relative to `folder`.
        explanations: what stands in figures/explanations.json.
    """
    test, data = metrics["test"], metrics["data"]
    parts = [f"# {metrics['model']} on {data['name']}, seed {metrics['seed']}"]
    if data.get("synthetic"):
        parts.append(
            "> **SYNTHETIC DATA.** Every sample was made by a program. No figure on this page speaks of real people."
        )
    marks = metrics["protocol"].get("marks", [])
    if marks:
        parts.append("> **Read with care:** " + "; ".join(marks) + ".")
    parts += [headlined.sentence(test, data), *_document(metrics), "## Figures of merit", _measures(metrics)]
    parts += trait_words.section(metrics)
    parts += column_slices.section(metrics)
    parts += copies_aside.section(metrics)
    parts += averaged.section(metrics)
    parts += over_folds.section(metrics)
    parts += calibration_words.section(metrics)
    parts += [] if trait_words.of_labels(metrics) else ["## Classes, on test", _classes(test)]
    parts += [
        "## Data",
        *_data(metrics),
        *classic_words.section(metrics),
        "## Training",
        _training(training, noun(data.get("modality"))),
    ]
    parts += explained.section(explanations, data.get("modality"))
    if figures:
        parts.append("## Figures")
        parts += [
            f"### {path.stem.replace('_', ' ').replace('-', ' ')}\n\n![{path.stem}]({_link(path, folder)})"
            for path in figures
        ]
    if training.get("command"):
        parts += ["## Repeat it", f"```sh\n{training['command']}\n```"]
    path = folder / "report.md"
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    temporary.replace(path)
    return path


def print_summary(metrics: dict[str, Any], folder: Path, console: Console | None = None) -> None:
    """Print what a run ends with: its summary and the run folder."""
    console = console or Console()
    console.print(render_summary(metrics))
    # a path that wraps or is cut cannot be copied
    console.print(f"run folder {folder}", style="bold", soft_wrap=True, markup=False, highlight=False)


def render_summary(metrics: dict[str, Any]) -> RenderableType:
    """Return a run's figures with intervals, its marks, and the document's figure, for a terminal."""
    data, protocol = metrics["data"], metrics["protocol"]
    kind = "[bold red]SYNTHETIC[/] " if data.get("synthetic") else ""
    title = f"{kind}{data['name']} · {metrics['model']} · seed {metrics['seed']} · protocol {protocol['name']}"
    grid = Table(title=title, title_justify="left", caption="95 % intervals", caption_justify="left")
    grid.add_column("")
    for split in ("val", "test"):
        grid.add_column(f"{split}, n = {metrics[split]['n']:,}", justify="right", style="bold" * (split == "test"))
    for name, label in measures_of(data).items():
        grid.add_row(label, *(estimate(metrics[split][name], name) for split in ("val", "test")))
    guess = [metrics[split]["majority"] for split in ("val", "test")]
    grid.add_row(f"always {guess[1]['label']}", *(estimate(one["accuracy"], "accuracy") for one in guess), style="dim")
    for cells in [
        *copies_aside.summary_rows(metrics),
        *averaged.summary_rows(metrics),
        *over_folds.summary_rows(metrics),
        *calibration_words.summary_rows(metrics),
    ]:
        grid.add_row(*cells)
    labels = trait_words.summary_table(metrics)
    lines: list[RenderableType] = [grid, *([labels] if labels else []), *map(Text, averaged.verdict(metrics))]
    lines += [Text(f"! {mark}", style="yellow") for mark in protocol.get("marks", [])]
    verdict = compare(metrics)
    if verdict:
        text = f"{verdict['row']} reports {number(verdict['reported'], verdict['metric'])}: {verdict['verdict']}"
        lines.append(Text(f"{text}, {verdict['reason']}" + (f". {verdict['caveat']}" if verdict["caveat"] else "")))
    return Group(*lines)


def _document(metrics: dict[str, Any]) -> list[str]:
    verdict = compare(metrics)
    if verdict is None:
        return []
    name = verdict["metric"]
    theirs = number(verdict["reported"], name)
    if "reported_low" in verdict:
        theirs += f" ({span(verdict['reported_low'], verdict['reported_high'], name)} at its n = {verdict['n']:,})"
    rows = [["reported", "ours", "verdict"], [theirs, estimate(verdict["ours"], name), f"**{verdict['verdict']}**"]]
    text = f"{verdict['verdict'].capitalize()}: {verdict['reason']}."
    gap = verdict.get("difference")
    if gap:
        low, high = 100 * gap["low"], 100 * gap["high"]
        text += f" Ours less theirs: {100 * gap['value']:+.1f} points ({low:+.1f} to {high:+.1f})."
    if verdict["caveat"]:
        text += f" Caveat: {verdict['caveat']}."
    return [f"## Beside the document: {verdict['row']}, {name}", table(rows), text]


def _measures(metrics: dict[str, Any]) -> str:
    splits = ("test", "val")
    rows = [["", *(f"{split}, n = {metrics[split]['n']:,}" for split in splits)]]
    named = measures_of(metrics["data"]) | {
        f"top{k}": f"top-{k} accuracy" for k in range(2, len(metrics["test"]["labels"]))
    }
    rows += [[label, *(estimate(metrics[s][name], name) for s in splits)] for name, label in named.items()]
    note = "Validation chose the epoch, so its figures flatter. "
    if (classic := classic_words.note(metrics)) is not None:
        note = classic
    elif metrics["protocol"].get("selection") == "test":
        note = "**The test samples chose the epoch**, so the test figures flatter. "
    return f"{table(rows)}\n\n{note}{trait_words.how(metrics)}"


def _classes(test: dict[str, Any]) -> str:
    names = ("precision", "recall", "f1", "auroc")
    rows = [["class", "n", "predicted", "precision", "recall", "F1", "AUROC"]]
    for label, one in test["per_class"].items():
        rows.append([label, f"{one['support']:,}", f"{one['predicted']:,}", *(estimate(one[n], n) for n in names)])
    return table(rows)


def _data(metrics: dict[str, Any]) -> list[str]:
    data, protocol = metrics["data"], metrics["protocol"]
    counts = dict(data["class_counts"])
    after = counts.pop("train after rebalancing", None)
    columns = {"train": counts.pop("train"), **counts}
    begun = data.get("rebalanced_from_epoch", 1)
    since = f", from epoch {begun} on" if begun > 1 else ""
    if after is not None and after != columns["train"]:
        columns = {"train": columns.pop("train"), f"train after rebalancing{since}": after, **columns}
    rows = [["class", *columns]]
    rows += [[label, *(f"{values[i]:,}" for values in columns.values())] for i, label in enumerate(data["labels"])]
    sums = [sum(values) for values in columns.values()]
    # a sample of several labels stands in several lines
    several = data.get("kind") == "multilabel"
    sums = [protocol["counts"].get(role.partition(" ")[0], 0) for role in columns] if several else sums
    rows.append(["**samples**" if several else "**all**", *(f"{total:,}" for total in sums)])
    if data.get("class_weights"):
        rows[0].append(f"weight in the loss{since}")
        for row, weight in zip(rows[1:], [*data["class_weights"], None], strict=True):
            row.append("" if weight is None else f"{weight:.3f}")
    text = f"Protocol **{protocol['name']}**, hash `{protocol.get('hash', '')}`{classic_words.chosen_on(metrics)}"
    text += _crossing(protocol)
    return [text, table(rows), *(f"- {note}" for note in data.get("notes", []))]


def _crossing(protocol: dict[str, Any]) -> str:
    """Say what crosses the roles, and what was done about it."""
    fold, dropped, text = protocol.get("fold"), protocol.get("dropped") or {}, ""
    if fold:
        text += f" Tested on fold {fold['index']} (from 0) of {fold['of']}."
    if protocol.get("group") not in (None, *protocol.get("crossing", ())) and protocol.get("selection") != "test":
        text += f" No value of `{protocol['group']}` stands in two roles."
    for name, kind in (("copies", "identical to the last bit"), ("near_copies", "nearly identical (see ferlab.audit)")):
        counts = [f"{count:,} {pair}" for pair, count in protocol.get(name, {}).items()]
        if counts:
            text += f" Samples that stand elsewhere too, {kind}: {', '.join(counts)}."
    lost = [f"{count:,} {role}" for role, count in dropped.items()]
    return text + (f" Left out as copies: {', '.join(lost)}." if lost else "")


def _training(training: dict[str, Any], samples: str) -> str:
    get = training.get
    facts: dict[str, str | None] = {
        "epochs": None,
        "kept": None,
        "time": None if get("seconds") is None else duration(training["seconds"]),
        "speed": None if get("samples_per_second") is None else f"{training['samples_per_second']:,.0f} {samples}/s",
        "precision": f"{get('precision')} ({get('precision_reason')})" if get("precision_reason") else get("precision"),
        "device": f"{get('device')}, {get('threads')} threads" if get("device") else None,
        "processes": get("processes") if get("processes") not in (None, 1) else None,
        "peak memory": None if get("peak_memory_mb") is None else f"{training['peak_memory_mb']:,} MB",
        "resumed from": get("resumed_from"),
        "first weights": _first_weights(get("pretrained")),
        "stages": "; ".join(map(_stage, get("stages") or [])) or None,
    }
    facts |= words_known.lines(training) | measured.lines(training, samples)
    if get("epochs") is not None:
        facts["epochs"] = f"{get('epochs')} of at most {get('max_epochs')}" + ", interrupted" * bool(get("interrupted"))
    if get("chosen_epoch") is not None:
        score = get("monitored_value")
        facts["kept"] = f"epoch {get('chosen_epoch')}" + (
            f", {get('monitor')} {score:.4f}" if score is not None else ""
        )
    return "\n".join(f"- {name}: {fact}" for name, fact in facts.items() if fact) or "Not recorded."


def _first_weights(facts: dict[str, Any] | None) -> str | None:
    if facts is None:
        return None
    file = f" (`{facts['file']}`, sha256 {facts['sha256']})" if facts["file"] else ""
    return f"{facts['source']}{file}, {facts['loaded']:,} tensors; {facts['new']:,} began at random"


def _stage(stage: dict[str, Any]) -> str:
    best = f", best {stage['monitor']} {stage['best']:.4f} in epoch {stage['best_epoch']}" if stage["best"] else ""
    name = stage["name"] or "the whole training"
    return f"{name}: {stage['epochs']} epochs, ended by {stage['ended']}{best}"


def _link(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix().replace(" ", "%20")
