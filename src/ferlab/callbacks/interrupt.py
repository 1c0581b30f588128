"""Ctrl-C ends training after the present step and keeps what there is; a second one stops at once."""

import logging
import signal
import threading
from types import FrameType
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

log = logging.getLogger(__name__)


class GracefulInterrupt(Callback):
    """Turn the first SIGINT or SIGTERM of a training into an early end that is still validated, tested and reported.

    Attributes:
        interrupted: whether that happened.
    """

    def __init__(self) -> None:
        self.interrupted = False
        self._before: dict[int, Any] = {}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Listen, in place of Lightning's own handlers: those abandon the run."""
        if threading.current_thread() is not threading.main_thread():
            return

        def stop(number: int, frame: FrameType | None) -> None:
            if self.interrupted:
                self._restore()
                raise KeyboardInterrupt
            self.interrupted = True
            # several processes agree on the step at which they stop, else one would wait for the others for ever
            trainer.should_stop = trainer.world_size == 1
            log.warning("interrupted: ending training here, keeping the best checkpoint so far (again: stop at once)")

        self._before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Ask the other processes whether one of them was interrupted."""
        if trainer.world_size > 1 and trainer.strategy.reduce_boolean_decision(self.interrupted, all=False):
            self.interrupted = trainer.should_stop = True

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Hand the signals back."""
        self._restore()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Hand the signals back."""
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
