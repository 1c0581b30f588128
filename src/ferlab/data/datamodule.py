"""DataModule: the whole set in memory, batches by index, ids kept."""

from collections.abc import Callable
from typing import Any, runtime_checkable
from typing import Protocol as Interface

import numpy as np
import pytorch_lightning as pl
import torch
from jaxtyping import Int32, Int64
from torch import nn
from torch.utils.data import DataLoader, Sampler

from ferlab.data import encoding
from ferlab.data.batches import Batch, ByIndex, Draw, InOrder, Shuffled
from ferlab.data.protocol import Assignment, Protocol
from ferlab.data.samples import Samples
from ferlab.data.sampling import Keep, Rebalanced, class_counts
from ferlab.data.speaker_spectrum import equalised
from ferlab.errors import FerlabError
from ferlab.evaluation.own_columns import taken
from ferlab.spec import TaskSpec

Rebalance = Callable[[Samples, np.ndarray, int], Rebalanced]


@runtime_checkable
class Source(Interface):
    """What a dataset file hands over."""

    def load(self) -> Samples:
        """Read the data set, from its cache where there is one."""


class DataModule(pl.LightningDataModule):
    """A data set under a protocol.

    Args:
        source: the dataset object; `load()` gives the samples.
        protocol: who is train, val and test.
        rebalance: what becomes of the training samples; never touches the others.
        batch_size: samples a training step, over all processes.
        eval_batch_size: samples a batch without gradients, over all processes.
        seed: of the rebalancing's random choice and of the training order.

    Raises:
        FerlabError: a column of the data set is named as one of predictions.parquet, or what the parts raise.
    """

    def __init__(
        self,
        source: Source,
        protocol: Protocol,
        rebalance: Rebalance | None = None,
        batch_size: int = 64,
        eval_batch_size: int = 256,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.source, self.protocol = source, protocol
        self.rebalance: Rebalance = rebalance or Keep()
        self.batch_size, self.eval_batch_size, self.seed = batch_size, eval_batch_size, seed
        self.samples = source.load()
        # told before hours of training, not when its rows are written
        if own := taken(self.samples.columns, self.spec.labels, self.spec.kind == "multilabel"):
            raise FerlabError(
                f"data set {self.samples.name}: its columns {own} are named as those of predictions.parquet; rename "
                "them in its table"
            )
        if protocol.normalise is not None:
            self.samples = equalised(self.samples, protocol.normalise)
        self.assignment: Assignment = protocol.assign(self.samples)
        self.training: Rebalanced = self.rebalance(self.samples, self._trainable(), seed)
        self.ids: Int32[np.ndarray, "sample tokens"] | None = None

    def _trainable(self) -> Int64[np.ndarray, "sample"]:
        """Return the training samples that have a target."""
        train, soft = self.assignment.indices["train"], self.samples.soft
        if soft is None:
            return train
        kept = np.asarray(train[soft[train].any(1)], dtype=np.int64)
        if not len(kept):
            raise FerlabError(
                f"data set {self.samples.name}: none of {len(train):,} training samples has a soft target"
            )
        return kept

    @property
    def spec(self) -> TaskSpec:
        """What is to be told apart."""
        return self.samples.spec

    @property
    def facts(self) -> dict[str, Any]:
        """The data set's share of every output: plain values."""
        counts = {
            role: [int(n) for n in class_counts(self.samples, indices)]
            for role, indices in self.assignment.indices.items()
        }
        counts["train after rebalancing"] = self.training.expected_counts(self.samples.labels, len(self.spec.labels))
        return {
            "name": self.samples.name,
            "synthetic": self.samples.synthetic,
            "modality": self.spec.modality,
            "kind": self.spec.kind,
            "labels": list(self.spec.labels),
            "class_counts": counts,
            "class_weights": self.training.class_weights,
            # counted from 1, as all outputs do
            "rebalanced_from_epoch": self.training.start_epoch + 1,
            "notes": list(self.samples.notes),
        }

    @property
    def shown(self) -> Int64[np.ndarray, "sample"]:
        """The samples that training shows, each once, without images that rebalancing made."""
        kept = np.unique(self.training.indices)
        return kept[kept < len(self.samples)]

    def encode(self, preprocess: nn.Module) -> None:
        """Number the words of all texts once, as a model's preprocessing does; images and sounds stay as they are.

        Batches of texts exist from then on.

        Args:
            preprocess: the model's; of texts a `Text` with its vocabulary.
        """
        if self.spec.modality == "text":
            self.ids = encoding.encoded(self.samples, preprocess)

    def batches(self, role: str) -> DataLoader[Batch]:
        """Return the batches of one role in order, each sample once, whatever the number of processes."""
        return self._loader(InOrder(self.assignment.indices[role], self.eval_batch_size))

    def train_dataloader(self) -> DataLoader[Batch]:
        """Return this process's share of the shuffled, rebalanced training batches."""
        return self._loader(Shuffled(self.training, self.batch_size, self.seed, *self._place()))

    def val_dataloader(self) -> DataLoader[Batch]:
        """Return this process's share of the validation batches."""
        rank, world = self._place()
        if (count := len(self.assignment.indices["val"])) < world:
            raise FerlabError(f"validation: {count} samples for {world} processes; cure: fewer trainer.devices")
        return self._loader(InOrder(self.assignment.indices["val"], self.eval_batch_size, rank, world))

    def _place(self) -> tuple[int, int]:
        """Return which of how many processes this is."""
        return (0, 1) if self.trainer is None else (self.trainer.global_rank, self.trainer.world_size)

    def _loader(self, draws: Sampler[Draw]) -> DataLoader[Batch]:
        # a batch is one fancy index into an array: workers would only add copies
        if self.spec.modality == "text" and self.ids is None:
            raise RuntimeError("texts have no batches before DataModule.encode(task.preprocess)")
        data = ByIndex(self.samples, self.training.extra, self.ids)
        return DataLoader(data, sampler=draws, batch_size=None, pin_memory=torch.cuda.is_available())
