"""The averaged weights are those that are validated, kept, tested and gone on from."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from ferlab import run
from ferlab.callbacks.ema import Ema
from ferlab.checkpoint import load, read
from ferlab.errors import FerlabError
from ferlab.repeat import evaluate
from ferlab.trainer import make_trainer, quiet
from toy import config, train

QUICK = ("figures=false", "augment=none", "model=cnn4", "model.preprocess.size=24", "callbacks=ema", "batch_size=48")
DECAY = 0.9


class Watch(Callback):
    """The average written out from the weights after each step, and what validation and its end saw."""

    def __init__(self) -> None:
        self.average: dict[str, torch.Tensor] = {}
        self.validated: list[tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]] = []
        self.own: dict[str, torch.Tensor] = {}
        self.step = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.average = copy.deepcopy(pl_module.state_dict())

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *rest: Any) -> None:
        if trainer.global_step == self.step:
            return
        decay, self.step = min(DECAY, (1 + self.step) / (10 + self.step)), trainer.global_step
        self.own = copy.deepcopy(pl_module.state_dict())
        for name, value in self.own.items():
            if value.is_floating_point():
                self.average[name] = decay * self.average[name] + (1 - decay) * value
            else:
                self.average[name] = value

    def on_validation_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *rest: Any) -> None:
        self.validated.append((copy.deepcopy(pl_module.state_dict()), dict(self.average)))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        close(pl_module.state_dict(), self.own)


def close(mine: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
    assert mine.keys() == theirs.keys()
    for name in mine:
        torch.testing.assert_close(mine[name], theirs[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_validation_and_checkpoints_have_the_average_and_training_its_own_weights(
    accumulate: int, tmp_path: Path
) -> None:
    values = config(
        *QUICK, f"callbacks.ema.decay={DECAY}", "trainer.max_epochs=3", f"trainer.accumulate_grad_batches={accumulate}"
    )
    quiet()
    data = run.load_data(values)
    trainer, _ = make_trainer(values, tmp_path)
    trainer.callbacks.append(watch := Watch())  # type: ignore[attr-defined]
    trainer.fit(run.make_task(values, data), datamodule=data)
    assert watch.step == 6 / accumulate and len(watch.validated) == 3
    for seen, average in watch.validated:
        close(seen, average)
    last = read(tmp_path / "checkpoints" / "last.ckpt")
    close(last["state_dict"], watch.average)
    close(last["current_model_state"], watch.own)
    with pytest.raises(AssertionError):
        close(watch.own, watch.average)
    best = load(tmp_path / "checkpoints" / "best.ckpt")
    chosen = read(tmp_path / "checkpoints" / "best.ckpt")["epoch"]
    close(best.state_dict(), watch.validated[chosen][1])


def test_the_tested_weights_are_the_averaged_ones_and_evaluation_repeats_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(tmp_path / "run", *QUICK, "trainer.max_epochs=2", "logger=none")
    evaluate(str(tmp_path / "run"), figures=False)
    assert "reproduced exactly" in capsys.readouterr().out


def test_a_run_that_goes_on_ends_as_one_that_never_stopped(tmp_path: Path) -> None:
    short = (
        *QUICK[:2],
        "callbacks=ema",
        "batch_size=48",
        "logger=none",
        "model=mlp",
        "model.net.rate=0.0",
        "optimizer=sgd",
    )
    train(tmp_path / "whole", *short, "trainer.max_epochs=2")
    train(tmp_path / "half", *short, "trainer.max_epochs=1")
    train(tmp_path / "rest", *short, "trainer.max_epochs=2", f"resume={tmp_path / 'half'}")
    whole, rest = (read(tmp_path / name / "checkpoints" / "last.ckpt") for name in ("whole", "rest"))
    assert json.loads((tmp_path / "rest" / "training.json").read_text())["steps"] == 4
    close(whole["state_dict"], rest["state_dict"])
    close(whole["current_model_state"], rest["current_model_state"])


def test_a_decay_without_a_meaning_is_refused() -> None:
    with pytest.raises(FerlabError, match=r"ema\.decay.*found 1"):
        Ema(1)
