"""Batches by index: which samples each training step and each process takes, and how they are read."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int32, Int64
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from ferlab.data.samples import Samples
from ferlab.data.sampling import Extra, Rebalanced
from ferlab.errors import FerlabError

Batch = dict[str, Tensor]
# BatchNorm cannot take a single sample
LEAST = 2


class Draw(NamedTuple):
    """The samples that one process takes in one step.

    Attributes:
        positions: of the samples.
        weight: what their mean loss counts for in the mean over all processes, 1 where all have equally many.
    """

    positions: Int64[np.ndarray, "batch"]
    weight: float = 1.0


class ByIndex(Dataset[Batch]):
    """Samples that are read a whole batch at a time.

    Args:
        samples: the whole data set.
        extra: further images that rebalancing made; position len(samples) is the first of them.
        ids: of texts, the numbers of their words, which are read in place of `samples.x`.
    """

    def __init__(
        self, samples: Samples, extra: Extra | None = None, ids: Int32[np.ndarray, "sample tokens"] | None = None
    ) -> None:
        self.samples, self.extra = samples, extra
        self.x = samples.x if ids is None else ids

    def __len__(self) -> int:
        return len(self.x) + (0 if self.extra is None else len(self.extra.x))

    def __getitem__(self, draw: Draw) -> Batch:
        """Return one batch.

        It holds "x", images uint8 (batch, channel, height, width), waveforms int16 (batch, time) or numbers of words
        int32 (batch, tokens), "y" int64 (batch,), or (batch, label) of multilabel samples, and "index" int64
        (batch,): a made image has the index of the sample that it was made from. "weight", float32 (), is there
        where processes share a batch; "soft", float32 (batch, classes), where the samples have soft targets: training
        batches alone read it.
        """
        chosen = draw.positions
        if self.extra is None or not (made := chosen >= len(self.x)).any():
            pixels = self.x[chosen]
        else:
            of_made = chosen[made] - len(self.x)
            chosen = chosen.copy()
            chosen[made] = self.extra.origin[of_made]
            pixels = self.x[chosen]
            pixels[made] = self.extra.x[of_made]
        # a view: the memory stays (batch, height, width, channel), which torch calls channels_last
        raw = torch.from_numpy(pixels)
        x = raw.permute(0, 3, 1, 2) if raw.ndim == 4 else raw
        batch = {"x": x, "y": torch.from_numpy(self.samples.labels[chosen]), "index": torch.from_numpy(chosen)}
        if self.samples.soft is not None:
            batch["soft"] = torch.from_numpy(self.samples.soft[chosen])
        if draw.weight != 1.0:
            batch["weight"] = torch.tensor(draw.weight, dtype=torch.float32)
        return batch


class InOrder(Sampler[Draw]):
    """Every sample once, in order; process `rank` of `world` takes its share of each batch.

    Args:
        indices: positions of the samples.
        batch_size: samples a batch, over all processes.
        rank: this process.
        world: number of processes.
    """

    def __init__(self, indices: np.ndarray, batch_size: int, rank: int = 0, world: int = 1) -> None:
        self.mine, self.batch_size = indices[rank::world], max(1, batch_size // world)

    def __len__(self) -> int:
        return -(-len(self.mine) // self.batch_size)

    def __iter__(self) -> Iterator[Draw]:
        for first in range(0, len(self.mine), self.batch_size):
            yield Draw(self.mine[first : first + self.batch_size])


class Shuffled(Sampler[Draw]):
    """The batches of each training epoch, in an order that seed and epoch alone decide.

    Every process draws the same global batches and takes its share of each, so that an epoch over several
    processes shows what an epoch of one process shows. The samples that are left over make a last, smaller batch,
    or join the one before it where they are too few for BatchNorm in every process.

    Args:
        training: which samples, and with which weights they are drawn.
        batch_size: samples a step, over all processes.
        seed: of the order.
        rank: this process.
        world: number of processes.

    Raises:
        FerlabError: too few samples, or too small a batch, for so many processes.
    """

    def __init__(self, training: Rebalanced, batch_size: int, seed: int, rank: int = 0, world: int = 1) -> None:
        self.training, self.batch_size, self.seed = training, batch_size, seed
        self.rank, self.world, self.epoch = rank, world, 0
        if world > 1 and (short := min(batch_size, len(training.indices))) < LEAST * world:
            what = "batch_size" if short == batch_size else "training samples"
            raise FerlabError(
                f"{what}: {short} for {world} processes; BatchNorm needs {LEAST} in each, {LEAST * world} in all; "
                "cure: a larger batch_size (it counts all processes), or fewer trainer.devices"
            )

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch begins; the trainer does."""
        self.epoch = epoch

    def order(self) -> Int64[np.ndarray, "drawn"]:
        """Return the positions of the present epoch's samples in the order in which they are shown."""
        rng = np.random.default_rng([self.seed, self.epoch])
        indices, weights = self.training.indices, self.training.draw_weights
        if weights is None or self.epoch < self.training.start_epoch:
            return rng.permutation(indices)
        return rng.choice(indices, size=len(indices), p=weights / weights.sum())

    def bounds(self) -> list[int]:
        """Return where in the order each batch ends."""
        count = len(self.training.indices)
        ends = [*range(self.batch_size, count, self.batch_size), count]
        if len(ends) > 1 and ends[-1] - ends[-2] < LEAST * self.world:
            del ends[-2]
        return ends

    def __len__(self) -> int:
        return len(self.bounds())

    def __iter__(self) -> Iterator[Draw]:
        order, begin = self.order(), 0
        for end in self.bounds():
            batch = order[begin:end]
            mine = batch[self.rank :: self.world]
            yield Draw(mine, len(mine) * self.world / len(batch))
            begin = end
