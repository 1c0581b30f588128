"""Progress and interruption."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from ferlab import run, trainer
from ferlab.callbacks.progress import clock
from ferlab.repeat import evaluate
from toy import config


class Interrupt(Callback):
    """Send this process a signal in the middle of an epoch."""

    def __init__(self, number: int, epoch: int, times: int = 1) -> None:
        self.number, self.epoch, self.times = number, epoch, times

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        if trainer.current_epoch == self.epoch and args[-1] == 0:
            for _ in range(self.times):
                os.kill(os.getpid(), self.number)


def interrupted(folder: Path, monkeypatch: pytest.MonkeyPatch, callback: Callback) -> dict[str, Any]:
    real = trainer.build

    def build(values: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if "callbacks" in kwargs:
            kwargs["callbacks"].append(callback)
        return real(values, *args, **kwargs)

    monkeypatch.setattr(trainer, "build", build)
    return run.train(config("trainer.max_epochs=5", "figures=false"), folder, "python -m ferlab.train")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_and_reports_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    before = signal.getsignal(number)
    result = interrupted(tmp_path / "run", monkeypatch, Interrupt(number, epoch=1))
    training = json.loads((tmp_path / "run" / "training.json").read_text())
    assert training["interrupted"] and training["steps"] == 4
    assert result["protocol"]["marks"] == ["interrupted before its end"]
    assert "interrupted" in (tmp_path / "run" / "report.md").read_text()
    assert signal.getsignal(number) is before


def test_a_second_interrupt_stops_at_once_and_leaves_the_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        interrupted(tmp_path / "run", monkeypatch, Interrupt(signal.SIGINT, epoch=1, times=2))
    assert (tmp_path / "run" / "checkpoints" / "best.ckpt").is_file()
    assert not (tmp_path / "run" / "metrics.json").exists()
    signal.signal(signal.SIGINT, before)
    # and what was lost is made up for
    result = evaluate(str(tmp_path / "run"), figures=False)
    assert result["test"]["n"] == 48


def test_each_epoch_is_told_with_its_own_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run.train(config("trainer.max_epochs=2", "figures=false"), tmp_path / "run", "python -m ferlab.train")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch ")]
    rows = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    head = rows[0].split(",")
    losses = [float(r.split(",")[head.index("train/loss")]) for r in rows[1:] if r.split(",")[head.index("train/loss")]]
    assert len(lines) == 2 and "*best" in lines[0] and "left" in lines[0]
    for line, loss in zip(lines, losses, strict=True):
        assert f"train/loss {loss:.4f}" in line


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (3599, "59:59"), (3661, "1:01:01")])
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
