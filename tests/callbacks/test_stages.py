"""Stages of one run: what is frozen, which optimizer, whose weights, and going on from the middle."""

import json
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from ferlab import run, trainer
from ferlab.callbacks.stages import Stages
from ferlab.errors import FerlabError
from ferlab.task import Task
from toy import config

# D3's recipe on a small network and small faces: the first stage ends by patience, its best epoch being another
OVERRIDES = (
    "model=timm",
    "model.backbone=test_resnet",
    "model.preprocess.size=32",
    "augment=none",
    "figures=false",
    "fine_tuning=two_stages",
    "fine_tuning.stages.head.max_epochs=6",
    "fine_tuning.stages.head.patience=2",
    "fine_tuning.stages.head.monitor=val/loss",
    "fine_tuning.stages.head.mode=min",
    "fine_tuning.stages.all.max_epochs=3",
    "fine_tuning.stages.all.optimizer={_target_:torch.optim.SGD,lr:0.01}",
    "optimizer.lr=0.5",
    "trainer.max_epochs=9",
)


class Watch(Callback):
    """Note at each epoch's start and end what the network and its optimizer are like."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.epochs: list[dict[str, Any]] = []
        self.stop_after = stop_after

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        if batch_idx == 0:
            assert isinstance(pl_module, Task)
            optimizer = trainer.optimizers[0]
            self.epochs.append(
                {
                    "stage": pl_module.stage_name,
                    "optimizer": type(optimizer).__name__,
                    "lr": optimizer.param_groups[0]["lr"],
                    "count": sum(p.numel() for group in optimizer.param_groups for p in group["params"]),
                    "start": {k: v.clone() for k, v in pl_module.net.state_dict().items()},
                    "eval": not pl_module.net.backbone.training,
                }
            )

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, Task)
        self.epochs[-1]["end"] = {k: v.clone() for k, v in pl_module.net.state_dict().items()}
        self.epochs[-1]["loss"] = float(trainer.callback_metrics["val/loss"])
        if self.stop_after == trainer.current_epoch + 1:
            trainer.should_stop = True


def train(folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str, stop_after: int | None = None) -> Watch:
    watch = Watch(stop_after)
    real = trainer.build

    def build(values: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if "callbacks" in kwargs:
            kwargs["callbacks"].insert(1, watch)
        return real(values, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "build", build)
        run.train(config(*OVERRIDES, *more), folder, "python -m ferlab.train")
    return watch


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor], prefix: str = "") -> bool:
    return all(torch.equal(a[name], b[name]) for name in a if name.startswith(prefix))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Watch]:
    folder = tmp_path_factory.mktemp("stages") / "run"
    with pytest.MonkeyPatch.context() as patch:
        return folder, train(folder, patch)


def test_the_first_stage_moves_the_head_alone_and_the_second_everything(whole: tuple[Path, Watch]) -> None:
    epochs = whole[1].epochs
    first = [e for e in epochs if e["stage"] == "head"]
    second = [e for e in epochs if e["stage"] == "all"]
    assert len(first) >= 3 and len(second) == 3 and [e["stage"] for e in epochs] == ["head"] * len(first) + ["all"] * 3
    # BatchNorm's statistics included
    assert same(first[0]["start"], first[-1]["end"], "backbone.")
    assert not same(first[0]["start"], first[-1]["end"], "head.")
    assert all(e["eval"] for e in first) and not any(e["eval"] for e in second)
    for name, value in second[0]["start"].items():
        assert not torch.equal(value, second[-1]["end"][name]), name


def test_each_stage_has_its_own_optimizer(whole: tuple[Path, Watch]) -> None:
    epochs = whole[1].epochs
    assert [(e["optimizer"], e["lr"]) for e in (epochs[0], epochs[-1])] == [("Adam", 0.5), ("SGD", 0.01)]
    assert (
        epochs[0]["count"]
        < epochs[-1]["count"]
        == sum(v.numel() for k, v in epochs[0]["start"].items() if "running" not in k and "num_batches" not in k)
    )


def test_the_second_stage_goes_on_from_the_best_weights(
    whole: tuple[Path, Watch], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = whole[1]
    first = [e for e in watch.epochs if e["stage"] == "head"]
    second = next(e for e in watch.epochs if e["stage"] == "all")
    best = min(first, key=lambda e: e["loss"])
    assert best is not first[-1], "the toy must have a best epoch before its last"
    assert same(best["end"], second["start"]) and not same(first[-1]["end"], second["start"])
    # without it the last weights stay
    kept = train(tmp_path / "run", monkeypatch, "fine_tuning.stages.head.restore_best=false").epochs
    first, second = [e for e in kept if e["stage"] == "head"], next(e for e in kept if e["stage"] == "all")
    assert same(first[-1]["end"], second["start"])


def test_training_json_and_the_report_tell_of_the_stages(whole: tuple[Path, Watch]) -> None:
    folder, watch = whole
    first = [e for e in watch.epochs if e["stage"] == "head"]
    best = min(range(len(first)), key=lambda i: first[i]["loss"])
    training = json.loads((folder / "training.json").read_text())
    head, everything = training["stages"]
    assert head["name"] == "head" and head["epochs"] == len(first) == best + 3 and head["best_epoch"] == best + 1
    assert head["best"] == pytest.approx(first[best]["loss"]) and head["monitor"] == "val/loss"
    assert head["ended"] == "2 epochs without a better val/loss"
    assert everything["ended"] == "its 3 epochs" and everything["learning"] > head["learning"]
    assert training["epochs"] == training["max_epochs"] == len(first) + 3
    assert "stages: head: " in (folder / "report.md").read_text()


def test_the_progress_line_names_the_stage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = ("fine_tuning.stages.head.max_epochs=1", "fine_tuning.stages.all.max_epochs=1")
    run.train(config(*OVERRIDES, *short), tmp_path / "run", "python -m ferlab.train")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch ")]
    assert lines[0].startswith("epoch 1/2 (head)  ") and lines[1].startswith("epoch 2/2 (all)  ")


@pytest.mark.parametrize("after", ["the first stage's end", "the middle of the second"])
def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(
    whole: tuple[Path, Watch], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    epochs = whole[1].epochs
    first = sum(e["stage"] == "head" for e in epochs)
    stop = first if after.startswith("the first") else first + 1
    part = train(tmp_path / "part", monkeypatch, stop_after=stop)
    assert len(part.epochs) == stop
    rest = train(tmp_path / "rest", monkeypatch, f"resume={tmp_path / 'part'}")
    assert [e["stage"] for e in rest.epochs] == ["all"] * (first + 3 - stop)
    assert [e["optimizer"] for e in rest.epochs] == ["SGD"] * len(rest.epochs)
    for mine, theirs in zip(rest.epochs, epochs[stop:], strict=True):
        assert same(mine["start"], theirs["start"]) and mine["loss"] == theirs["loss"]
    stages = [json.loads((f / "training.json").read_text())["stages"] for f in (tmp_path / "rest", whole[0])]
    assert stages[0] == stages[1]


def test_gradual_unfreezing_opens_blocks_while_it_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gradual = ("fine_tuning=gradual", "trainer.max_epochs=3", "optimizer.lr=0.001")
    plain = [one for one in OVERRIDES if not one.startswith(("fine_tuning", "trainer", "optimizer"))]
    monkeypatch.setitem(globals(), "OVERRIDES", tuple(plain))
    epochs = train(tmp_path / "run", monkeypatch, *gradual).epochs
    moved = [
        {
            n.split(".")[1]
            for n in e["start"]
            if n.startswith("backbone.") and not torch.equal(e["start"][n], e["end"][n])
        }
        for e in epochs
    ]
    assert moved == [set(), {"layer4"}, {"layer4", "layer3"}]
    assert len({e["count"] for e in epochs}) == 1


def test_training_that_is_shorter_than_its_stages_ends_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    epochs = train(tmp_path / "run", monkeypatch, "trainer.max_epochs=2").epochs
    assert [e["stage"] for e in epochs] == ["head", "head"]
    (stage,) = json.loads((tmp_path / "run" / "training.json").read_text())["stages"]
    assert stage["ended"] == "the end of the training"


def test_a_metric_that_nobody_logs_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FerlabError, match=r"head.monitor: no 'val/joy' after an epoch; there: .*val/accuracy"):
        run.train(config(*OVERRIDES, "fine_tuning.stages.head.monitor=val/joy"), tmp_path / "run", "")


def test_without_stages_there_is_no_such_callback(tmp_path: Path) -> None:
    made, _ = trainer.make_trainer(config(), tmp_path)
    assert not any(isinstance(one, Stages) for one in made.callbacks)  # type: ignore[attr-defined]
    made, _ = trainer.make_trainer(config("fine_tuning=gradual"), tmp_path)
    assert isinstance(made.callbacks[0], Stages)  # type: ignore[attr-defined]


def test_averaged_weights_are_what_the_next_stage_goes_on_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Averages(Callback):
        """Note the averages at each validation's end, and when the next stage has begun."""

        def __init__(self) -> None:
            self.ends: list[dict[str, torch.Tensor]] = []
            self.begun: dict[str, torch.Tensor] = {}

        def read(self, module: pl.LightningModule) -> dict[str, torch.Tensor]:
            assert isinstance(module, Task) and module.averages is not None
            return {k.removeprefix("net."): v.clone() for k, v in module.averages().items() if k.startswith("net.")}

        def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            self.ends.append(self.read(pl_module))

        def on_train_batch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
            assert isinstance(pl_module, Task)
            if pl_module.stage_name == "all" and not self.begun:
                self.begun = self.read(pl_module)

    seen = Averages()
    monkeypatch.setattr(Watch, "setup", lambda self, trainer, *_, **__: trainer.callbacks.append(seen), raising=False)
    watch = train(tmp_path / "run", monkeypatch, "callbacks=ema", "callbacks.ema.decay=0.5")
    first = [e for e in watch.epochs if e["stage"] == "head"]
    best = min(range(len(first)), key=lambda i: first[i]["loss"])
    second = watch.epochs[len(first)]
    assert same(seen.ends[best], second["start"]) and same(seen.ends[best], seen.begun)
    assert not same(first[best]["end"], second["start"])
