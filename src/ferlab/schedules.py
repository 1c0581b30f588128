"""Learning-rate schedules that are planned over the whole training, and how Lightning is told of a schedule."""

import math
from collections.abc import Mapping
from typing import Any

import pytorch_lightning as pl
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from ferlab.build import build
from ferlab.errors import FerlabError


def schedule(
    values: Mapping[str, Any], optimizer: Optimizer, module: pl.LightningModule, longest: int | None = None
) -> dict[str, Any]:
    """Build a schedule for an optimizer, as `configure_optimizers` hands it to Lightning.

    Args:
        values: conf/scheduler as plain values. `interval` is when the schedule moves on, "epoch" (the default, after
            the validation) or "step". A schedule that is planned takes `epochs` and `steps_per_epoch`; null in
            `steps_per_epoch` is filled in.
        optimizer: whose learning rates are scheduled.
        module: the task in training; `scheduler_metric` of its values is what a plateau watches.
        longest: epochs that the optimizer is for at most, where that is not the rest of the training.

    Raises:
        FerlabError: an unknown interval, or a plan for a training without an end.
    """
    wanted = dict(values)
    interval = wanted.pop("interval", "epoch")
    if interval not in ("epoch", "step"):
        raise FerlabError(f"scheduler.interval: expected epoch or step, found {interval!r}")
    if "epochs" in wanted:
        if wanted["epochs"] is None or wanted["epochs"] < 1:
            raise FerlabError(
                f"scheduler.epochs: this schedule is planned over all epochs, found {wanted['epochs']}; "
                "cure: trainer.max_epochs=<number>, or scheduler=step or plateau"
            )
        # what is left: an optimizer may begin in the middle, with a stage of fine-tuning
        rest = max(1, wanted["epochs"] - int(getattr(module, "begun", 0)))
        wanted["epochs"] = rest if longest is None else min(rest, longest)
    if "steps_per_epoch" in wanted and wanted["steps_per_epoch"] is None:
        wanted["steps_per_epoch"] = _steps(module.trainer) if interval == "step" else 1
    return {
        "scheduler": build(wanted)(optimizer),
        "interval": interval,
        "monitor": module.hparams["scheduler_metric"],
    }


def _steps(trainer: pl.Trainer) -> int:
    """Return the optimizer's steps in an epoch."""
    if trainer.train_dataloader is None:
        trainer.fit_loop.setup_data()
    return math.ceil(int(trainer.num_training_batches) / trainer.accumulate_grad_batches)


class OneCycle(OneCycleLR):
    """One cycle (arXiv 1708.07120): up to the optimizer's learning rate, then down to almost nothing.

    Args:
        optimizer: its groups' learning rates are the peaks.
        epochs: planned.
        steps_per_epoch: moves of the schedule in one epoch.
        pct_start: share of the training that goes up.
        div_factor: peak over first rate.
        final_div_factor: first rate over last.
        anneal_strategy: "cos" or "linear".
    """

    def __init__(
        self,
        optimizer: Optimizer,
        epochs: int,
        steps_per_epoch: int,
        pct_start: float | int = 0.3,
        div_factor: float | int = 25.0,
        final_div_factor: float | int = 1e4,
        anneal_strategy: str = "cos",
    ) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise FerlabError(f"scheduler.anneal_strategy: expected cos or linear, found {anneal_strategy!r}")
        super().__init__(
            optimizer,
            max_lr=[group["lr"] for group in optimizer.param_groups],
            total_steps=max(2, epochs * steps_per_epoch),
            pct_start=pct_start,
            anneal_strategy="cos" if anneal_strategy == "cos" else "linear",
            # it would give momentum to an optimizer that has none
            cycle_momentum=False,
            div_factor=div_factor,
            final_div_factor=final_div_factor,
        )


class Warmup(LRScheduler):
    """A linear rise to the optimizer's learning rate (arXiv 1706.02677), then that rate or half a cosine down.

    Args:
        optimizer: its groups' learning rates are the tops.
        epochs: planned, with the warm-up.
        steps_per_epoch: moves of the schedule in one epoch.
        warmup_epochs: how long it rises; a fraction of an epoch where the schedule moves with each step.
        start_factor: first rate over top, above 0.
        then: "constant" or "cosine".
        end_factor: last rate of the cosine over top.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        epochs: int,
        steps_per_epoch: int,
        warmup_epochs: float | int = 1,
        start_factor: float | int = 0.01,
        then: str = "constant",
        end_factor: float | int = 0.0,
    ) -> None:
        if then not in ("constant", "cosine"):
            raise FerlabError(f"scheduler.then: expected constant or cosine, found {then!r}")
        if warmup_epochs < 0:
            raise FerlabError(f"scheduler.warmup_epochs: expected 0 or more, found {warmup_epochs}")
        self.rise, self.total = warmup_epochs * steps_per_epoch, epochs * steps_per_epoch
        self.start_factor, self.end_factor, self.then = start_factor, end_factor, then
        super().__init__(optimizer)

    def factor(self, step: int) -> float:
        """Return the rate over its top after `step` moves."""
        if step < self.rise:
            return self.start_factor + (1 - self.start_factor) * step / self.rise
        if self.then == "constant":
            return 1.0
        done = min(1.0, (step - self.rise) / max(1, self.total - self.rise))
        return self.end_factor + (1 - self.end_factor) * (1 + math.cos(math.pi * done)) / 2

    def get_lr(self) -> list[Any]:
        """Return the groups' present rates."""
        return [top * self.factor(self.last_epoch) for top in self.base_lrs]


class InverseTime(LambdaLR):
    """lr / (1 + decay * moves): the `decay` argument of Keras' older optimizers, which move with each step.

    Args:
        optimizer: whose learning rates fall.
        decay: 1e-6 in D2's speech recipe.
    """

    def __init__(self, optimizer: Optimizer, decay: float | int) -> None:
        super().__init__(optimizer, lambda move: 1 / (1 + decay * move))
