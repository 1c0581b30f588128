"""Checkpoints rebuild themselves, predict raw images, and never run code that they bring."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from ferlab import checkpoint
from ferlab.build import build
from ferlab.checkpoint import Predictor
from ferlab.errors import FerlabError
from ferlab.task import Task
from toy import config

SPEC = {"kind": "multiclass", "labels": ["happy", "sad", "angry"], "modality": "image", "shape": [24, 24, 1]}


def task(**spec: object) -> Task:
    values = config("augment=d4")
    parts = {key: values[key] for key in ("loss", "optimizer", "augment")}
    model = {part: values["model"][part] for part in ("net", "preprocess")}
    torch.manual_seed(0)
    return Task(spec=SPEC | spec, model=model, **parts)


def save(path: Path, of: Task, **changes: object) -> Path:
    values = {"state_dict": of.state_dict(), "hyper_parameters": dict(of.hparams), "epoch": 0}
    torch.save(values | changes, path)
    return path


def images(n: int = 5, side: int = 24, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, side, side, channels), dtype=np.uint8)


def test_a_reloaded_model_predicts_the_same(tmp_path: Path) -> None:
    mine = task()
    again = checkpoint.load(save(tmp_path / "a.ckpt", mine))
    np.testing.assert_array_equal(Predictor(mine).images(images()), Predictor(again).images(images()))
    assert Predictor(again).labels == ("happy", "sad", "angry")
    assert not again.training


@pytest.mark.parametrize(("side", "channels"), [(24, 1), (24, 3), (60, 1), (31, 3)])
def test_raw_images_of_any_size_and_colour_are_taken(side: int, channels: int) -> None:
    p = Predictor(task()).images(images(3, side, channels))
    assert p.shape == (3, 3)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-5)


def test_batches_do_not_change_a_prediction() -> None:
    predictor = Predictor(task())
    np.testing.assert_allclose(predictor.images(images(7)), predictor.images(images(7), batch_size=2), rtol=1e-5)


def test_a_binary_model_gives_two_columns() -> None:
    p = Predictor(task(kind="binary", labels=["happy", "sad"])).images(images())
    assert p.shape == (5, 2)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("code of a checkpoint ran",)


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "evil.ckpt"
    with path.open("wb") as file:
        torch.save({"state_dict": {}, "hyper_parameters": Evil()}, file, pickle_module=pickle)
    with pytest.raises(FerlabError, match="cannot be read"):
        checkpoint.load(path)
    assert "ran" not in capsys.readouterr().out


STRANGE = ["os.system", "subprocess.run", "builtins.eval", "torchx.evil", "ferlabx.y"]
# a name of a trusted package that leads elsewhere, or to what does more than build
LEADING_ON = ["torch.load", "torch.package.PackageImporter", "ferlab.cache.os.system", "ferlab.folder.discard"]


@pytest.mark.parametrize("target", STRANGE + LEADING_ON)
def test_only_trusted_targets_are_built(tmp_path: Path, target: str) -> None:
    mine = task()
    hparams = dict(mine.hparams) | {"augment": {"_target_": target, "command": "true"}}
    with pytest.raises(FerlabError, match="refused to build"):
        checkpoint.load(save(tmp_path / "a.ckpt", mine, hyper_parameters=hparams))


def test_a_nested_target_is_checked_too() -> None:
    with pytest.raises(FerlabError, match=r"refused to build 'os\.system'"):
        build({"_target_": "torch.nn.Sequential", "x": [{"y": {"_target_": "os.system"}}]})


def test_arguments_that_a_target_does_not_take_are_named() -> None:
    with pytest.raises(FerlabError, match="wings"):
        build({"_target_": "ferlab.losses.CrossEntropy", "wings": 2})


def test_other_weights_are_refused(tmp_path: Path) -> None:
    mine = task()
    state = {k: v for k, v in mine.state_dict().items() if "dense" not in k}
    with pytest.raises(FerlabError, match="do not fit"):
        checkpoint.load(save(tmp_path / "a.ckpt", mine, state_dict=state))


@pytest.mark.parametrize("content", [b"", b"no checkpoint at all", b"PK\x03\x04 cut"])
def test_a_broken_file_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.ckpt"
    path.write_bytes(content)
    with pytest.raises(FerlabError, match=r"broken\.ckpt"):
        checkpoint.load(path)


def test_a_missing_file_and_a_stranger_are_named(tmp_path: Path) -> None:
    with pytest.raises(FerlabError, match="no file"):
        checkpoint.load(tmp_path / "none.ckpt")
    torch.save({"weights": torch.zeros(1)}, tmp_path / "other.ckpt")
    with pytest.raises(FerlabError, match=r"not written by ferlab\.train"):
        checkpoint.load(tmp_path / "other.ckpt")
