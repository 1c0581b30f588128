"""Freed memory goes back to the system between epochs, where the machine is short of it."""

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from ferlab.allocator import give_back_where_short


class FreedMemory(Callback):
    """Look at each epoch's end whether others need what this process keeps for its next step."""

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Hand it back, if so."""
        del trainer, pl_module
        give_back_where_short()
