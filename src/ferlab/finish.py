"""The end of a run: rows, figures of merit, pictures and the report, all from one chosen checkpoint."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ferlab.build import build
from ferlab.checkpoint import Predictor, amend, kept_thresholds
from ferlab.conclude import majority, marks_of, measured, report, write_json, write_predictions
from ferlab.data.datamodule import DataModule
from ferlab.evaluation import calibrated
from ferlab.evaluation.looking.draw import draw
from ferlab.evaluation.looking.pictures import Pictures
from ferlab.evaluation.looking.projected import draw_projections
from ferlab.evaluation.measure import measure
from ferlab.evaluation.paired import accuracy_difference
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.thresholds import VALIDATION
from ferlab.task import Task


def finish(
    folder: Path,
    config: dict[str, Any],
    task: Task,
    data: DataModule,
    training: dict[str, Any],
    device: str = "cpu",
    curves: Path | None = None,
    best: Path | None = None,
    summary: bool = True,
) -> dict[str, Any]:
    """Predict, measure, draw and report.

    Args:
        folder: where predictions.parquet, predictions_tta.parquet where `tta` is configured, metrics.json, figures/
            and report.md go.
        config: the run's configuration.
        task: the chosen model.
        data: the run's data.
        training: how it was trained, for the report.
        device: where the model predicts.
        curves: the run's metrics.csv.
        best: the checkpoint that is to keep the calibration.
        summary: print the figures at the end.

    Returns:
        What went into metrics.json.
    """
    predictor = Predictor(task, device=device, precision=training["precision"])
    marks = [*marks_of(training), *([task.loss.mark] if task.loss.mark else [])]
    # chosen once: those that the checkpoint keeps are what it says to everybody
    thresholds = kept_thresholds(task) or config.get("thresholds", VALIDATION)
    rows = predict(predictor, data, folder / "predictions.parquet", marks, thresholds)
    result = measured(
        rows, data, config["model"]["name"], config["seed"], training, config["document"], config.get("wished_errors")
    )
    if best is not None:
        own = {"thresholds": rows.meta["thresholds"]} if "thresholds" in rows.meta else {}
        amend(best, {"calibration": calibrated.facts(result["calibration"]), **own})
    tta = folder / "predictions_tta.parquet"
    tta.unlink(missing_ok=True)
    if config.get("tta"):
        averaging = Predictor(task, device, training["precision"], views=build(config["tta"]))
        same = rows.meta.get("thresholds", thresholds)
        result["tta"] = averaged(averaging, data, rows, predict(averaging, data, tta, marks, same))
    write_json(folder / "metrics.json", result)
    figures, explanations = (
        draw_figures(folder, config, result, rows, task, data, curves) if config["figures"] else ([], None)
    )
    # what callbacks drew while it trained
    figures = [*figures, *sorted((folder / "figures" / "training").glob("*.png"))]
    report(folder, result, training, figures, explanations, summary)
    return result


def averaged(predictor: Predictor, data: DataModule, single: Rows, rows: Rows) -> dict[str, Any]:
    """Measure test-time augmentation beside the single view.

    Args:
        predictor: the one that averages, for the name and the number of its views.
        data: the run's data.
        single: the rows of the single view.
        rows: those of the mean over the views.
    """
    assert predictor.views is not None
    return {
        "name": predictor.views.name,
        "views": predictor.views.count,
        "val": measure(rows, "val", majority=majority(data)),
        "test": measure(rows, "test", majority=majority(data)),
        "difference": {s: accuracy_difference(rows.split(s), single.split(s)) for s in ("val", "test")},
    }


def draw_figures(
    folder: Path,
    config: dict[str, Any],
    result: dict[str, Any],
    rows: Rows,
    task: Task,
    data: DataModule,
    curves: Path | None,
) -> tuple[list[Path], dict[str, Any] | None]:
    """Draw a run's figures into `folder`/figures, with explanations.json; return the files and what it holds.

    Of synthetic images also causes.json: how the heat of the first method meets the causes.
    """
    samples = data.samples
    pictures = Pictures(
        x=samples.x,
        labels=samples.labels,
        train=data.shown,
        test=data.assignment.indices["test"],
        preprocess=task.preprocess,
        net=task.net,
        augment=task.augment,
        masks=samples.masks,
        ids=data.ids,
    )
    target = folder / "figures"
    target.mkdir(parents=True, exist_ok=True)
    with Console().status("drawing figures") as status:
        figures, found = draw(target, result, rows, pictures, curves, config["explain"], status.update)
    if found is not None:
        write_json(target / "explanations.json", found)
        if "causes" in found:
            write_json(target / "causes.json", next(iter(found["causes"].values())))
    # texts have no picture of themselves to project, nor one label each
    if config.get("projections") and data.spec.modality != "text":
        with Console().status("projecting test images"):
            projected = draw_projections(target, result, pictures)
        if projected is not None:
            figures.append(projected[0])
            write_json(target / "projections.json", projected[1])
    return figures, found


def predict(
    predictor: Predictor,
    data: DataModule,
    path: Path,
    marks: Sequence[str] = (),
    thresholds: str | float | int | Mapping[str, float] = VALIDATION,
) -> Rows:
    """Predict the validation and the test samples and write their rows."""
    indices, splits, probabilities = [], [], []
    for split in ("val", "test"):
        index, p = predictor.rows(data.batches(split))
        indices.append(index)
        splits.append(np.full(len(index), split))
        probabilities.append(p)
    return write_predictions(
        path,
        data,
        np.concatenate(indices),
        np.concatenate(splits),
        np.concatenate(probabilities),
        marks,
        {"tta": None if predictor.views is None else predictor.views.name},
        thresholds,
    )
