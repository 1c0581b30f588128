"""Trackers beside the run folder (W&B, TensorBoard): begun before training, given the results after it, closed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pytorch_lightning.loggers import Logger

from ferlab.data.datamodule import DataModule
from ferlab.evaluation.figures.galleries import confident_errors
from ferlab.evaluation.figures.plain_figures import PLAIN_FIGURES
from ferlab.evaluation.looking.evidence import Evidence, find_evidence, in_turn
from ferlab.evaluation.looking.lens import lens_of
from ferlab.evaluation.multilabel_rows import is_multilabel
from ferlab.evaluation.rows import Rows, read_rows
from ferlab.explain.layers import conv_layers
from ferlab.task import Task
from ferlab.tracking import charts
from ferlab.tracking.summary import summary, tags
from ferlab.tracking.tensorboard import TensorBoard
from ferlab.tracking.wandb_run import WandbRun

ERRORS, EXPLAINED = 64, 14


def start(loggers: Sequence[Logger], config: dict[str, Any]) -> None:
    """Begin the run of each tracker that keeps one, before anything is trained.

    Raises:
        FerlabError: W&B without a login or without an answer.
    """
    for logger in loggers:
        if isinstance(logger, WandbRun):
            logger.start(config)


def publish(
    loggers: Sequence[Logger],
    folder: Path,
    config: dict[str, Any],
    result: dict[str, Any],
    training: dict[str, Any],
    task: Task,
    data: DataModule,
) -> None:
    """Hand a finished run to its trackers: what the curves, logged while it trained, do not say.

    Args:
        loggers: of the run.
        folder: the finished run folder.
        config: the run's configuration.
        result: what stands in metrics.json.
        training: what stands in training.json.
        task: the chosen model.
        data: the run's data.
    """
    for logger in loggers:
        if isinstance(logger, WandbRun):
            _to_wandb(logger, folder, config, result, training, task, data)
        elif isinstance(logger, TensorBoard):
            pictures = {f"figures/{path.stem}": path for path in sorted((folder / "figures").glob("*.png"))}
            logger.log_pictures(pictures, step=training["steps"])
            logger.log_report((folder / "report.md").read_text(encoding="utf-8"))
            logger.experiment.flush()


@contextmanager
def closing(loggers: Sequence[Logger]) -> Iterator[None]:
    """End the run of each tracker on leaving; a live one would swallow the next job of a multirun."""
    failed = True
    try:
        yield
        failed = False
    finally:
        for logger in loggers:
            if isinstance(logger, WandbRun):
                logger.finish(failed)


def _to_wandb(
    logger: WandbRun,
    folder: Path,
    config: dict[str, Any],
    result: dict[str, Any],
    training: dict[str, Any],
    task: Task,
    data: DataModule,
) -> None:
    import wandb

    run, synthetic = logger.experiment, bool(result["data"].get("synthetic"))
    test = read_rows(folder / "predictions.parquet").split("test")
    items: dict[str, Any] = {"test/confusion": charts.confusion(result["test"])}
    items |= {f"test/{name}": chart for name, chart in charts.curves(test).items()}
    items |= {f"classes/{role}": chart for role, chart in charts.class_counts(result["data"]).items()}
    for path in sorted((folder / "figures").glob("*.png")):
        if path.stem in PLAIN_FIGURES or logger.may_show(synthetic):
            items[f"figures/{path.stem}"] = wandb.Image(str(path))
    page = folder / "figures" / "texts.html"
    if page.is_file() and logger.may_show(synthetic):
        items["test/texts"] = wandb.Html(page.read_text(encoding="utf-8"), inject=False)
    if data.spec.modality != "text" and not is_multilabel(test.meta) and logger.may_show(synthetic):
        positions = data.assignment.indices["test"]
        wrong = confident_errors(test, ERRORS)
        shown = lens_of(task.preprocess, task.net).look(data.samples.x[positions[wrong]])
        items["test/errors"] = charts.errors(test.take(wrong), shown)
        if conv_layers(task.net):
            items["test/gradcam"] = charts.gradcam(_evidence(test, task, data, config["explain"]))
    run.log(items)
    run.summary.update(summary(result, training))
    run.tags = tuple(dict.fromkeys((*(run.tags or ()), *tags(result))))
    for kind, names in (("run", ("config.yaml", "metrics.json", "report.md")), ("model", ("checkpoints/best.ckpt",))):
        files = [folder / name for name in names if (folder / name).is_file()]
        if files and (kind == "run" or logger.checkpoint):
            artifact = wandb.Artifact(f"{kind}-{run.id}", kind, metadata={"test": result["test"]["accuracy"]})
            for path in files:
                # immutable: the run folder's files stay as they are, so W&B need not keep copies of its own
                artifact.add_file(str(path), policy="immutable")
            run.log_artifact(artifact, aliases=["best"] if kind == "model" else None)


def _evidence(test: Rows, task: Task, data: DataModule, explain: dict[str, Any]) -> Evidence:
    chosen = in_turn(test.labels, len(test.names), EXPLAINED)
    images = np.asarray(data.samples.x[data.assignment.indices["test"][chosen]])
    target = None if explain["target"] is None else test.names.index(explain["target"])
    return find_evidence(images, test.take(chosen), task.preprocess, task.net, explain["layer"], target)
