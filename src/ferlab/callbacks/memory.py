"""Memory and precision: what the parameters take, in which types, and the most that training held."""

from collections import Counter
from itertools import chain
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch import Tensor

from ferlab.memory import peak_memory

MB = 2**20


class Memory(Callback):
    """Report memory and precision; logged each epoch as memory/peak_mb.

    The peak is that of this process on a processor (it never falls), and what torch allocated during the epoch on a
    CUDA device.
    """

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self.peaks: list[int] = []

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Weigh the parameters."""
        held = list(chain(pl_module.parameters(), pl_module.buffers()))
        types = Counter[str]()
        for tensor in held:
            types[str(tensor.dtype).removeprefix("torch.")] += _size(tensor)
        self.found = {
            "precision": trainer.precision,
            "parameters": sum(p.numel() for p in pl_module.parameters()),
            "trainable": sum(p.numel() for p in pl_module.parameters() if p.requires_grad),
            "weights_mb": {name: round(size / MB, 2) for name, size in sorted(types.items())},
        }

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin the epoch's peak, where the device keeps one."""
        if pl_module.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(pl_module.device)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the epoch's peak, and weigh what the optimizer keeps."""
        cuda = pl_module.device.type == "cuda"
        peak = torch.cuda.max_memory_allocated(pl_module.device) if cuda else peak_memory()
        self.peaks.append(round(peak / MB))
        pl_module.log("memory/peak_mb", float(self.peaks[-1]), rank_zero_only=True)
        states = [
            value for optimizer in trainer.optimizers for state in optimizer.state.values() for value in state.values()
        ]
        size = sum(_size(value) for value in states if isinstance(value, Tensor))
        self.found |= {"optimizer_mb": round(size / MB, 2), "peak_of": "device" if cuda else "process"}

    def facts(self) -> dict[str, Any]:
        """Return what was found, with the peak of each epoch."""
        return {"memory": {**self.found, "peak_mb": self.peaks}} if self.peaks else {}


def _size(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
