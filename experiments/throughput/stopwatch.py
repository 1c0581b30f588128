"""Timing the steps of a Lightning training from inside it."""

import logging
import time
import warnings
from typing import Any

import pytorch_lightning as pl
import torch

WARM = 4

warnings.filterwarnings("ignore", module="pytorch_lightning")
logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)


def now() -> float:
    """Return the time in seconds at which all that was given to the device so far is done."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return time.perf_counter()


class StepsDone(Exception):  # noqa: N818 (no error: it ends the training)
    """The steps that were to be timed are over."""


def timed_fit(trainer: pl.Trainer, task: pl.LightningModule, steps: int, **data: Any) -> float:
    """Return milliseconds a step of `trainer.fit`: `steps` whole steps, batches and hooks included, behind `WARM`."""
    begun = seconds = 0.0

    def tick(*_: Any) -> None:
        nonlocal begun, seconds
        if trainer.global_step == WARM:
            begun = now()
        elif trainer.global_step == WARM + steps:
            seconds = now() - begun
            raise StepsDone

    # the module's own hook: one more callback would be asked at every hook of every step
    task.on_train_batch_end = tick
    try:
        trainer.fit(task, **data)
    except StepsDone:
        return 1000 * seconds / steps
    raise RuntimeError(f"the training set has fewer than {WARM + steps} batches; cure: a smaller --steps")
