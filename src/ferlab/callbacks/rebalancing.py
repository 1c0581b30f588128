"""Rebalancing: which classes each epoch really drew, and when deferred weights begin; rebalancing.csv."""

import csv
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from ferlab.data.datamodule import DataModule
from ferlab.data.sampling import Rebalanced
from ferlab.task import Task


class Rebalancing(Callback):
    """Write how many samples of each class each epoch drew; say in one line when deferred weights begin.

    rebalancing.csv in the run folder: epoch (from 1), weighted (whether class or draw weights counted in it), and one
    column a class. Nothing is written where nothing is rebalanced.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say so where the weights begin."""
        training = _data(trainer).training
        if _weights(training) and 0 < training.start_epoch == trainer.current_epoch and trainer.is_global_zero:
            what = "class weights in the loss" if training.class_weights is not None else "weights of the draws"
            print(f"epoch {trainer.current_epoch + 1}: {what} count from here on", flush=True)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Count and write the epoch."""
        assert isinstance(pl_module, Task)
        data, kept = _data(trainer), [step.labels for step in pl_module.steps]
        training = data.training
        if not kept or not _acts(data):
            return
        classes = list(data.spec.labels)
        counts = torch.cat(kept).bincount(minlength=len(classes))
        counts = trainer.strategy.reduce(counts, reduce_op="sum")
        weighted = _weights(training) and trainer.current_epoch >= training.start_epoch
        row = dict(zip(classes, map(int, counts), strict=True))
        self.rows.append({"epoch": trainer.current_epoch + 1, "weighted": weighted, **row})
        if trainer.is_global_zero and not trainer.fast_dev_run:  # type: ignore[attr-defined]
            self._write(Path(trainer.default_root_dir) / "rebalancing.csv")

    def state_dict(self) -> dict[str, Any]:
        """Return the epochs so far: a run that goes on writes them too."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back the epochs so far."""
        self.rows = list(state_dict["rows"])

    def _write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}")
        with temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(self.rows[0]))
            writer.writeheader()
            writer.writerows(self.rows)
        temporary.replace(path)


def _data(trainer: pl.Trainer) -> DataModule:
    data = trainer.datamodule  # type: ignore[attr-defined]
    assert isinstance(data, DataModule)
    return data


def _weights(training: Rebalanced) -> bool:
    return training.class_weights is not None or training.draw_weights is not None


def _acts(data: DataModule) -> bool:
    same = len(data.training.indices) == len(data.assignment.indices["train"])
    return _weights(data.training) or not same
