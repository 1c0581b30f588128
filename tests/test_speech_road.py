"""Sounds on the whole road: from int16 waveforms through training to a checkpoint that predicts the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from fakes.tones import Tones
from ferlab import checkpoint
from ferlab.build import build
from ferlab.checkpoint import Predictor
from ferlab.data.datamodule import DataModule
from ferlab.errors import FerlabError
from ferlab.run import make_task
from ferlab.task import Task
from ferlab.trainer import make_trainer, quiet
from toy import config

FEW = ["model.preprocess.skip=0", "model.preprocess.length=15360", "model.preprocess.n_mels=32"]
SMALL = {
    "td_cnn_lstm": [
        *FEW,
        "model.preprocess.windows=4",
        "model.preprocess.frames=48",
        "model.preprocess.step=24",
        "model.net.filters=[8,16]",
        "model.net.pools=[4,4]",
        "model.net.units=[16]",
    ],
    "res_lstm_attention": [*FEW, "model.net.filters=[8,16]", "model.net.units=16", "model.net.dropout=0.1"],
    "timm_speech": [*FEW, "model.backbone=test_resnet"],
}


def values(name: str, *overrides: str) -> dict[str, Any]:
    small = ["protocol=holdout", "protocol.group=actor", "batch_size=12", "figures=false", "logger=none"]
    augment = [] if any(one.startswith("augment=") for one in overrides) else ["augment=speech"]
    return config(*small, f"model={name}", *SMALL[name], *augment, "optimizer.lr=0.003", *overrides)


def fit(folder: Path, wish: dict[str, Any]) -> tuple[Task, DataModule, pl.Trainer]:
    quiet()
    pl.seed_everything(0, verbose=False)
    data = DataModule(Tones(), build(wish["protocol"]), batch_size=wish["batch_size"])
    trainer, _ = make_trainer(wish, folder)
    task = make_task(wish, data)
    trainer.fit(task, datamodule=data)
    return task, data, trainer


def accuracy(predictor: Predictor, data: DataModule, role: str) -> float:
    index, p = predictor.rows(data.batches(role))
    return float((p.argmax(1) == data.samples.labels[index]).mean())


@pytest.mark.parametrize("name", ["td_cnn_lstm", "res_lstm_attention"])
def test_tones_are_told_apart_and_the_checkpoint_predicts_the_same(name: str, tmp_path: Path) -> None:
    task, data, trainer = fit(tmp_path, values(name, "augment=noise", "batch_size=8", "trainer.max_epochs=25"))
    predictor = Predictor(task)
    assert accuracy(predictor, data, "train") > 0.9
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    again = Predictor(checkpoint.load(tmp_path / "a.ckpt"))
    x = torch.from_numpy(data.samples.x[:7])
    assert torch.equal(predictor.tensor(x), again.tensor(x))
    assert again.task.spec.modality == "audio"
    # how long the array is behind a clip's end changes nothing
    longer = torch.nn.functional.pad(x, (0, 999), value=-32768)
    torch.testing.assert_close(again.tensor(longer), again.tensor(x))


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("augment", ["none", "noise", "speech", "clip_mixup"])
def test_every_augmentation_of_sounds_trains(augment: str, precision: str, tmp_path: Path) -> None:
    wish = values("res_lstm_attention", f"augment={augment}", f"trainer.precision={precision}")
    wish["trainer"] |= {"max_epochs": 1, "limit_train_batches": 2}
    task, _, _ = fit(tmp_path, wish)
    assert all(p.isfinite().all() for p in task.parameters())


def test_a_backbone_of_timm_trains_on_spectrograms(tmp_path: Path) -> None:
    task, data, _ = fit(tmp_path, values("timm_speech", "trainer.fast_dev_run=true"))
    assert task.preprocess.output_shape == (3, 32, 97)
    assert np.isfinite(Predictor(task).rows(data.batches("test"))[1]).all()


def test_training_alone_is_augmented_and_masked() -> None:
    wish = values("res_lstm_attention", "augment=none")
    data = DataModule(Tones(), build(wish["protocol"]))
    task = make_task(wish, data)
    x = torch.from_numpy(data.samples.x[:4])
    assert not torch.equal(task.train().preprocess(x), task.preprocess(x))
    assert torch.equal(task.eval().preprocess(x), task.preprocess(x))


@pytest.mark.parametrize("augment", ["flip", "khaireddin", "mixup"])
def test_augmentations_of_images_are_refused_before_training(augment: str) -> None:
    wish = values("td_cnn_lstm", f"augment={augment}")
    with pytest.raises(FerlabError, match=r"augment: \w+ is for image data, .* modality is audio; cure: augment=none"):
        make_task(wish, DataModule(Tones(), build(wish["protocol"])))


def test_a_model_for_images_is_refused() -> None:
    wish = config("protocol=holdout", "protocol.group=actor", "augment=none", "model=cnn10")
    with pytest.raises(
        FerlabError,
        match=r"preprocess.raw_shape: expected \(height, width, channels\), found \(16000,\).*model=td_cnn_lstm",
    ):
        make_task(wish, DataModule(Tones(), build(wish["protocol"])))
