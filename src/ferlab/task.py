"""Task: the one LightningModule. It holds augmentation, preprocessing, network and loss, built from plain values."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torchmetrics import MeanMetric

from ferlab import metrics
from ferlab.build import build
from ferlab.fine_tuning import freezing, groups
from ferlab.fine_tuning.stage import Stage, changed, read
from ferlab.optim import clippable
from ferlab.schedules import schedule
from ferlab.spec import TaskSpec
from ferlab.transforms.mixing import Mixing
from ferlab.transforms.modality import check_augment

Batch = dict[str, Tensor]


class Step(NamedTuple):
    """What is kept of a training step until its epoch ends, on the device."""

    loss: Tensor
    logits: Tensor
    labels: Tensor
    samples: Tensor


class Task(pl.LightningModule):
    """A model that learns a task; every argument is a plain value, so that its checkpoint rebuilds it.

    Args:
        spec: `TaskSpec.to_dict()` of the data.
        model: `net` and `preprocess`, each with a `_target_`.
        augment: `_target_` of the training augmentation, or `None`.
        loss: `_target_` of a `ferlab.losses.Loss`.
        optimizer: `_target_` of a torch optimizer, `_partial_: true`.
        scheduler: `_target_` of a torch scheduler, `_partial_: true`, or `None`; stepped after each epoch's
            validation.
        monitor: the metric that chooses the checkpoint and the direction, {"metric": "val/accuracy", "mode": "max"}.
        scheduler_metric: the metric that a plateau scheduler watches.
        channels_last: memory format of images and weights; the faster one for convolutions here.
        facts: what outputs must say of the data (name, synthetic, protocol); kept in the checkpoint.
        fine_tuning: what is frozen, the learning rates of the layers, and the stages of training; conf/fine_tuning.
    """

    def __init__(
        self,
        spec: dict[str, Any],
        model: dict[str, Any],
        loss: dict[str, Any],
        optimizer: dict[str, Any],
        augment: dict[str, Any] | None = None,
        scheduler: dict[str, Any] | None = None,
        monitor: dict[str, str] | None = None,
        scheduler_metric: str = "val/loss",
        channels_last: bool = True,
        facts: dict[str, Any] | None = None,
        fine_tuning: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)
        self.spec = TaskSpec.from_dict(spec)
        self.preprocess: nn.Module = build(model["preprocess"], self.spec.shape)
        self.augment: nn.Module | None = build(augment) if augment else None
        check_augment(self.augment, self.spec.modality)
        self.net: nn.Module = build(model["net"], self.preprocess.output_shape, self.spec.outputs)
        vocabulary = getattr(self.preprocess, "vocabulary", None)
        if vocabulary is not None and hasattr(self.net, "learn_words"):
            self.net.learn_words(vocabulary, self.preprocess.documents, self.preprocess.texts)
        self.loss = build(loss, self.spec.kind)
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.net.to(memory_format=self.memory_format)
        self.val_metrics = metrics.collection(self.spec).clone(prefix="val/")
        self.val_loss = MeanMetric()
        self.steps: list[Step] = []
        self.averages: Callable[[], dict[str, Tensor]] | None = None
        self.stages = read(fine_tuning)
        self.begun = 0  # the epoch that the present stage began with
        self.enter(0)

    def enter(self, stage: int, epoch: int = 0) -> bool:
        """Freeze and unfreeze layers as an epoch of a stage wants them; returns whether that changed anything."""
        self.stage = stage
        changes = freezing.apply(self.net, self.stages[stage], epoch)
        if changes:
            self.train(self.training)
        return changes

    @property
    def stage_name(self) -> str:
        """Name of the present stage; empty where the training has none."""
        return self.stages[self.stage].name

    def watched(self, stage: Stage) -> tuple[str, str]:
        """Return the metric that ends a stage, and "min" or "max": which way of it is better."""
        if stage.monitor is not None:
            return stage.monitor, stage.mode or ("min" if stage.monitor.endswith("loss") else "max")
        monitor = self.hparams["monitor"] or {"metric": "val/accuracy", "mode": "max"}
        return monitor["metric"], stage.mode or monitor["mode"]

    def train(self, mode: bool = True) -> "Task":
        """Set training or evaluation mode; what is frozen stays in evaluation mode."""
        super().train(mode)
        if mode:
            freezing.settle(self.net)
        return self

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the stage; where weights are averaged, the averages in place of the present weights."""
        checkpoint["stage"], checkpoint["begun"] = self.stage, self.begun
        if self.averages is not None:
            checkpoint["state_dict"] = self.averages()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go back to the stage, before the optimizer is built for it."""
        self.begun = checkpoint.get("begun", 0)
        self.enter(checkpoint.get("stage", 0))

    def forward(self, x: Shaped[Tensor, "batch *sample"]) -> Float[Tensor, "batch outputs"]:
        """Return the logits of raw samples: pixels 0..255, uint8, or waveforms, int16; float32 once augmented.

        Of texts the numbers of their words, integers, which no precision may round.
        """
        ready = self.preprocess(x)
        if ready.is_floating_point():
            ready = ready.to(dtype=self.dtype, memory_format=self.memory_format)
        logits: Tensor = self.net(ready)
        return logits

    def probabilities(self, x: Shaped[Tensor, "batch *sample"]) -> Float[Tensor, "batch classes"]:
        """Return the class probabilities of raw samples, each row summing to one; multilabel: each label's own."""
        result: Tensor = self.loss.probabilities(self(x))
        return result

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Augment, predict and return the loss of a batch."""
        del batch_index
        x, y, soft = batch["x"], batch["y"], batch.get("soft")
        loss: Tensor
        if isinstance(self.augment, Mixing) and soft is not None:
            # mixed by position: whose targets are blended follows from it
            x, own, other, share = self.augment.mix(x, torch.arange(len(y), device=y.device))
            logits = self(x)
            loss = self.loss(logits, y, soft=soft[other].lerp(soft[own], share[:, None]))
        elif isinstance(self.augment, Mixing):
            x, y, other, share = self.augment.mix(x, y)
            logits = self(x)
            loss = self.loss(logits, y, other, share)
        else:
            logits = self(x if self.augment is None else self.augment(x))
            loss = self.loss(logits, y, soft=soft)
        # kept on the device and summed once an epoch: a step of a small network feels every further operation
        self.steps.append(Step(loss.detach(), logits.detach(), y, batch["index"]))
        # processes whose shares of the batch differ in size count accordingly in the mean of their gradients
        return loss * batch["weight"] if "weight" in batch else loss

    def on_train_epoch_start(self) -> None:
        """Begin the epoch's sums; class weights may begin to count."""
        self.steps = []
        self.loss.weighted = self.current_epoch >= self.loss.start_epoch

    def on_train_epoch_end(self) -> None:
        """Log the epoch's mean loss, accuracy (of augmented samples, while learning) and learning rate."""
        if self.steps:
            losses, logits, labels, _ = zip(*self.steps, strict=True)
            sizes = torch.tensor([len(y) for y in labels], device=self.device)
            said = self._decide(torch.cat(logits)).eq(torch.cat(labels)).float()
            # of multilabel samples the share of their labels that is right
            right = said.view(len(said), -1).mean(dim=1).sum()
            sums = torch.stack([(torch.stack(losses) * sizes).sum(), right, sizes.sum()])
            loss, right, count = self.trainer.strategy.reduce(sums, reduce_op="sum")
            self.log("train/loss", loss / count)
            self.log("train/accuracy", right / count)
            self.steps = []
        optimizer = self.optimizers()
        assert not isinstance(optimizer, list)
        self.log("lr", optimizer.param_groups[0]["lr"])

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Collect a batch's loss and metrics."""
        del batch_index
        logits = self(batch["x"])
        self.val_loss.update(self.loss(logits, batch["y"]), len(batch["y"]))
        self.val_metrics.update(self.loss.probabilities(logits), batch["y"])

    def on_validation_epoch_end(self) -> None:
        """Log the epoch's metrics."""
        # both gather what the other processes saw
        self.log_dict({"val/loss": self.val_loss.compute(), **self.val_metrics.compute()})
        self.val_loss.reset()
        self.val_metrics.reset()

    def configure_optimizers(self) -> Any:
        """Build the optimizer and the scheduler of the present stage."""
        stage = self.stages[self.stage]
        names = freezing.learning(self.net, stage.freeze, stage.unfreeze)
        optimizer = build(changed(self.hparams["optimizer"], stage.optimizer))(groups.grouped(self.net, stage, names))
        groups.scale(optimizer)
        if self._trainer is not None and self._trainer.gradient_clip_val:
            clippable(optimizer)
        wanted = changed(self.hparams["scheduler"] or {}, stage.scheduler)
        if not wanted:
            return optimizer
        return {"optimizer": optimizer, "lr_scheduler": schedule(wanted, optimizer, self, stage.max_epochs)}

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; Lightning sets this one 45 times a step, and torch searches its registries each time."""
        if name == "_current_fx_name":
            self.__dict__[name] = value
        else:
            super().__setattr__(name, value)

    def _decide(self, logits: Tensor) -> Tensor:
        if self.spec.kind == "multilabel":
            probabilities: Tensor = self.loss.probabilities(logits)
            return (probabilities >= 0.5).long()
        return (logits[:, 0] > 0).long() if self.spec.kind == "binary" else logits.argmax(dim=1)
