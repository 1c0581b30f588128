"""Schedules against their formulas, and as Lightning steps them through a run."""

import math
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_lightning.callbacks import Callback

from ferlab.errors import FerlabError
from ferlab.run import load_data, make_task, train
from ferlab.schedules import InverseTime, OneCycle, Warmup, schedule
from ferlab.trainer import make_trainer, quiet
from toy import config

QUICK = ("figures=false", "augment=none", "logger=none", "model=mlp", "optimizer=sgd", "optimizer.lr=0.1")


def rates(make: Any, moves: int, *tops: float) -> list[list[float]]:
    """Rates of each group before each of `moves` steps."""
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": top} for top in tops or (0.1,)]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    scheduler, seen = make(optimizer), []
    for _ in range(moves):
        seen.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return seen


class Rates(Callback):
    """The rate at each step of the optimizer; may end the training early."""

    def __init__(self, stop_after: int | None) -> None:
        self.seen: list[float] = []
        self.stop_after = stop_after

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        trainer.should_stop = trainer.should_stop or trainer.current_epoch + 1 == self.stop_after

    def on_before_optimizer_step(self, trainer: pl.Trainer, module: pl.LightningModule, optimizer: Any) -> None:
        self.seen.append(optimizer.param_groups[0]["lr"])


def run(folder: Path, *overrides: str, stop_after: int | None = None, resume: Path | None = None) -> list[float]:
    """Train a toy; the rate at each step."""
    values = config(*QUICK, *overrides)
    quiet()
    data = load_data(values)
    trainer, _ = make_trainer(values, folder)
    callback = Rates(stop_after)
    trainer.callbacks.append(callback)  # type: ignore[attr-defined]
    trainer.fit(make_task(values, data), datamodule=data, ckpt_path=resume, weights_only=True)
    return callback.seen


@given(warm=st.integers(0, 20), epochs=st.integers(1, 10), then=st.sampled_from(["constant", "cosine"]))
def test_warmup_rises_linearly_then_stays_or_falls_as_a_cosine(warm: int, epochs: int, then: str) -> None:
    total = 4 * epochs
    seen = rates(lambda o: Warmup(o, epochs, 4, warm / 4, start_factor=0.1, then=then, end_factor=0.2), total, 0.1, 0.5)
    for move, (first, second) in enumerate(seen):
        if move < warm:
            factor = 0.1 + 0.9 * move / warm
        elif then == "constant":
            factor = 1.0
        else:
            factor = 0.2 + 0.8 * (1 + math.cos(math.pi * (move - warm) / max(1, total - warm))) / 2
        assert first == pytest.approx(0.1 * factor) and second == pytest.approx(0.5 * factor)


def test_one_cycle_peaks_at_each_groups_own_rate_and_ends_near_nothing() -> None:
    seen = rates(lambda o: OneCycle(o, epochs=10, steps_per_epoch=10), 100, 0.1, 0.01)
    for group, top in enumerate((0.1, 0.01)):
        line = [rate[group] for rate in seen]
        assert line[0] == pytest.approx(top / 25) and line[-1] == pytest.approx(top / 25 / 1e4)
        assert max(line) == pytest.approx(top) and line.index(max(line)) == 29
        assert line[:30] == sorted(line[:30]) and line[29:] == sorted(line[29:], reverse=True)


def test_one_cycle_gives_no_momentum_to_an_optimizer_without() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    OneCycle(optimizer, epochs=2, steps_per_epoch=5)
    assert optimizer.param_groups[0]["momentum"] == 0


def test_inverse_time_is_keras_decay() -> None:
    seen = rates(lambda o: InverseTime(o, decay=0.5), 5)
    assert [rate[0] for rate in seen] == pytest.approx([0.1 / (1 + 0.5 * step) for step in range(5)])


