"""Pictures while training: the right images after the right epochs, and a run that is none the wiser."""

import logging
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from ferlab.callbacks.gradcam import GradCam
from ferlab.errors import FerlabError
from ferlab.evaluation.figures.explanations import feature_map_sheet
from ferlab.task import Task
from toy import train

SHORT = ("figures=false", "logger=none")
ALL = "callbacks=[gradcam,feature_maps,throughput,memory]"


def drawn(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "figures" / "training").glob("*.png"))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    return found


def test_training_is_the_same_with_and_without_them(tmp_path: Path) -> None:
    # dropout and augmentation draw random numbers in every step: one draw more would change all that follow
    common = (*SHORT, "trainer.max_epochs=3", "augment=d4", "model.net.dropout_1=0.5")
    train(tmp_path / "without", *common)
    train(tmp_path / "with", *common, ALL, "callbacks.gradcam.every=1", "callbacks.feature_maps.every=1")
    one, other = weights(tmp_path / "without"), weights(tmp_path / "with")
    assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
    pictures = drawn(tmp_path / "with")
    assert len(pictures) == 6
    report = (tmp_path / "with" / "report.md").read_text()
    assert all(f"(figures/training/{name})" in report for name in pictures)


def test_the_epochs_that_are_asked_for(tmp_path: Path) -> None:
    chosen = ("callbacks.gradcam.every=2", "callbacks.gradcam.epochs=[1]")
    train(tmp_path / "run", *SHORT, "trainer.max_epochs=5", "callbacks=gradcam", *chosen)
    assert drawn(tmp_path / "run") == [f"gradcam-epoch{epoch:03}.png" for epoch in (1, 2, 4)]


def test_each_epoch_shows_the_same_feature_maps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = []

    def sheet(*args: Any, order: Any, **kwargs: Any) -> Any:
        orders.append({name: chosen.tolist() for name, chosen in order.items()})
        return feature_map_sheet(*args, order=order, **kwargs)

    monkeypatch.setattr("ferlab.callbacks.feature_maps.feature_map_sheet", sheet)
    one = ("callbacks=feature_maps", "callbacks.feature_maps.every=1", "callbacks.feature_maps.layers=[block1]")
    train(tmp_path / "run", *SHORT, "trainer.max_epochs=3", *one)
    assert len(orders) == 3 and orders[0] == orders[1] == orders[2] and orders[0].keys() == {"block1"}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The rows that are drawn, in place of drawing them."""
    seen: list[Any] = []
    real = GradCam.figure

    def figure(self: GradCam, task: Any, images: Any, rows: Any, caption: Any, when: str) -> Any:
        seen.append((task, images, rows, caption, when))
        return real(self, task, images, rows, caption, when)

    monkeypatch.setattr(GradCam, "figure", figure)
    return seen


def test_images_are_of_each_class_and_of_validation_alone(tmp_path: Path, shown: list[Any]) -> None:
    train(tmp_path / "run", *SHORT, "trainer.max_epochs=1", "callbacks=gradcam", "callbacks.gradcam.each=2")
    ((task, images, rows, caption, when),) = shown
    assert len(rows) == 14 and sorted(rows.labels.tolist()) == [label for label in range(7) for _ in range(2)]
    assert all("/val/" in name for name in rows.ids)
    # the rows are what the model says of those very images
    x = torch.from_numpy(images).permute(0, 3, 1, 2)
    task.eval()
    torch.testing.assert_close(task.probabilities(x).detach(), torch.from_numpy(rows.probabilities))
    assert when == ", epoch 1" and caption.synthetic


def test_images_by_id_and_by_place(tmp_path: Path, shown: list[Any]) -> None:
    images = "callbacks.gradcam.images=[3,synthetic/val/000000]"
    train(tmp_path / "run", *SHORT, "trainer.max_epochs=1", "callbacks=gradcam", images)
    assert shown[0][2].ids.tolist() == ["synthetic/val/000003", "synthetic/val/000000"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["callbacks.gradcam.images=[synthetic/test/000000]"], r"no validation image.*such as 'synthetic/val/"),
        (["callbacks.gradcam.images=[48]"], r"48 is no validation image; expected a place 0\.\.47"),
        (["callbacks.gradcam.layer=block9"], r"no layer 'block9'; convolutions are block"),
        (["callbacks.gradcam.epochs=[0]"], "expected epochs from 1 on"),
        (["callbacks.gradcam.every=0"], "expected epochs from 1 on"),
    ],
)
def test_a_mistake_is_told_before_the_first_step(tmp_path: Path, overrides: list[str], message: str) -> None:
    with pytest.raises(FerlabError, match=message):
        train(tmp_path / "run", *SHORT, "trainer.max_epochs=1", "callbacks=gradcam", *overrides)
    assert not (tmp_path / "run" / "checkpoints" / "best.ckpt").exists()


@pytest.mark.parametrize("model", ["mlp", "cnn1d"])
def test_a_net_without_maps_is_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture, model: str) -> None:
    with caplog.at_level(logging.WARNING, logger="ferlab"):
        train(tmp_path / "run", *SHORT, "trainer.max_epochs=2", "callbacks=gradcam", f"model={model}")
    assert [record.getMessage() for record in caplog.records if "no 2-D convolution" in record.getMessage()] == [
        f"callbacks.gradcam: {'Mlp' if model == 'mlp' else 'Cnn1d'} has no 2-D convolution, nothing is drawn"
    ]
    assert not drawn(tmp_path / "run")


def test_a_binary_task(tmp_path: Path) -> None:
    binary = ("data.classes=[happy,sad]", "loss=binary_cross_entropy", "callbacks=[gradcam,feature_maps]")
    train(tmp_path / "run", *SHORT, "trainer.max_epochs=1", *binary)
    assert drawn(tmp_path / "run") == ["feature_maps-epoch001.png", "gradcam-epoch001.png"]


def test_a_frozen_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def freeze(self: Task) -> None:
        for name, parameter in self.net.named_parameters():
            parameter.requires_grad = not name.startswith("block")

    monkeypatch.setattr(Task, "on_fit_start", freeze)
    train(tmp_path / "run", *SHORT, "trainer.max_epochs=1", "callbacks=gradcam")
    assert drawn(tmp_path / "run") == ["gradcam-epoch001.png"]


def test_a_fast_dev_run_draws_its_one_epoch(tmp_path: Path) -> None:
    never = ("callbacks.gradcam.every=null", "callbacks.gradcam.epochs=null")
    train(tmp_path / "run", *SHORT, "trainer.fast_dev_run=true", "callbacks=gradcam", *never)
    assert drawn(tmp_path / "run") == ["gradcam-epoch001.png"]


def test_only_the_first_process_draws(tmp_path: Path) -> None:
    state = {"current_epoch": 0, "sanity_checking": False, "fast_dev_run": True, "default_root_dir": str(tmp_path)}
    trainer = Mock(pl.Trainer, is_global_zero=False, **state)
    callback = GradCam(every=1)
    callback.chosen = np.arange(1)
    callback.on_validation_epoch_end(trainer, Mock(Task))
    assert not drawn(tmp_path)
