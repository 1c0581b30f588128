"""Pictures of a network while it learns: which epochs are drawn, and which validation images."""

import difflib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from matplotlib.figure import Figure
from pytorch_lightning.callbacks import Callback
from torch import nn

from ferlab.data.datamodule import DataModule
from ferlab.errors import FerlabError
from ferlab.evaluation.figures.style import Caption, save
from ferlab.evaluation.looking.lens import as_batch
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.words import noun
from ferlab.explain.layers import conv_layers
from ferlab.task import Task
from ferlab.tracking.wandb_run import WandbRun

log = logging.getLogger(__name__)


class Watched(Callback):
    """Draw the same validation images after chosen epochs, into figures/training of the run folder.

    The run itself stays as it is: random state, mode and gradients are left alone. A network without 2-D
    convolutions is told of once and not drawn. Of several processes the first one draws.

    Args:
        name: of the pictures: <name>-epoch005.png.
        every: draw each n-th epoch; None: not by count.
        epochs: epochs to draw, counted from 1, beside those of `every`.
        images: ids of validation images, or their places 0, 1, ... in the validation set; None: some of each class.
        each: how many of each class, where `images` is None.
    """

    def __init__(
        self,
        name: str,
        every: int | None = None,
        epochs: Sequence[int] | None = None,
        images: Sequence[str | int] | None = None,
        each: int = 2,
    ) -> None:
        if (every is not None and every < 1) or any(epoch < 1 for epoch in epochs or ()):
            raise FerlabError(f"callbacks.{name}: expected epochs from 1 on, found every={every}, epochs={epochs}")
        self.name, self.every, self.epochs = name, every, frozenset(epochs or ())
        self.images, self.each = images, each
        self.chosen: np.ndarray | None = None

    def figure(self, task: Task, images: np.ndarray, rows: Rows, caption: Caption, when: str) -> Figure:
        """Draw the images; `when` is for the title (", epoch 5")."""
        raise NotImplementedError

    def check(self, net: nn.Module) -> None:
        """Raise a FerlabError where a layer that is asked for does not exist."""
        raise NotImplementedError

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Find the images, so that a mistake is told before the first step.

        Raises:
            FerlabError: an image that is no validation image, or a layer that does not exist.
        """
        assert isinstance(pl_module, Task)
        if not conv_layers(pl_module.net):
            if trainer.is_global_zero:
                name = type(pl_module.net).__name__
                log.warning("callbacks.%s: %s has no 2-D convolution, nothing is drawn", self.name, name)
            return
        self.check(pl_module.net)
        data = _data(trainer)
        validation = data.assignment.indices["val"]
        if self.images is None:
            order = _of_each_class(data.samples.labels[validation], len(data.spec.labels), self.each)
        else:
            order = _find(self.images, data.samples.ids[validation].tolist(), self.name)
        self.chosen = validation[order]

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw after the epochs that are due; in a fast_dev_run after its only one."""
        epoch = trainer.current_epoch + 1
        due = epoch in self.epochs or (self.every is not None and epoch % self.every == 0)
        fast = bool(trainer.fast_dev_run)  # type: ignore[attr-defined]
        if self.chosen is None or trainer.sanity_checking or not trainer.is_global_zero or not (due or fast):
            return
        assert isinstance(pl_module, Task)
        data = _data(trainer)
        images, rows = np.asarray(data.samples.x[self.chosen]), self._rows(pl_module, data)
        facts = pl_module.hparams["facts"]
        caption = Caption(
            data.samples.name,
            facts["name"],
            data.seed,
            data.assignment.facts,
            data.samples.synthetic,
            noun(data.spec.modality),
        )
        figure = self.figure(pl_module, images, rows, caption, f", epoch {epoch}")
        folder = Path(trainer.default_root_dir, "figures", "training")
        path = save(figure, folder / f"{self.name}-epoch{epoch:03}.png")
        for logger in trainer.loggers:
            if isinstance(logger, WandbRun):
                # Lightning logs the epoch's figures at the step that ended it
                step = trainer.global_step - 1
                logger.log_picture(f"training/{self.name}", path, step=step, synthetic=data.samples.synthetic)

    def _rows(self, task: Task, data: DataModule) -> Rows:
        """Predict the images as validation does."""
        assert self.chosen is not None
        x = as_batch(data.samples.x[self.chosen])
        training = [(module, module.training) for module in task.modules()]
        task.eval()
        try:
            with torch.no_grad():
                p = task.probabilities(x.to(task.device)).float().cpu().numpy()
        finally:
            for module, was in training:
                module.training = was
        labels = data.samples.labels[self.chosen]
        splits = np.full(len(labels), "val")
        return Rows(data.samples.ids[self.chosen], splits, labels, p.argmax(1), p, data.spec.labels, {})


def _data(trainer: pl.Trainer) -> DataModule:
    data: Any = trainer.datamodule  # type: ignore[attr-defined]
    assert isinstance(data, DataModule)
    return data


def _of_each_class(labels: np.ndarray, classes: int, each: int) -> list[int]:
    return [int(place) for label in range(classes) for place in np.flatnonzero(labels == label)[:each]]


def _find(wanted: Sequence[str | int], ids: list[str], name: str) -> list[int]:
    places = {one: place for place, one in enumerate(ids)}
    found = []
    for one in wanted:
        place = one if isinstance(one, int) else places.get(one, -1)
        if not 0 <= place < len(ids):
            near = difflib.get_close_matches(str(one), ids, n=3, cutoff=0.3)
            raise FerlabError(
                f"callbacks.{name}.images: {one!r} is no validation image; expected a place 0..{len(ids) - 1} or an id"
                + (f" such as {', '.join(map(repr, near or ids[:3]))}")
            )
        found.append(place)
    return found
