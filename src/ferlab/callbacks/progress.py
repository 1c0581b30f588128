"""Progress of a training run: a live bar with the time left on a terminal, a line an epoch elsewhere."""

import time
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

REFRESH_SECONDS = 0.2


class EpochProgress(Callback):
    """Show epochs, batches, the time left of the whole training, and the latest figures.

    Args:
        monitor: the logged value that chooses the checkpoint, marked in the epoch's line.
        mode: "max" or "min", which way of it is better.
    """

    def __init__(self, monitor: str = "val/accuracy", mode: str = "max") -> None:
        self.monitor, self.sign = monitor, 1 if mode == "max" else -1
        self.console = Console()
        self.bar: Progress | None = None
        self.shown = self.begun = 0.0
        self.best: float | None = None
        self.stage = ""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock and, on a terminal, the bar."""
        self.begun, self.first_epoch = time.monotonic(), trainer.current_epoch
        self.console.quiet = not trainer.is_global_zero
        if trainer.is_global_zero and self.console.is_terminal:
            self.bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f} %"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                console=self.console,
                transient=True,
            )
            batches = int(trainer.num_training_batches) * (trainer.max_epochs or 1)
            self.job = self.bar.add_task("training", total=batches, completed=trainer.global_step)
            self.bar.start()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move the bar on, a few times a second at most."""
        if self.bar is None or time.monotonic() - self.shown < REFRESH_SECONDS:
            return
        self.shown = time.monotonic()
        batches = int(trainer.num_training_batches)
        loss = outputs["loss"] if isinstance(outputs, dict) else outputs
        self.bar.update(
            self.job,
            completed=trainer.current_epoch * batches + batch_idx + 1,
            description=f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}{self.stage}  "
            f"batch {batch_idx + 1}/{batches}  loss {float(loss):.3f}",
        )

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report the epoch before: at its own end, callbacks run ahead of the task's logging."""
        if trainer.current_epoch > self.first_epoch:
            self._report(trainer, trainer.current_epoch)
        # after the report, which tells of the stage before
        name = getattr(pl_module, "stage_name", "")
        self.stage = f" ({name})" if name else ""

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Report the last epoch and take the bar away."""
        self._report(trainer, trainer.current_epoch)
        self._stop()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Take the bar away."""
        self._stop()

    def _report(self, trainer: pl.Trainer, done: int) -> None:
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        spent = time.monotonic() - self.begun
        left = spent / max(1, done - self.first_epoch) * ((trainer.max_epochs or done) - done)
        score = values.get(self.monitor)
        is_best = score is not None and (self.best is None or self.sign * score > self.sign * self.best)
        if is_best:
            self.best = score
        shown = [name for name in ("train/loss", "train/accuracy", "val/loss") if name in values]
        parts = [f"{name} {values[name]:.4f}" for name in shown if name != self.monitor]
        if score is not None:
            parts.append(f"{self.monitor} {score:.4f}" + (" *best" if is_best else ""))
        line = f"epoch {done}/{trainer.max_epochs}{self.stage}  " + "  ".join(parts)
        self.console.print(f"{line}  {clock(spent)}, at most {clock(left)} left", highlight=False, soft_wrap=True)

    def _stop(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


def clock(seconds: float | int) -> str:
    """Return a duration as m:ss or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
