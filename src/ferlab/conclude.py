"""From predictions to a run folder's files, whatever made them: rows, figures of merit, report.

A network's run ends here (finish.py), and so does a classic classifier's: neither a task nor a checkpoint is asked for.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int64, Shaped
from rich.console import Console

from ferlab.data.datamodule import DataModule
from ferlab.data.sampling import class_counts
from ferlab.evaluation import calibrated
from ferlab.evaluation.copies_aside import standard_slices
from ferlab.evaluation.measure import measure
from ferlab.evaluation.pages.column_slices import column_slices
from ferlab.evaluation.pages.report import print_summary, write_report
from ferlab.evaluation.rows import Rows, write_rows
from ferlab.evaluation.thresholds import VALIDATION, thresholds_of
from ferlab.evaluation.trait_measures import larger_sides


def write_predictions(
    path: Path,
    data: DataModule,
    indices: Int64[np.ndarray, "row"],
    splits: Shaped[np.ndarray, "row"],
    probabilities: Float[np.ndarray, "row classes"],
    marks: Sequence[str] = (),
    further: Mapping[str, Any] | None = None,
    thresholds: str | float | int | Mapping[str, float] = VALIDATION,
) -> Rows:
    """Write the rows of samples with all that their data set and protocol know of them.

    Args:
        path: predictions.parquet, replaced if it exists.
        data: the run's data.
        indices: positions of the samples in the data set.
        splits: "val" or "test" of each.
        probabilities: of each class in the order of `data.spec.labels`, each row summing to 1; of a binary task two
            columns; of a multilabel task each label's own.
        marks: what is to be read with care, beside the protocol's own marks.
        further: plain values for the file's metadata.
        thresholds: multilabel: from which probability on each label is said: "validation", chosen on the validation
            rows; one number for all; or a number each, as an earlier call left them in `meta["thresholds"]`.

    Raises:
        FerlabError: no probabilities (NaN, say), or no thresholds.
    """
    samples, facts = data.samples, data.assignment.facts
    columns = {**samples.columns, **data.assignment.columns}
    meta = {
        "tta": None,
        "spec": data.spec.to_dict(),
        "data": samples.name,
        "synthetic": samples.synthetic,
        "people": list(samples.people),
        "protocol": {**facts, "marks": [*facts["marks"], *marks]},
        **(further or {}),
    }
    if data.spec.kind == "multilabel" and not isinstance(thresholds, Mapping):
        val = np.asarray(splits) == "val"
        thresholds = thresholds_of(thresholds, data.spec.labels, probabilities[val], samples.labels[indices[val]])
    if data.spec.kind == "multilabel":
        meta["thresholds"] = thresholds
    return write_rows(
        path,
        samples.ids[indices],
        splits,
        samples.labels[indices],
        probabilities,
        meta,
        {name: np.asarray(values)[indices] for name, values in columns.items()},
    )


def measured(
    rows: Rows,
    data: DataModule,
    model: str,
    seed: int,
    training: Mapping[str, Any],
    document: dict[str, Any] | None = None,
    wished_errors: Sequence[float | int] | None = None,
) -> dict[str, Any]:
    """Measure rows: what goes into metrics.json, calibration and slices with it.

    Args:
        rows: validation and test rows, as `write_predictions` returns them.
        data: the run's data.
        model: what it is called, in reports.
        seed: of the run.
        training: how it was trained; of it chosen_epoch, monitor and monitored_value are kept, null where missing.
        document: the document's row, its reported figure and the caveat.
        wished_errors: error rates, each of which gets a confidence threshold; None: 0.05, 0.1 and 0.2.
    """
    result: dict[str, Any] = {
        "model": model,
        "seed": seed,
        "data": data.facts,
        "protocol": rows.meta["protocol"],
        "checkpoint": {key: training.get(key) for key in ("chosen_epoch", "monitor", "monitored_value")},
        "document": document,
        "val": measure(rows, "val", majority=majority(data)),
        "test": measure(rows, "test", majority=majority(data)),
    }
    result["slices"] = standard_slices(rows, result) | column_slices(rows)
    with Console().status("calibrating"):
        result["calibration"] = calibrated.calibrated(rows, wished_errors)
    return result


def report(
    folder: Path,
    result: dict[str, Any],
    training: dict[str, Any],
    figures: Sequence[Path] = (),
    explanations: dict[str, Any] | None = None,
    summary: bool = True,
) -> None:
    """Write report.md and print the figures.

    Args:
        folder: the run folder.
        result: what stands in metrics.json.
        training: what stands in training.json.
        figures: PNG files, in the order to show.
        explanations: what stands in figures/explanations.json.
        summary: print the figures.
    """
    write_report(folder, result, training, figures, explanations)
    if summary:
        print_summary(result, folder)


def majority(data: DataModule) -> str | dict[str, str]:
    """Return what a constant guesser says: the largest class of the training part, or of each label no or yes."""
    train = data.assignment.indices["train"]
    counts = class_counts(data.samples, train)
    if data.spec.kind == "multilabel":
        return larger_sides(data.spec.labels, counts.tolist(), len(train))
    return data.spec.labels[int(counts.argmax())]


def marks_of(training: Mapping[str, Any]) -> list[str]:
    """Return what the way a run was trained marks it with."""
    marks = []
    if training.get("fast_dev_run"):
        marks.append("fast_dev_run: one batch, no result")
    if training.get("interrupted"):
        marks.append("interrupted before its end")
    return marks


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write plain values whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(values, indent=2, allow_nan=False) + "\n")
    temporary.replace(path)
