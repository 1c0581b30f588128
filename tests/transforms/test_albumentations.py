"""albumentations from YAML: built when used, seeded a batch, and absent without harm."""

import copy
import pickle
import sys

import numpy as np
import pytest
import torch

from ferlab import checkpoint
from ferlab.checkpoint import Predictor
from ferlab.errors import FerlabError
from ferlab.task import Task
from ferlab.transforms.albumentations import Albumentations
from toy import config, train

FLIP = {"_target_": "albumentations.HorizontalFlip", "p": 0.5}
SPEC = {"kind": "multiclass", "labels": ["happy", "sad", "angry"], "modality": "image", "shape": [24, 24, 1]}


def images(batch=16, channels=3, side=24, dtype=torch.uint8):
    g = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (batch, side, side, channels), generator=g).to(dtype).permute(0, 3, 1, 2)


@pytest.fixture
def library():
    return pytest.importorskip("albumentations")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("last", [True, False])
def test_pixels_are_those_of_the_library(library, channels, last):
    x = images(channels=channels)
    x = x if last else x.contiguous()
    steps = [{"_target_": "albumentations.Transpose", "p": 1.0}, {"_target_": "albumentations.InvertImg", "p": 1.0}]
    out = Albumentations(steps)(x)
    assert torch.equal(out, 255 - x.mT)
    assert out.is_contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)
    assert torch.equal(Albumentations(steps)(x.float() + 0.3), out)


def test_epochs_differ_and_the_seed_repeats_them(library):
    module, x = Albumentations([FLIP, {"_target_": "albumentations.Affine", "rotate": [-20, 20]}]), images()
    torch.manual_seed(5)
    epochs = [module(x) for _ in range(3)]
    assert not torch.equal(epochs[0], epochs[1]) and not torch.equal(epochs[1], epochs[2])
    torch.manual_seed(5)
    for epoch in epochs:
        assert torch.equal(module(x), epoch)
    torch.manual_seed(5)
    assert torch.equal(Albumentations(module.steps)(x), epochs[0]), "a new pipeline starts elsewhere"
    torch.manual_seed(6)
    assert not torch.equal(module(x), epochs[0])


def test_choices_nest(library):
    step = {"_target_": "albumentations.OneOf", "p": 1.0}
    step["transforms"] = [{"_target_": "albumentations.InvertImg", "p": 1.0}, {"_target_": "albumentations.NoOp"}]
    x = images(batch=40)
    torch.manual_seed(0)
    inverted = (Albumentations([step])(x) == 255 - x).flatten(1).all(1)
    assert 5 < inverted.sum() < 35


def test_copies_and_other_processes_get_the_values(library):
    module = Albumentations([FLIP])
    module(images())
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert other._pipeline is None and other.steps == module.steps


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([], "expected one step or more"),
        ([{"p": 1}], "expected a list of mappings"),
        ([{"_target_": "os.system", "command": "true"}], "expected a list of mappings"),
    ],
)
def test_steps_without_meaning_are_refused_when_built(steps, words):
    with pytest.raises(FerlabError, match=words):
        Albumentations(steps)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"_target_": "albumentations.HorizontalFlop"}, "'albumentations.HorizontalFlop' is no transform"),
        ({"_target_": "albumentations.load", "filepath_or_buffer": "x.yaml"}, "'albumentations.load' is no transform"),
        (
            {"_target_": "albumentations.OneOf", "transforms": [{"_target_": "os.system"}]},
            "'os.system' is no transform",
        ),
        ({"_target_": "albumentations.Affine", "rotate": "much"}, "Albumentations.steps"),
    ],
)
def test_steps_that_the_library_does_not_know_are_refused_when_used(library, step, words):
    with pytest.raises(FerlabError, match=words):
        Albumentations([step]).prepare()


def test_results_that_make_no_batch_are_refused(library):
    sizes = {"_target_": "albumentations.RandomScale", "scale_limit": [-0.5, 0.5], "p": 1.0}
    floats = {"_target_": "albumentations.ToFloat", "p": 1.0}
    for step in (sizes, floats):
        with pytest.raises(FerlabError, match=r"expected uint8 images of one size, found"):
            Albumentations([step])(images())


def test_a_trained_model_loads_where_the_library_is_missing(tmp_path, monkeypatch):
    values = config("augment=albumentations")
    parts = {key: values[key] for key in ("loss", "optimizer", "augment")}
    model = {part: values["model"][part] for part in ("net", "preprocess")}
    task = Task(spec=SPEC, model=model, **parts)
    path = tmp_path / "a.ckpt"
    torch.save({"state_dict": task.state_dict(), "hyper_parameters": dict(task.hparams), "epoch": 0}, path)
    monkeypatch.setitem(sys.modules, "albumentations", None)
    again = checkpoint.load(path)
    faces = np.zeros((2, 24, 24, 1), np.uint8)
    np.testing.assert_array_equal(Predictor(again).images(faces), Predictor(task).images(faces))
    with pytest.raises(FerlabError, match=r'pip install "ferlab\[albumentations\]"'):
        again.augment(images(channels=1))


@pytest.mark.parametrize("missing", [True, False])
def test_a_mistake_ends_training_before_it_begins(tmp_path, monkeypatch, missing):
    if missing:
        monkeypatch.setitem(sys.modules, "albumentations", None)
    else:
        pytest.importorskip("albumentations")
    steps = "augment.steps=[{_target_: albumentations.HorizontalFlop}]"
    with pytest.raises(FerlabError, match=r"pip install" if missing else r"is no transform of albumentations"):
        train(tmp_path / "run", "augment=albumentations", steps)
    assert not (tmp_path / "run").exists()
