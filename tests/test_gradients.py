"""Gradient accumulation and clipping do to the steps what they say."""

import json
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from ferlab.run import load_data, make_task, train
from ferlab.trainer import make_trainer, quiet
from toy import config

# without dropout and BatchNorm: a batch in two halves is the batch
STEADY = ("figures=false", "augment=none", "logger=none", "model=mlp", "optimizer=sgd", "model.net.units=[]")


class Norms(Callback):
    """The gradients' length at each step."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def on_before_zero_grad(self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Any) -> None:
        gradients = [p.grad for p in pl_module.parameters() if p.grad is not None]
        if gradients:
            self.seen.append(float(torch.stack([g.norm() for g in gradients]).norm()))


def fit(folder: Path, *overrides: str) -> tuple[dict[str, torch.Tensor], list[float]]:
    """Train an epoch; the weights after it, and the gradients' lengths when they had been used."""
    values = config(*STEADY, "trainer.max_epochs=1", *overrides)
    quiet()
    pl.seed_everything(0, verbose=False)
    data = load_data(values)
    trainer, _ = make_trainer(values, folder)
    trainer.callbacks.append(norms := Norms())  # type: ignore[attr-defined]
    task = make_task(values, data)
    trainer.fit(task, datamodule=data)
    return task.net.state_dict(), norms.seen


@pytest.mark.parametrize("rebalance", ["none", "class_weights"])
def test_two_batches_of_8_step_as_one_of_16_does(rebalance: str, tmp_path: Path) -> None:
    more = f"rebalance={rebalance}"
    one, _ = fit(tmp_path / "a", "batch_size=16", more)
    two, _ = fit(tmp_path / "b", "batch_size=8", "trainer.accumulate_grad_batches=2", more)
    other, _ = fit(tmp_path / "c", "batch_size=8", more)
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=1e-4, atol=1e-6)
    assert any(not torch.allclose(one[name], other[name], rtol=1e-4, atol=1e-6) for name in one)


def test_speed_counts_every_batch_of_an_accumulated_step(tmp_path: Path) -> None:
    train(
        config(*STEADY, "trainer.max_epochs=2", "batch_size=8", "trainer.accumulate_grad_batches=2"), tmp_path / "a", ""
    )
    training = json.loads((tmp_path / "a" / "training.json").read_text())
    assert training["steps"] == 12
    # 192 samples were shown; seconds are rounded to a tenth
    seconds = training["seconds"]
    shown = training["samples_per_second"] * seconds
    assert 190 * seconds / (seconds + 0.05) <= shown <= 194 * seconds / max(seconds - 0.05, 1e-3)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_no_gradient_is_longer_than_allowed(precision: str, optimizer: str, tmp_path: Path) -> None:
    short = (f"trainer.precision={precision}", f"optimizer={optimizer}", "batch_size=48")
    _, free = fit(tmp_path / "free", *short)
    _, clipped = fit(tmp_path / "clipped", *short, "trainer.gradient_clip_val=0.01")
    assert min(free) > 0.02
    assert clipped == pytest.approx([0.01] * len(clipped), rel=1e-2)


def test_values_can_be_cut_instead_of_lengths(tmp_path: Path) -> None:
    one, _ = fit(tmp_path / "a", "trainer.gradient_clip_val=1e-9", "trainer.gradient_clip_algorithm=value")
    pl.seed_everything(0, verbose=False)
    start = make_task(values := config(*STEADY), load_data(values)).net.state_dict()
    # three steps of 0.01 times at most 1e-9
    assert 0 < max(float((one[name] - start[name]).abs().max()) for name in one) < 1e-9
