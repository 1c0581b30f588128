"""DataModule: the whole set in memory, batches by index, ids kept."""

from collections.abc import Callable
from typing import Any, runtime_checkable
from typing import Protocol as Interface

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    WeightedRandomSampler,
)

from ferlab.data.protocol import Assignment, Protocol
from ferlab.data.samples import Samples
from ferlab.data.sampling import Keep, Rebalanced
from ferlab.spec import TaskSpec

Batch = dict[str, Tensor]
Rebalance = Callable[[np.ndarray, np.ndarray, int, int], Rebalanced]


@runtime_checkable
class Source(Interface):
    """What a dataset file hands over."""

    def load(self) -> Samples:
        """Read the data set, from its cache where there is one."""


class ByIndex(Dataset[Batch]):
    """Samples that are read a whole batch at a time.

    Args:
        samples: the whole data set.
        indices: those that this split holds; `index` in a batch is a position in `samples`.
    """

    def __init__(self, samples: Samples, indices: np.ndarray) -> None:
        self.samples, self.indices = samples, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, positions: list[int]) -> Batch:
        """Return one batch: "x" uint8 (batch, channel, height, width), "y" and "index" int64 (batch,)."""
        chosen = self.indices[positions]
        # a view: the memory stays (batch, height, width, channel), which torch calls channels_last
        x = torch.from_numpy(self.samples.x[chosen]).permute(0, 3, 1, 2)
        return {"x": x, "y": torch.from_numpy(self.samples.labels[chosen]), "index": torch.from_numpy(chosen)}


class TrainingBatches(BatchSampler):
    """Batches of a training epoch; a last batch of a single sample is left out, BatchNorm cannot take it."""

    def __init__(self, sampler: Sampler[int], batch_size: int, count: int) -> None:
        super().__init__(sampler, batch_size, drop_last=batch_size > 1 and count > 1 and count % batch_size == 1)


class DataModule(pl.LightningDataModule):
    """A data set under a protocol.

    Args:
        source: the dataset object; `load()` gives the samples.
        protocol: who is train, val and test.
        rebalance: what becomes of the training samples; never touches the others.
        batch_size: samples a training step.
        eval_batch_size: samples a batch without gradients.
        seed: of the rebalancing's random choice.
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
        self.assignment: Assignment = protocol.assign(self.samples)
        self.training: Rebalanced = self.rebalance(
            self.assignment.indices["train"], self.samples.labels, len(self.spec.labels), seed
        )

    @property
    def spec(self) -> TaskSpec:
        """What is to be told apart."""
        return self.samples.spec

    @property
    def facts(self) -> dict[str, Any]:
        """The data set's share of every output: plain values."""
        counts = {
            role: [int(n) for n in np.bincount(self.samples.labels[indices], minlength=len(self.spec.labels))]
            for role, indices in self.assignment.indices.items()
        }
        counts["train after rebalancing"] = self.training.expected_counts(self.samples.labels, len(self.spec.labels))
        return {
            "name": self.samples.name,
            "synthetic": self.samples.synthetic,
            "labels": list(self.spec.labels),
            "class_counts": counts,
            "class_weights": self.training.class_weights,
            "notes": list(self.samples.notes),
        }

    def batches(self, role: str) -> DataLoader[Batch]:
        """Return the batches of one role in order, each sample once."""
        data = ByIndex(self.samples, self.assignment.indices[role])
        return self._loader(data, BatchSampler(SequentialSampler(data), self.eval_batch_size, drop_last=False))

    def train_dataloader(self) -> DataLoader[Batch]:
        """Return the shuffled, rebalanced training batches."""
        data = ByIndex(self.samples, self.training.indices)
        sampler: Sampler[int]
        if self.training.draw_weights is None:
            sampler = RandomSampler(data)
        else:
            sampler = WeightedRandomSampler(self.training.draw_weights.tolist(), len(data), replacement=True)
        return self._loader(data, TrainingBatches(sampler, self.batch_size, len(data)))

    def val_dataloader(self) -> DataLoader[Batch]:
        """Return the validation batches."""
        return self.batches("val")

    def _loader(self, data: ByIndex, batches: BatchSampler) -> DataLoader[Batch]:
        # a batch is one fancy index into an array: workers would only add copies
        return DataLoader(data, sampler=batches, batch_size=None, pin_memory=torch.cuda.is_available())