# 96 samples in batches of 32: three steps an epoch
@pytest.mark.parametrize(
    ("name", "more", "expected"),
    [
        ("none", [], [0.1] * 6),
        ("step", ["scheduler.step_size=1"], [0.1] * 3 + [0.01] * 3),
        ("inverse_time", ["scheduler.decay=1"], [0.1 / k for k in range(1, 7)]),
        ("warmup", ["scheduler.start_factor=0.1"], [0.01, 0.04, 0.07, 0.1, 0.1, 0.1]),
        ("warmup", ["scheduler.start_factor=0.1", "scheduler.interval=epoch"], [0.01] * 3 + [0.1] * 3),
        ("warmup_cosine", ["scheduler.warmup_epochs=0"], [0.05 * (1 + math.cos(math.pi * k / 6)) for k in range(6)]),
    ],
)
def test_a_run_takes_its_steps_at_the_planned_rates(
    name: str, more: list[str], expected: list[float], tmp_path: Path
) -> None:
    seen = run(tmp_path, "trainer.max_epochs=2", f"scheduler={name}", *more)
    assert seen == pytest.approx(expected)


def test_one_cycle_ends_with_the_training_however_long_it_is(tmp_path: Path) -> None:
    for epochs, more in ((1, []), (2, []), (4, ["trainer.accumulate_grad_batches=2"]), (3, ["batch_size=96"])):
        seen = run(tmp_path, f"trainer.max_epochs={epochs}", "scheduler=one_cycle", *more)
        assert seen[-1] == pytest.approx(0.1 / 25 / 1e4), (epochs, more)
        # the peak stands at 0.3 of the plan, which a few steps may straddle
        assert max(seen) > 0.04


@pytest.mark.parametrize("name", ["one_cycle", "warmup_cosine", "inverse_time", "step"])
def test_a_schedule_goes_on_where_a_run_stopped(name: str, tmp_path: Path) -> None:
    plan = ("trainer.max_epochs=4", f"scheduler={name}")
    whole = run(tmp_path / "whole", *plan)
    first = run(tmp_path / "first", *plan, stop_after=2)
    last = tmp_path / "first" / "checkpoints" / "last.ckpt"
    rest = run(tmp_path / "first", *plan, resume=last)
    assert len(first) == 6 and first + rest == pytest.approx(whole)


def test_a_plan_for_another_length_is_refused(tmp_path: Path) -> None:
    short = (*QUICK, "scheduler=warmup_cosine")
    train(config(*short, "trainer.max_epochs=1"), tmp_path / "short", "")
    with pytest.raises(FerlabError, match="another scheduler"):
        train(config(*short, "trainer.max_epochs=2", f"resume={tmp_path / 'short'}"), tmp_path / "long", "")


def test_a_stage_plans_its_own_epochs(tmp_path: Path) -> None:
    module = make_task(values := config(*QUICK, "trainer.max_epochs=10"), load_data(values))
    module.trainer, _ = make_trainer(values, tmp_path)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    wanted = {"_target_": "ferlab.schedules.Warmup", "_partial_": True, "epochs": 10, "steps_per_epoch": None}
    assert schedule(wanted, optimizer, module)["scheduler"].total == 10
    assert schedule(wanted, optimizer, module, longest=4)["scheduler"].total == 4
    # the present stage began in the middle
    module.begun = 7
    assert schedule(wanted, optimizer, module, longest=4)["scheduler"].total == 3


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["scheduler=one_cycle", "trainer.max_epochs=-1"], r"planned over all epochs.*trainer\.max_epochs"),
        (["scheduler=warmup", "scheduler.interval=minute"], r"expected epoch or step, found 'minute'"),
        (["scheduler=warmup", "scheduler.then=up"], r"expected constant or cosine, found 'up'"),
        (["scheduler=warmup", "scheduler.warmup_epochs=-1"], r"warmup_epochs.*0 or more"),
        (["scheduler=one_cycle", "scheduler.anneal_strategy=no"], r"expected cos or linear, found 'no'"),
    ],
)
def test_a_mistake_is_named(overrides: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(FerlabError, match=message):
        run(tmp_path, *overrides)
