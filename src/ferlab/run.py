"""A run: from a configuration to a finished run folder."""

import logging
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import Callback

from ferlab import checkpoint, tracking
from ferlab.allocator import keep_freed_memory
from ferlab.build import build
from ferlab.callbacks.facts import Facts
from ferlab.callbacks.interrupt import GracefulInterrupt
from ferlab.conclude import write_json
from ferlab.data.datamodule import DataModule
from ferlab.data.encoding import begin_with_vectors, learnt
from ferlab.errors import FerlabError, expect_whole
from ferlab.evaluation.looking.explaining import check_options
from ferlab.evaluation.selective import check_wishes
from ferlab.evaluation.thresholds import check_thresholds
from ferlab.finish import finish
from ferlab.folder import begin, discard
from ferlab.memory import peak_memory
from ferlab.models.measure import size
from ferlab.pretrained import start_from
from ferlab.resume import carry_over, join_curves
from ferlab.task import Task
from ferlab.trainer import is_first, make_trainer, quiet
from ferlab.transforms import albumentations
from ferlab.transforms.modality import check_rate, check_views

log = logging.getLogger(__name__)


def train(config: dict[str, Any], folder: Path, command: str, summary: bool = True) -> dict[str, Any]:
    """Train, choose, test and explain a model.

    Args:
        config: conf/train.yaml composed and resolved, plain values.
        folder: the run folder; must hold no earlier run.
        command: what repeats this run, for the report.
        summary: print its figures at the end.

    Returns:
        What went into metrics.json.

    Raises:
        FerlabError: a mistake in the configuration or the data; a folder in which nothing was trained is taken away.
    """
    before = _begin(config, folder)
    try:
        check_wishes(config["wished_errors"])
        check_thresholds(config["thresholds"])
        quiet()
        pl.seed_everything(config["seed"], workers=True, verbose=False)
        trainer, why = make_trainer(config, folder)
        data = load_data(config)
        check_views(config["tta"], data.spec.modality)
        task = make_task(config, data)
        check_options(config["explain"], task.net, task.preprocess, data.spec.labels)
        albumentations.prepare(task.augment)
        words = begin_with_vectors(
            task.net, task.preprocess, data.samples, data.assignment.indices, config["model"].get("word2vec")
        )
        if not config["resume"]:
            start_from(task, config["model"].get("pretrained"))
        resume = carry_over(config["resume"], task, folder) if config["resume"] else None
        tracking.start(trainer.loggers, config)
    except BaseException:
        _discard(folder, before)
        raise
    with tracking.closing(trainer.loggers):
        if is_first():
            print(f"run folder {folder}\nprecision {why}", flush=True)
            print(_data_line(data), flush=True)
        try:
            training = _fit(trainer, task, data, resume)
        except BaseException:
            _discard(folder, before)
            raise
        if not is_first():
            return {}  # the first process goes on alone
        if config["resume"]:
            join_curves(config["resume"], folder)
        training |= {"resumed_from": config["resume"], "command": command}
        training |= {"pretrained": task.hparams["facts"].get("pretrained")} | ({"words": words} if words else {})
        training |= {"size": size(task.net, task.preprocess)}
        training |= {"precision": trainer.precision, "precision_reason": why}
        best = folder / "checkpoints" / "best.ckpt"
        if not config["trainer"]["fast_dev_run"]:
            checkpoint.restore(task, checkpoint.read(best), best)
            training |= chosen(best, config["monitor"])
        write_json(folder / "training.json", training)
        curves = next((folder / "metrics.csv" for _ in trainer.loggers), None)
        keeps = None if config["trainer"]["fast_dev_run"] else best
        device = str(trainer.strategy.root_device)
        result = finish(folder, config, task, data, training, device, curves, best=keeps, summary=summary)
        tracking.publish(trainer.loggers, folder, config, result, training, task, data)
        return result


def load_data(config: dict[str, Any]) -> DataModule:
    """Build the data module that a configuration describes."""
    return DataModule(
        build(config["data"]),
        build(config["protocol"]),
        build(config["rebalance"]),
        batch_size=config["batch_size"],
        eval_batch_size=config["eval_batch_size"],
        seed=config["seed"],
    )


def _begin(config: dict[str, Any], folder: Path) -> set[str]:
    if config.get("seed") is None:
        raise FerlabError("seed: a whole number is required, found null; cure: seed=0")
    expect_whole(**{name: config[name] for name in ("seed", "batch_size", "eval_batch_size")})
    folder.mkdir(parents=True, exist_ok=True)
    return begin(config, folder) if is_first() else set()


def _discard(folder: Path, before: set[str]) -> None:
    """Take away a run folder in which nothing was trained."""
    if is_first():
        discard(folder, before, worth="checkpoints")


