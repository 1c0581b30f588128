"""Throughput and memory: what they say is what happened."""

import csv
import json
import time
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import pytorch_lightning as pl
import torch

from ferlab.callbacks.throughput import Throughput
from ferlab.checkpoint import load
from ferlab.evaluation.pages.measured import lines
from toy import train


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "one"
    train(folder, "figures=false", "trainer.max_epochs=2", "callbacks=[throughput,memory]")
    return folder


def training(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "training.json").read_text())
    return found


def test_each_epoch_is_logged_and_the_report_tells(finished: Path) -> None:
    rows = list(csv.DictReader((finished / "metrics.csv").read_text().splitlines()))
    speeds = [float(row["speed/samples_per_second"]) for row in rows if row["speed/samples_per_second"]]
    shares = [float(row["speed/waiting_share"]) for row in rows if row["speed/waiting_share"]]
    found = training(finished)["throughput"]
    assert len(speeds) == 2 and found["epochs"] == 2
    assert found["samples_per_second"] == pytest.approx(max(speeds), abs=0.1)
    assert all(0 < share < 1 for share in shares)
    report = (finished / "report.md").read_text()
    assert f"{found['samples_per_second']:,.0f} images/s without validation" in report
    assert "waiting for data" in report and "optimizer" in report


def test_the_weights_and_the_optimizer_are_weighed(finished: Path) -> None:
    found, task = training(finished)["memory"], load(finished / "checkpoints" / "best.ckpt")
    count = sum(p.numel() for p in task.parameters())
    assert found["parameters"] == found["trainable"] == count
    assert found["precision"] == "32-true" and set(found["weights_mb"]) <= {"float32", "int64"}
    buffers = sum(b.numel() for b in task.buffers() if b.dtype == torch.float32)
    assert found["weights_mb"]["float32"] == pytest.approx(4 * (count + buffers) / 2**20, abs=0.01)
    # Adam keeps two values for each parameter
    assert found["optimizer_mb"] == pytest.approx(8 * count / 2**20, abs=0.01)
    assert len(found["peak_mb"]) == 2 and 0 < found["peak_mb"][0] <= found["peak_mb"][1]
    assert found["peak_mb"][1] <= training(finished)["peak_memory_mb"] + 1


@pytest.mark.parametrize(("fetch", "step"), [(0.03, 0.01), (0.005, 0.03)])
def test_waiting_is_the_time_between_steps_and_validation_counts_for_nothing(fetch: float, step: float) -> None:
    callback, batch = Throughput(), {"y": torch.zeros(10)}
    trainer, module = Mock(pl.Trainer, world_size=2), Mock(pl.LightningModule, device=torch.device("cpu"))
    callback.on_train_epoch_start(trainer, module)
    for index in range(5):
        time.sleep(fetch)
        callback.on_train_batch_start(trainer, module, batch, index)
        time.sleep(step)
        callback.on_train_batch_end(trainer, module, None, batch, index)
        if index == 2:
            callback.on_validation_start(trainer, module)
            time.sleep(0.5)
            callback.on_validation_end(trainer, module)
    callback.on_train_epoch_end(trainer, module)
    logged = {call.args[0]: call.args[1] for call in module.log.call_args_list}
    # a busy machine sleeps longer than it was told; half a second of validation would show all the same
    assert logged["speed/waiting_share"] == pytest.approx(fetch / (fetch + step), abs=0.15)
    assert logged["speed/samples_per_second"] == pytest.approx(2 * 10 / (fetch + step), rel=0.3)


def test_without_them_the_report_says_nothing() -> None:
    assert lines({}) == {"a middle epoch": None, "weights and optimizer": None}
