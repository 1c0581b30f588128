"""What each epoch drew is written, and deferred weights begin when they should."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from ferlab import run
from ferlab.errors import FerlabError
from ferlab.trainer import make_trainer, quiet
from toy import config, train

QUICK = ("figures=false", "augment=none", "model=mlp", "logger=none", "protocol=holdout")


def table(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "rebalancing.csv").read_text().splitlines()))


class Weighted(Callback):
    """Whether class weights counted in each epoch."""

    def __init__(self) -> None:
        self.seen: list[bool] = []

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == 0:
            self.seen.append(pl_module.loss.weighted)


def test_class_weights_count_from_their_epoch_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = config(*QUICK, "rebalance=deferred", "rebalance.start_epoch=2", "trainer.max_epochs=4")
    quiet()
    data = run.load_data(values)
    trainer, _ = make_trainer(values, tmp_path)
    trainer.callbacks.append(weighted := Weighted())  # type: ignore[attr-defined]
    trainer.fit(run.make_task(values, data), datamodule=data)
    assert weighted.seen == [False, False, True, True]
    assert [row["weighted"] for row in table(tmp_path)] == ["False", "False", "True", "True"]
    out = capsys.readouterr().out
    assert out.count("class weights in the loss count from here on") == 1
    assert out.index("epoch 2/4") < out.index("epoch 3: class weights") < out.index("epoch 3/4")


def test_deferred_draws_are_written_as_they_came(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ("rebalance=weighted_sampler", "rebalance.start_epoch=1", "trainer.max_epochs=3")
    train(tmp_path / "run", *QUICK, *more)
    data = run.load_data(config(*QUICK, *more))
    names, train_labels = data.spec.labels, data.samples.labels[data.assignment.indices["train"]]
    rows = table(tmp_path / "run")
    counts = [[int(row[name]) for name in names] for row in rows]
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert counts[0] == np.bincount(train_labels).tolist()
    assert counts[1] != counts[2] != counts[0] and {sum(c) for c in counts} == {len(train_labels)}
    assert "epoch 2: weights of the draws count from here on" in capsys.readouterr().out
    assert "train after rebalancing, from epoch 2 on" in (tmp_path / "run" / "report.md").read_text()


def test_a_run_that_goes_on_keeps_the_earlier_epochs(tmp_path: Path) -> None:
    more = ("rebalance=oversample", "trainer.max_epochs=1")
    train(tmp_path / "half", *QUICK, *more)
    train(tmp_path / "rest", *QUICK, more[0], "trainer.max_epochs=2", f"resume={tmp_path / 'half'}")
    assert [row["epoch"] for row in table(tmp_path / "rest")] == ["1", "2"]
    assert table(tmp_path / "rest")[0] == table(tmp_path / "half")[0]


def test_nothing_is_written_where_nothing_is_rebalanced(tmp_path: Path) -> None:
    train(tmp_path / "run", *QUICK, "trainer.max_epochs=1")
    assert not (tmp_path / "run" / "rebalancing.csv").exists()


def test_weights_that_would_never_count_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FerlabError, match=r"start_epoch: 8.*after 8 epochs.*start_epoch=7"):
        train(tmp_path / "run", *QUICK, "rebalance=deferred", "trainer.max_epochs=8")
    assert not (tmp_path / "run").exists()


def test_priors_are_those_of_what_training_shows() -> None:
    for rebalance, more in (("none", []), ("oversample", []), ("undersample", ["rebalance.ceiling=4"])):
        values = config(*QUICK, "loss=logit_adjusted", f"rebalance={rebalance}", *more)
        data = run.load_data(values)
        task = run.make_task(values, data)
        shown = data.facts["class_counts"]["train after rebalancing"]
        assert task.hparams["loss"]["priors"] == shown
        np.testing.assert_allclose(task.loss.adjustment.numpy(), np.log(np.array(shown) / sum(shown)), rtol=1e-5)
    own = config(*QUICK, "loss=logit_adjusted", "loss.priors=[1,1,1,1,1,1,2]")
    assert run.make_task(own, data).hparams["loss"]["priors"] == [1, 1, 1, 1, 1, 1, 2]


def test_the_first_line_and_the_report_tell_of_made_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(
        tmp_path / "run",
        *QUICK,
        "trainer.max_epochs=1",
        "rebalance=d1",
        "rebalance.from_images=3",
        "rebalance.copies=5",
    )
    n = sum(
        sum(int(value) for key, value in row.items() if key not in ("epoch", "weighted"))
        for row in table(tmp_path / "run")
    )
    out = capsys.readouterr().out
    assert f"(after rebalancing {n} an epoch) (15 of them made before training)" in out
    report = (tmp_path / "run" / "report.md").read_text()
    assert "| train after rebalancing |" in report and f" {n} |" in report