def make_task(config: dict[str, Any], data: DataModule) -> Task:
    """Build the task for a configuration and its data; batches of texts are numbered by its vocabulary.

    Raises:
        FerlabError: values that do not go together.
    """
    check_rate(config["data"], config["model"]["preprocess"], config["augment"])
    preprocess = learnt(config["model"]["preprocess"], data.samples, data.assignment.indices["train"])
    task = Task(
        spec=data.spec.to_dict(),
        model={"net": config["model"]["net"], "preprocess": preprocess},
        augment=config["augment"] or None,
        loss=_loss(config, data),
        optimizer=config["optimizer"],
        scheduler=config["scheduler"] or None,
        monitor=config["monitor"],
        scheduler_metric=config["scheduler_metric"],
        channels_last=config["channels_last"],
        fine_tuning=config["fine_tuning"],
        facts={"name": config["model"]["name"], "data": data.facts, "protocol": data.assignment.facts},
    )
    data.encode(task.preprocess)
    return task


def _loss(config: dict[str, Any], data: DataModule) -> dict[str, Any]:
    """Return the loss's values, completed by what the training samples decide."""
    loss, training = dict(config["loss"]), data.training
    start, epochs = training.start_epoch, config["trainer"]["max_epochs"]
    if start and 0 < (epochs or 0) <= start and not config["trainer"]["fast_dev_run"]:
        raise FerlabError(
            f"rebalance.start_epoch: {start}, counted from 0, but training ends after {epochs} epochs; "
            f"cure: rebalance.start_epoch={epochs - 1} or less, or more trainer.max_epochs"
        )
    if training.class_weights is not None:
        loss |= {"class_weights": training.class_weights} | ({"start_epoch": start} if start else {})
    if "priors" in loss and loss["priors"] is None:
        loss["priors"] = training.expected_counts(data.samples.labels, len(data.spec.labels))
    return loss


def _fit(trainer: pl.Trainer, task: Task, data: DataModule, resume: Path | None) -> dict[str, Any]:
    # not before the data are read: what that freed would stay as well
    keep_freed_memory()
    before = 0 if resume is None else int(checkpoint.read(resume)["global_step"])
    begun = time.monotonic()
    try:
        trainer.fit(task, datamodule=data, ckpt_path=None if resume is None else str(resume), weights_only=True)
    except MisconfigurationException as error:
        raise FerlabError(f"training: {error}") from error
    seconds = time.monotonic() - begun
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    interrupted = any(isinstance(c, GracefulInterrupt) and c.interrupted for c in callbacks)
    measured: dict[str, Any] = {}
    for callback in callbacks:
        if isinstance(callback, Facts):
            measured |= callback.facts()
    images = (trainer.global_step - before) * trainer.accumulate_grad_batches * data.batch_size
    return {
        "seconds": round(seconds, 1),
        "epochs": trainer.current_epoch,
        "max_epochs": trainer.max_epochs,
        "steps": trainer.global_step,
        "samples_per_second": round(images / seconds, 1),
        "peak_memory_mb": round(peak_memory() / 2**20),
        "interrupted": interrupted,
        "fast_dev_run": bool(trainer.fast_dev_run),  # type: ignore[attr-defined]
        "device": str(task.device),
        "processes": trainer.world_size,
        "threads": torch.get_num_threads(),
        **measured,
    }


def chosen(path: Path, monitor: dict[str, str]) -> dict[str, Any]:
    """Read which epoch a checkpoint holds; the score that chose it stands in the full checkpoint beside it."""
    beside = path.with_name("last.ckpt")
    states = checkpoint.read(beside).get("callbacks", {}).values() if beside.is_file() else ()
    scores = [state["best_model_score"] for state in states if state.get("monitor") == monitor["metric"]]
    score = next((float(score) for score in scores if score is not None), None)
    epoch = int(checkpoint.read(path)["epoch"]) + 1
    return {"chosen_epoch": epoch, "monitor": monitor["metric"], "monitored_value": score}


def _data_line(data: DataModule) -> str:
    counts = data.assignment.facts["counts"]
    kind = "SYNTHETIC data, made by a program: " if data.samples.synthetic else "data "
    marks = "".join(f" [{mark}]" for mark in data.assignment.facts["marks"])
    training = data.training
    kept = len(training.indices)
    train_count = str(counts["train"]) + (f" (after rebalancing {kept} an epoch)" if kept != counts["train"] else "")
    if training.extra is not None:
        train_count += f" ({len(training.extra.origin)} of them made before training)"
    return (
        f"{kind}{data.samples.name}, protocol {data.assignment.facts['name']} {data.assignment.facts['hash']}: "
        f"train {train_count}, val {counts['val']}, test {counts['test']}, classes {', '.join(data.spec.labels)}{marks}"
    )
