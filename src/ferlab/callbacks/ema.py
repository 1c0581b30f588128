"""Ema: the exponential moving average of the weights is what is validated, kept, tested and explained."""

from itertools import chain
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor

from ferlab.errors import FerlabError
from ferlab.task import Task


class Ema(WeightAveraging):
    """Average the weights over the steps, each new step counting 1 - decay; training itself goes on with its own.

    Lightning's callback, which swaps the averages in for each validation and into full checkpoints' `state_dict`, and
    keeps the training's own weights beside them to go on from. Here checkpoints of weights alone hold the averages
    too, the averages follow the model to its device, no step waits for the device, and young averages forget faster:
    the decay of step n, counted from 0, is at most (1 + n) / (10 + n), so that the first, random weights do not
    linger through a short training. BatchNorm's running statistics are averaged too.

    Args:
        decay: how much of the average stays each step, below 1.
    """

    def __init__(self, decay: float | int = 0.999) -> None:
        if not 0 <= decay < 1:
            raise FerlabError(f"callbacks.ema.decay: expected 0 or more and below 1, found {decay}")
        super().__init__()
        self.decay = decay
        self.pairs: list[tuple[Tensor, Tensor]] = []

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Follow the model to its device: the average was copied from it before it went there."""
        assert self._average_model is not None and isinstance(pl_module, Task)
        copy = self._average_model.to(pl_module.device).module
        mine, theirs = (chain(m.parameters(), m.buffers()) for m in (copy, pl_module))
        self.pairs = [(one.detach(), other.detach()) for one, other in zip(mine, theirs, strict=True)]
        pl_module.averages = copy.state_dict

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leave the averages in the model."""
        super().on_train_end(trainer, pl_module)
        assert isinstance(pl_module, Task)
        pl_module.averages = None

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move the averages towards the weights after each step of the optimizer."""
        if trainer.global_step == self._latest_update_step:
            return
        self._latest_update_step = trainer.global_step
        step = trainer.global_step - 1
        decay = min(self.decay, (1 + step) / (10 + step))
        floats = [pair for pair in self.pairs if pair[0].is_floating_point()]
        torch._foreach_lerp_([one for one, _ in floats], [other for _, other in floats], 1 - decay)
        for one, other in self.pairs:
            if not one.is_floating_point():
                one.copy_(other)
