"""Timing the steps of a Lightning training from inside it."""

import logging
import time
import warnings
from typing import Any

import pytorch_lightning as pl

WARM = 4

warnings.filterwarnings("ignore", module="pytorch_lightning")
logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)


class StepsDone(Exception):  # noqa: N818 (no error: it ends the training)
    """The steps that were to be timed are over."""


class Stopwatch(pl.Callback):
    """Time `steps` whole steps, batches and hooks included, behind `WARM` others; then end the training."""

    def __init__(self, steps: int) -> None:
        self.steps, self.begun, self.seconds = steps, 0.0, 0.0

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        if trainer.global_step == WARM:
            self.begun = time.perf_counter()
        elif trainer.global_step == WARM + self.steps:
            self.seconds = time.perf_counter() - self.begun
            raise StepsDone


def timed_fit(trainer: pl.Trainer, task: pl.LightningModule, steps: int, **data: Any) -> float:
    """Return milliseconds a step of `trainer.fit`."""
    watch = Stopwatch(steps)
    trainer.callbacks.append(watch)
    try:
        trainer.fit(task, **data)
    except StepsDone:
        return 1000 * watch.seconds / steps
    raise RuntimeError(f"the training set has fewer than {WARM + steps} batches; cure: a smaller --steps")
