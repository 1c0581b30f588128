"""Stages: ends a stage of training and begins the next, within one run."""

import math
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.strategies import DDPStrategy

from ferlab.errors import FerlabError
from ferlab.fine_tuning.stage import Stage, left
from ferlab.task import Task


class Stages(Callback):
    """Lead a task through its stages, and open its blocks where they open gradually.

    Whether a stage is over is decided after each validation; the next one begins with the next epoch: the best
    weights are put back, layers frozen anew, optimizer and scheduler built. A checkpoint holds all of that, so that a
    run can go on from the middle of any stage.
    """

    def __init__(self) -> None:
        self.limit: int | None = None
        self.weights: dict[str, torch.Tensor] | None = None
        self.history: list[dict[str, Any]] = []
        self.last: list[dict[str, Any]] = []
        self._forget()

    def _forget(self) -> None:
        self.best: float | None = None
        self.best_epoch: int | None = None
        self.over = ""
        self.weights = None

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Shorten the training to what its stages need."""
        task = _task(pl_module)
        self.limit = trainer.max_epochs if trainer.max_epochs is not None else -1
        trainer.fit_loop.max_epochs = left(task.stages[task.stage :], task.begun, self.limit)
        if self.over and task.stage + 1 == len(task.stages):
            trainer.should_stop = True

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin the next stage where the last one is over; open one more block where it is time."""
        task, stage = _task(pl_module), _stage(pl_module)
        done = trainer.current_epoch - task.begun
        if not self.over and stage.max_epochs is not None and done >= stage.max_epochs:
            self.over = f"its {stage.max_epochs} epochs"
        if self.over and task.stage + 1 < len(task.stages):
            self._next(trainer, task)
        elif task.enter(task.stage, done):
            _wrap_again(trainer)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note the epoch's figure; decide whether the stage is over."""
        if trainer.sanity_checking:
            return
        task, stage = _task(pl_module), _stage(pl_module)
        metric, mode = task.watched(stage)
        value = trainer.callback_metrics.get(metric)
        if value is None:
            if stage.patience is not None:
                there = ", ".join(sorted(trainer.callback_metrics))
                raise FerlabError(
                    f"fine_tuning.stages.{stage.name}.monitor: no {metric!r} after an epoch; there: {there}"
                )
            return
        epoch, sign = trainer.current_epoch, 1.0 if mode == "max" else -1.0
        if self.best is None or sign * (float(value) - self.best) > stage.min_delta:
            self.best, self.best_epoch = float(value), epoch
            if stage.restore_best and task.stage + 1 < len(task.stages):
                self.weights = _measured(task)
        waited = epoch - (self.best_epoch if self.best_epoch is not None else epoch)
        tired = stage.patience is not None and waited >= stage.patience
        # every process must come to the same end
        if trainer.strategy.reduce_boolean_decision(tired, all=False):
            self.over = f"{stage.patience} epochs without a better {metric}"
            if task.stage + 1 == len(task.stages):
                trainer.should_stop = True

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note what the last stage came to."""
        task, longest = _task(pl_module), _stage(pl_module).max_epochs
        whole = longest is not None and trainer.current_epoch - task.begun >= longest
        ended = self.over or (f"its {longest} epochs" if whole else "the end of the training")
        self.last = [self._entry(trainer, task, ended)]

    def facts(self) -> dict[str, Any]:
        """Return what each stage came to; epochs count from 1 over the whole training."""
        return {"stages": [*self.history, *self.last]}

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""
        names = ("best", "best_epoch", "over", "weights", "history")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back what a checkpoint held."""
        for name, value in state_dict.items():
            setattr(self, name, value)

    def _next(self, trainer: pl.Trainer, task: Task) -> None:
        self.history.append(self._entry(trainer, task, self.over))
        if self.weights is not None:
            _restore(task, self.weights)
        self._forget()
        task.begun = trainer.current_epoch
        task.enter(task.stage + 1)
        assert self.limit is not None
        trainer.fit_loop.max_epochs = left(task.stages[task.stage :], task.begun, self.limit)
        _wrap_again(trainer)
        trainer.strategy.setup_optimizers(trainer)

    def _entry(self, trainer: pl.Trainer, task: Task, ended: str) -> dict[str, Any]:
        stage = task.stages[task.stage]
        best = None if self.best is None or not math.isfinite(self.best) else self.best
        return {
            "name": stage.name,
            "epochs": trainer.current_epoch - task.begun,
            "ended": ended,
            "monitor": task.watched(stage)[0],
            "best": best,
            "best_epoch": None if self.best_epoch is None else self.best_epoch + 1,
            "learning": sum(p.numel() for p in task.net.parameters() if p.requires_grad),
        }


def _task(module: pl.LightningModule) -> Task:
    assert isinstance(module, Task)
    return module


def _stage(module: pl.LightningModule) -> Stage:
    task = _task(module)
    return task.stages[task.stage]


def _measured(task: Task) -> dict[str, torch.Tensor]:
    """Return a copy of the weights that validation saw: the averages, where weights are averaged."""
    state = task.state_dict() if task.averages is None else task.averages()
    return {name: one.detach().cpu().clone() for name, one in state.items() if name.startswith("net.")}


def _restore(task: Task, weights: dict[str, torch.Tensor]) -> None:
    """Put weights into the network, and into their averages."""
    for state in (task.state_dict(), task.averages() if task.averages else {}):
        for name in weights.keys() & state.keys():
            state[name].copy_(weights[name])


def _wrap_again(trainer: pl.Trainer) -> None:
    """Let processes that train together exchange the gradients of the layers that learn now."""
    strategy = trainer.strategy
    if isinstance(strategy, DDPStrategy):
        strategy.model = strategy.lightning_module
        strategy.configure_ddp()
