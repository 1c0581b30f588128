"""A training that diverges, or meets a sample it cannot take, ends with one error and good checkpoints."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from ferlab import run
from ferlab.callbacks.finite import Finite
from ferlab.checkpoint import read
from ferlab.data.datamodule import DataModule
from ferlab.errors import FerlabError
from ferlab.task import Step, Task
from ferlab.trainer import make_trainer, quiet
from toy import config, train

QUICK = ("figures=false", "augment=none", "model=mlp", "logger=none")


def with_poison(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let one training image, all white, make the network's outputs NaN; returns its id."""
    load, forward, names = run.load_data, Task.forward, []

    def poisoned(values: dict[str, Any]) -> DataModule:
        data = load(values)
        x = np.array(data.samples.x)
        position = data.assignment.indices["train"][40]
        x[position] = 255
        object.__setattr__(data.samples, "x", x)
        names.append(str(data.samples.ids[position]))
        return data

    def nan_of_white(self: Task, x: torch.Tensor) -> torch.Tensor:
        white = (x == 255).flatten(1).all(dim=1)
        return torch.where(white[:, None], torch.nan, forward(self, x))

    monkeypatch.setattr(run, "load_data", poisoned)
    monkeypatch.setattr(Task, "forward", nan_of_white)
    return names


def test_a_learning_rate_that_is_too_high_is_said_so_in_one_error(tmp_path: Path) -> None:
    with pytest.raises(FerlabError) as caught:
        train(tmp_path / "run", *QUICK, "optimizer=sgd", "optimizer.lr=1e20")
    text = str(caught.value)
    assert "the loss is" in text and "epoch 1, batch " in text and "samples " in text and "(32 in all)" in text
    assert "the learning rate (1e+20)" in text and "gradient_clip_val" in text
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_poisoned_sample_is_among_those_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = with_poison(monkeypatch)
    with pytest.raises(FerlabError, match="the loss is nan in epoch 1, batch ") as caught:
        train(tmp_path / "run", *QUICK, "batch_size=4")
    assert names[0] in str(caught.value)


class Spoil(Callback):
    """Do something bad to the task at an epoch's last step."""

    def __init__(self, epoch: int, what: Any) -> None:
        self.epoch, self.what = epoch, what

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *rest: Any) -> None:
        if trainer.current_epoch == self.epoch and rest[-1] == 2:
            self.what(pl_module)


def spoil(folder: Path, epoch: int, what: Any, *overrides: str) -> None:
    values = config(*QUICK, *overrides)
    quiet()
    data = run.load_data(values)
    trainer, _ = make_trainer(values, folder)
    trainer.callbacks.insert(0, Spoil(epoch, what))  # type: ignore[attr-defined]
    trainer.fit(run.make_task(values, data), datamodule=data)


def nan_weight(task: Task) -> None:
    next(task.net.parameters()).data[0] = torch.nan


def good(path: Path) -> bool:
    return all(torch.isfinite(v).all() for v in read(path)["state_dict"].values())


@pytest.mark.parametrize("more", [[], ["trainer.limit_val_batches=0"]])
def test_bad_weights_reach_no_checkpoint_and_the_error_says_how_to_go_on(more: list[str], tmp_path: Path) -> None:
    if more:
        more.append("callbacks.best=null")
    with pytest.raises(FerlabError, match="weights are not finite after epoch 2: net") as caught:
        spoil(tmp_path, 1, nan_weight, *more)
    last = tmp_path / "checkpoints" / "last.ckpt"
    assert f"resume={last}" in str(caught.value) and f"model.pretrained={last}" in str(caught.value)
    assert read(last)["epoch"] == 0 and good(last)
    assert more or good(tmp_path / "checkpoints" / "best.ckpt")


def test_a_validation_loss_that_overflows_stops_too(tmp_path: Path) -> None:
    def huge(task: Task) -> None:
        list(task.net.parameters())[-1].data[:] = 1e38 * (-1.0) ** torch.arange(7)

    with pytest.raises(FerlabError, match=r"val/loss is (inf|nan) after epoch 1"):
        spoil(tmp_path, 0, huge)


def test_the_advice_to_resume_works(tmp_path: Path) -> None:
    with pytest.raises(FerlabError):
        spoil(tmp_path / "bad", 1, nan_weight)
    last = tmp_path / "bad" / "checkpoints" / "last.ckpt"
    result = train(tmp_path / "on", *QUICK, f"resume={last}", "trainer.gradient_clip_val=1", "trainer.max_epochs=2")
    assert result["checkpoint"]["chosen_epoch"] in (1, 2)


class Device(pl.Trainer):
    """As much of a trainer of two processes as a look needs; counts the looks."""

    world_size, current_epoch, sanity_checking, precision = 2, 0, False, "16-mixed"
    strategy, optimizers, checkpoint_callbacks, datamodule = None, [], [], None

    def __init__(self, data: DataModule) -> None:
        self.looks, self.strategy, self.datamodule = 0, self, data  # type: ignore[assignment,misc]

    def reduce_boolean_decision(self, decision: bool, all: bool) -> bool:
        assert all is False
        self.looks += 1
        return decision


def test_on_a_device_losses_are_looked_at_together_and_the_first_bad_one_is_named() -> None:
    data = run.load_data(config())
    trainer, module, finite = Device(data), run.make_task(config(), data), Finite(every=4)
    with pytest.raises(FerlabError, match=r"the loss is inf in epoch 1, batch 7, samples ") as caught:
        for number in range(20):
            index = torch.arange(3 * number, 3 * number + 3)
            loss = torch.tensor(torch.inf if number == 6 else 1.0)
            module.steps.append(Step(loss, torch.zeros(3, 7), torch.zeros(3, dtype=torch.int64), index))
            finite.on_before_backward(trainer, module, loss)
    assert trainer.looks == 2 and number == 7
    assert ", ".join(data.samples.ids[18:21]) in str(caught.value)
    assert "16-bit precision" in str(caught.value)


def test_every_must_be_a_number_of_steps() -> None:
    with pytest.raises(FerlabError, match=r"finite\.every.*found 0"):
        Finite(0)
