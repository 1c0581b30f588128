"""Finite: ends training at a loss or weights that are not finite, before a checkpoint could take them in."""

import math

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, ModelCheckpoint
from torch import Tensor

from ferlab.errors import FerlabError
from ferlab.task import Task

SHOWN = 5


class Finite(Callback):
    """Stop where the loss of a step, the weights after an epoch or the validation loss is NaN or infinite.

    On a processor each step is looked at before its gradients are computed, so that the weights are still good. On
    an accelerator, and where several processes train, losses are kept and looked at together: every look makes the
    processor wait for the device. Weights are looked at before each validation, in any case before a checkpoint is
    written: those in the run folder stay good.

    Args:
        every: steps between two looks on an accelerator or with several processes.
    """

    def __init__(self, every: int = 50) -> None:
        if every < 1:
            raise FerlabError(f"callbacks.finite.every: expected a number of steps, 1 or more, found {every}")
        self.every = every
        self.waiting = 0

    def on_before_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor) -> None:
        """Look at the step's loss, or at those of the last steps where it is time."""
        at_once = loss.device.type == "cpu" and trainer.world_size == 1
        if at_once and math.isfinite(loss.item()):
            return
        self.waiting += 1
        if at_once or self.waiting >= self.every:
            self._look(trainer, pl_module)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at the rest of the losses and at the weights."""
        if not trainer.sanity_checking:
            self._look(trainer, pl_module)
            self._weigh(trainer, pl_module)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at the validation's loss; checkpoints are written after this."""
        value = trainer.callback_metrics.get("val/loss")
        if not trainer.sanity_checking and value is not None and not torch.isfinite(value):
            _stop(
                trainer, f"val/loss is {float(value)} after epoch {trainer.current_epoch + 1}, its weights are finite"
            )

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look once more where no validation came before the epoch's checkpoint."""
        self._look(trainer, pl_module)
        self._weigh(trainer, pl_module)

    def _look(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        assert isinstance(module, Task)
        waiting, self.waiting = self.waiting, 0
        before = len(module.steps) - waiting
        kept = module.steps[before:]
        bad = _not_finite([step.loss for step in kept])
        # all processes look at the same steps, and so all of them stop
        if not trainer.strategy.reduce_boolean_decision(bad, all=False):
            return
        first = next((number for number, step in enumerate(kept) if not torch.isfinite(step.loss)), None)
        if first is None:
            _stop(trainer, "another process met a loss that is not finite")
        else:
            ids = _names(trainer, kept[first].samples)
            where = f"epoch {trainer.current_epoch + 1}, batch {before + first + 1}"
            _stop(trainer, f"the loss is {float(kept[first].loss)} in {where}, samples {ids}")

    def _weigh(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        named = dict(module.named_parameters()) | dict(module.named_buffers())
        named = {name: value.detach() for name, value in named.items() if value.is_floating_point() and value.numel()}
        # the greatest of each: a sum of squares could overflow
        bad = _not_finite(list(torch._foreach_norm(list(named.values()), float("inf"))))
        if trainer.strategy.reduce_boolean_decision(bad, all=False):
            name = next(
                (name for name, value in named.items() if not torch.isfinite(value).all()), "in another process"
            )
            _stop(trainer, f"weights are not finite after epoch {trainer.current_epoch + 1}: {name}")


def _not_finite(values: list[Tensor]) -> bool:
    return bool(values) and not bool(torch.isfinite(torch.stack([v.float() for v in values])).all())


def _names(trainer: pl.Trainer, index: Tensor) -> str:
    ids = trainer.datamodule.samples.ids[index.cpu().numpy()]  # type: ignore[attr-defined]
    more = f", ... ({len(ids)} in all)" if len(ids) > SHOWN else ""
    return ", ".join(map(str, ids[:SHOWN])) + more


def _stop(trainer: pl.Trainer, what: str) -> None:
    """End the training with what happened, why perhaps, and how to go on.

    Raises:
        FerlabError: always.
    """
    rate = trainer.optimizers[0].param_groups[0]["lr"] if trainer.optimizers else None
    causes = f"the learning rate ({rate:g})" if rate is not None else "the learning rate"
    if str(trainer.precision).startswith("16"):
        causes += ", the 16-bit precision (trainer.precision=32-true)"
    causes += ", or a sample that is broken"
    last = next(
        (
            c.best_model_path
            for c in trainer.checkpoint_callbacks
            if isinstance(c, ModelCheckpoint) and c.monitor is None and c.best_model_path
        ),
        None,
    )
    if last is None:
        cure = (
            "no epoch was finished before; cure: a smaller optimizer.lr, trainer.gradient_clip_val=1, scheduler=warmup"
        )
    else:
        cure = (
            f"the last good weights are kept: {last}; to go on: the same command with resume={last} and "
            "trainer.gradient_clip_val=1 or trainer.precision=32-true; to start from them with another optimizer.lr: "
            f"model.pretrained={last}"
        )
    raise FerlabError(f"training: {what}. Likely: {causes}. {cure[0].upper()}{cure[1:]}")
