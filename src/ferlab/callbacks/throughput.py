"""Samples a second and the share of the time in which training waits for its data."""

import time
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback


class Throughput(Callback):
    """Measure each training epoch, validation left out; logged as speed/samples_per_second and speed/waiting_share.

    Waiting is all time between two steps: the next batch is fetched and moved to the device. On a GPU steps are
    queued, so that waiting there costs nothing as long as the queue is not empty; samples a second tell.
    """

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []
        self._begun = self._ended = self._waited = self._paused = 0.0
        self._samples = 0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the epoch's clock."""
        self._waited = self._paused = 0.0
        self._samples = 0
        self._begun = self._ended = time.perf_counter()

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Take the time since the step before."""
        self._waited += time.perf_counter() - self._ended
        self._samples += len(batch["y"])

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Remember when the step ended."""
        self._ended = time.perf_counter()

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop the clock."""
        _wait_for_device(pl_module)
        self._pause_begun = time.perf_counter()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock again."""
        self._ended = time.perf_counter()
        self._paused += self._ended - self._pause_begun

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the epoch."""
        _wait_for_device(pl_module)
        seconds = time.perf_counter() - self._begun - self._paused
        if not self._samples:
            return
        epoch = {
            # each process sees its share of a batch
            "samples_per_second": self._samples * trainer.world_size / seconds,
            "waiting_share": min(1.0, self._waited / seconds),
        }
        self.epochs.append(epoch)
        for name, value in epoch.items():
            pl_module.log(f"speed/{name}", value, rank_zero_only=True)

    def facts(self) -> dict[str, Any]:
        """Return the median epoch: the first one also warms up."""
        if not self.epochs:
            return {}
        middle = sorted(self.epochs, key=lambda epoch: epoch["samples_per_second"])[len(self.epochs) // 2]
        return {
            "throughput": {
                "samples_per_second": round(middle["samples_per_second"], 1),
                "waiting_share": round(middle["waiting_share"], 4),
                "epochs": len(self.epochs),
            }
        }


def _wait_for_device(module: pl.LightningModule) -> None:
    if module.device.type == "cuda":
        torch.cuda.synchronize(module.device)
