"""A run: from a configuration to a finished run folder."""

import logging
import re
import resource
import shutil
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
import yaml  # type: ignore[import-untyped]
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import Callback, ModelCheckpoint

from ferlab import checkpoint, precision
from ferlab.allocator import keep_freed_memory
from ferlab.build import build
from ferlab.callbacks.interrupt import GracefulInterrupt
from ferlab.data.datamodule import DataModule
from ferlab.errors import FerlabError
from ferlab.finish import finish, write_json
from ferlab.profiler import NoProfiler
from ferlab.resume import carry_over, join_curves
from ferlab.task import Task

log = logging.getLogger(__name__)


def train(config: dict[str, Any], folder: Path, command: str) -> dict[str, Any]:
    """Train, choose, test and explain a model.

    Args:
        config: conf/train.yaml composed and resolved, plain values.
        folder: the run folder; must hold no earlier run.
        command: what repeats this run, for the report.

    Returns:
        What went into metrics.json.

    Raises:
        FerlabError: a mistake in the configuration or the data; a folder in which nothing was trained is taken away.
    """
    _begin(config, folder)
    try:
        quiet()
        pl.seed_everything(config["seed"], workers=True, verbose=False)
        data = load_data(config)
        trainer, why = make_trainer(config, folder)
        task = make_task(config, data)
        resume = carry_over(config["resume"], task, folder) if config["resume"] else None
    except BaseException:
        _discard(folder)
        raise
    print(f"run folder {folder}\nprecision {why}", flush=True)
    print(_data_line(data), flush=True)
    training = _fit(trainer, task, data, resume)
    if config["resume"]:
        join_curves(config["resume"], folder)
    training |= {"resumed_from": config["resume"], "command": command}
    training |= {"precision": trainer.precision, "precision_reason": why}
    best = folder / "checkpoints" / "best.ckpt"
    if not config["trainer"]["fast_dev_run"]:
        checkpoint.restore(task, checkpoint.read(best), best)
        training |= chosen(best, config["monitor"])
    write_json(folder / "training.json", training)
    curves = next((folder / "metrics.csv" for _ in trainer.loggers), None)
    return finish(folder, config, task, data, training, device=str(trainer.strategy.root_device), curves=curves)


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


def _begin(config: dict[str, Any], folder: Path) -> None:
    if config.get("seed") is None:
        raise FerlabError("seed: a whole number is required, found null; cure: seed=0")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # "x": of two processes that start in the same second one fails here instead of overwriting the other
        with (folder / "config.yaml").open("x") as file:
            yaml.safe_dump(config, file, sort_keys=False)
    except FileExistsError as error:
        raise FerlabError(f"{folder} holds a run already; refused to overwrite it; cure: start again") from error


def _discard(folder: Path) -> None:
    """Take away a run folder in which nothing was trained."""
    if not (folder / "checkpoints").exists():
        shutil.rmtree(folder, ignore_errors=True)
        for parent in list(folder.parents)[:2]:
            if parent.name != "runs" and parent.parent.name != "runs":
                break
            try:
                parent.rmdir()
            except OSError:
                break


def quiet() -> None:
    """Silence what Lightning says of every run."""
    for name in ("pytorch_lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # said of every run: our folder holds config.yaml before the logger comes, batches are made without workers
    for said in (
        ".*exists and is not empty.*",
        ".*does not have many workers.*",
        ".*smaller than the logging interval.*",
    ):
        warnings.filterwarnings("ignore", said)
    warnings.filterwarnings("ignore", ".*treespec, LeafSpec.*", category=FutureWarning)


def make_trainer(config: dict[str, Any], folder: Path) -> tuple[pl.Trainer, str]:
    """Build the trainer with its callbacks and loggers; also returns why it computes in the precision it does."""
    wish = dict(config["trainer"])
    chosen, why = precision.choose(wish.pop("precision"), str(wish["accelerator"]))
    callbacks: list[Callback] = [build(values) for values in config["callbacks"].values() if values]
    loggers = [build(values, save_dir=str(folder)) for values in config["logger"].values() if values]
    for callback in callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.dirpath is None:
            callback.dirpath = str((folder / "checkpoints").resolve())
    try:
        trainer = build(
            wish,
            precision=chosen,
            callbacks=callbacks,
            logger=loggers or False,
            profiler=wish.pop("profiler") or NoProfiler(),
            default_root_dir=str(folder),
        )
    except (MisconfigurationException, ValueError) as error:
        raise FerlabError(
            f"trainer: {error} (accelerator {wish['accelerator']}, devices {wish['devices']}); "
            "cure: trainer=cpu trains on the processor"
        ) from error
    return trainer, why


def make_task(config: dict[str, Any], data: DataModule) -> Task:
    """Build the task for a configuration and its data."""
    loss = dict(config["loss"])
    if data.training.class_weights is not None:
        loss["class_weights"] = data.training.class_weights
    return Task(
        spec=data.spec.to_dict(),
        model={part: config["model"][part] for part in ("net", "preprocess")},
        augment=config["augment"] or None,
        loss=loss,
        optimizer=config["optimizer"],
        scheduler=config["scheduler"] or None,
        monitor=config["monitor"],
        scheduler_metric=config["scheduler_metric"],
        channels_last=config["channels_last"],
        facts={"name": config["model"]["name"], "data": data.facts, "protocol": data.assignment.facts},
    )


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
    images = (trainer.global_step - before) * data.batch_size
    return {
        "seconds": round(seconds, 1),
        "epochs": trainer.current_epoch,
        "max_epochs": trainer.max_epochs,
        "steps": trainer.global_step,
        "samples_per_second": round(images / seconds, 1),
        "peak_memory_mb": round(peak_memory() / 2**20),
        "interrupted": interrupted,
        "fast_dev_run": bool(trainer.fast_dev_run),  # type: ignore[attr-defined]
        "device": str(task.device) if trainer.num_devices == 1 else f"{trainer.num_devices} devices",
        "threads": torch.get_num_threads(),
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
    kept = len(data.training.indices)
    train_count = str(counts["train"]) + (f" (of which {kept} after rebalancing)" if kept != counts["train"] else "")
    return (
        f"{kind}{data.samples.name}, protocol {data.assignment.facts['name']} {data.assignment.facts['hash']}: "
        f"train {train_count}, val {counts['val']}, test {counts['test']}, classes {', '.join(data.spec.labels)}{marks}"
    )


def peak_memory() -> int:
    """Return the most memory this process has held, in bytes."""
    status = Path("/proc/self/status")
    if status.is_file():
        # of this process alone; a child's ru_maxrss carries its parent's peak over
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])  # type: ignore[index]
    # macOS counts in bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
