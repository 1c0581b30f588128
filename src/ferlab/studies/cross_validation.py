"""Cross-validation: every fold of a protocol trained and tested, and the test rows pooled."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from ferlab.build import build
from ferlab.conclude import write_json
from ferlab.data.protocol import Protocol
from ferlab.evaluation.copies_aside import standard_slices
from ferlab.evaluation.figures.dots import dots
from ferlab.evaluation.figures.row_figures import of_rows
from ferlab.evaluation.figures.style import Caption, save
from ferlab.evaluation.joining import pooled
from ferlab.evaluation.measure import measure
from ferlab.evaluation.multilabel_rows import is_multilabel
from ferlab.evaluation.pages import classic_words
from ferlab.evaluation.pages.column_slices import column_slices
from ferlab.evaluation.pages.over_folds import fold_facts, pooled_data, pooled_protocol
from ferlab.evaluation.pages.report import print_summary, write_report
from ferlab.evaluation.rows import Rows, save_rows
from ferlab.evaluation.run_folder import Run
from ferlab.evaluation.trait_measures import larger_sides
from ferlab.evaluation.words import label_of
from ferlab.studies.parts import Fit, Part, discard, open_folder, refuse_processes, run_parts


def cross_validate(
    config: dict[str, Any], folder: Path, command: str, fold_command: Callable[[int], str], fit: Fit | None = None
) -> dict[str, Any]:
    """Train all folds of a protocol and pool them into one run folder.

    Args:
        config: conf/cross_validate.yaml composed and resolved, plain values; `resume`: a folder to go on in.
        folder: where fold-0, fold-1, ... and the pooled files go.
        command: what repeats all of it.
        fold_command: what repeats one fold alone.
        fit: what makes one fold's run folder, called as `ferlab.run.train`; None: that.

    Returns:
        What went into the pooled metrics.json.

    Raises:
        FerlabError: a protocol without folds, a fold that cannot be assigned, or any mistake that `train` reports.
    """
    if "trainer" in config:
        refuse_processes(config["trainer"], "ferlab.cross_validate")
    whole = {**config, "protocol": {**config["protocol"], "fold": None}}
    try:
        samples, protocol = build(config["data"]).load(), build(config["protocol"])
        assert isinstance(protocol, Protocol)
        parts = []
        for fold in range(protocol.count_folds(samples)):
            one = {**config, "resume": None, "protocol": {**config["protocol"], "fold": fold}}
            # a fold that cannot be is told now, not after hours
            build(one["protocol"]).assign(samples)
            parts.append(Part(f"fold-{fold}", one, fold_command(fold)))
    except BaseException:
        discard(folder)
        raise
    folder = open_folder(whole, folder, "config.yaml")
    runs = run_parts(folder, parts, "fold", fit)
    return pool(folder, whole, runs, command)


def pool(folder: Path, config: dict[str, Any], runs: list[Run], command: str) -> dict[str, Any]:
    """Pool the folds' runs: rows, figures of merit, pictures and a report in the folder above them.

    Args:
        folder: a run folder, which report, compare and slices read as any other.
        config: the whole configuration.
        runs: one a fold, in order.
        command: what repeats all of it.
    """
    every = [run.metrics for run in runs]
    facts = pooled_protocol([one["protocol"] for one in every])
    rows = pooled([run.rows for run in runs])
    rows = replace(rows, meta={**rows.meta, "protocol": facts})
    # as they are: each fold decided by its own thresholds, where a task has any
    save_rows(folder / "predictions.parquet", rows)
    data = pooled_data([one["data"] for one in every])
    counts = data["class_counts"]["train"]
    majority: str | dict[str, str]
    if is_multilabel(rows.meta):
        majority = larger_sides(data["labels"], counts, facts["counts"]["train"])
    else:
        majority = data["labels"][int(np.argmax(counts))]
    result = {
        "model": every[0]["model"],
        "seed": config["seed"],
        "data": data,
        "protocol": facts,
        "checkpoint": {"chosen_epoch": None, "monitor": every[0]["checkpoint"]["monitor"], "monitored_value": None},
        "document": config["document"],
        "val": measure(rows, "val", majority=majority),
        "test": measure(rows, "test", majority=majority),
        "folds": fold_facts(every),
    }
    if "classic" in every[0]:
        result["classic"] = classic_words.pooled([one["classic"] for one in every])
    result["slices"] = standard_slices(rows, result) | column_slices(rows)
    training = _training([run.training for run in runs], command)
    write_json(folder / "training.json", training)
    write_json(folder / "metrics.json", result)
    drawn = _draw(folder / "figures", result, rows) if config["figures"] else []
    write_report(folder, result, training, drawn)
    print_summary(result, folder)
    return result


def _training(folds: list[dict[str, Any]], command: str) -> dict[str, Any]:
    same = ("precision", "precision_reason", "device", "processes", "threads", "size", "max_epochs", "fast_dev_run")
    out = {key: folds[0].get(key) for key in same}
    out["seconds"] = round(sum(fold["seconds"] for fold in folds), 1)
    out["samples_per_second"] = round(fmean(fold["samples_per_second"] for fold in folds), 1)
    out["peak_memory_mb"] = max(fold["peak_memory_mb"] for fold in folds)
    # only what came to its own end is pooled
    epochs = max((fold["epochs"] for fold in folds if fold["epochs"] is not None), default=None)
    return out | {"epochs": epochs, "interrupted": False, "command": command}


def _draw(folder: Path, result: dict[str, Any], rows: Rows) -> list[Path]:
    test, data = rows.split("test"), result["data"]
    protocol = {**result["protocol"], "name": f"{result['protocol']['name']}, pooled"}
    caption = Caption(data["name"], result["model"], result["seed"], protocol, bool(data["synthetic"]))
    drawn = {"folds": _folds(result, caption), **dict(of_rows(result, test, caption))}
    return [save(figure, folder / f"{name}.png") for name, figure in drawn.items()]


def _folds(result: dict[str, Any], caption: Caption) -> Any:
    panels = {}
    for name in ("accuracy", "recall_macro"):
        label = label_of(name, result["data"]).removesuffix(" (UAR)")
        each = {f"fold {one['index']}": one[name] for one in result["folds"]["each"]}
        panels[label] = {**each, "pooled": result["test"][name]}
    return dots(
        panels, "Folds (95 % intervals over test samples)", caption.line(f"test n = {result['test']['n']:,}"), last=True
    )
