"""Embeddings: of checkpoints of every kind, of timm backbones with local weights, and how honest they are."""

import numpy as np
import pytest
import torch

from fakes.tones import chirps
from ferlab.build import build
from ferlab.config import compose, plain
from ferlab.embedding import RANDOM, Embedding
from ferlab.errors import FerlabError
from ferlab.features.extract import extract
from ferlab.spec import TaskSpec
from ferlab.task import Task

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 48, 48, 3), np.uint8)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FERLAB_CACHE", str(tmp_path / "cache"))


def task_of(spec, *overrides, **front):
    """A task with random weights, as a checkpoint holds it."""
    values = plain(compose("train", list(overrides)))
    model = values["model"]
    front = {**model["preprocess"], **front}
    facts = {"name": "net", "data": {"name": "some"}, "protocol": {"name": "official", "hash": "0123"}}
    return Task(
        spec=spec.to_dict(),
        model={"net": model["net"], "preprocess": front},
        loss=values["loss"],
        optimizer=values["optimizer"],
        facts=facts,
    ).eval()


def saved(task, path):
    parameters = dict(task.hparams.items())
    torch.save({"state_dict": task.state_dict(), "hyper_parameters": parameters}, path)
    return str(path)


def logits_from(task, rows):
    """What the net's last dense layer makes of its input: the proof that the rows are its input."""
    last = [module for module in task.net.modules() if isinstance(module, torch.nn.Linear)][-1]
    with torch.no_grad():
        return last(torch.from_numpy(rows)).numpy()


def test_a_checkpoint_of_images_gives_the_input_of_its_last_layer(tmp_path):
    task = task_of(TaskSpec("multiclass", ("a", "b", "c"), "image", (48, 48, 3)), "model=cnn4")
    feature = Embedding(checkpoint=saved(task, tmp_path / "a.ckpt"), batch_size=4)
    rows = feature.transform(IMAGES)
    assert feature.modality == "image" and rows.dtype == np.float32 and rows.shape == (5, 512)
    with torch.no_grad():
        expected = task(torch.from_numpy(IMAGES).permute(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(logits_from(task, rows), expected, atol=1e-4)
    np.testing.assert_array_equal(extract(feature, IMAGES, "faces"), rows)


def test_a_checkpoint_of_sounds(tmp_path):
    small = ["model.net.filters=[4,4,4,4]", "model.net.units=[8]"]
    task = task_of(TaskSpec("multiclass", ("a", "b"), "audio", (60_000,)), "model=td_cnn_lstm", *small)
    feature, x = Embedding(checkpoint=saved(task, tmp_path / "a.ckpt")), chirps(2, 60_000)
    rows = feature.transform(x.numpy())
    assert feature.modality == "audio" and rows.shape == (2, 8)
    with torch.no_grad():
        np.testing.assert_allclose(logits_from(task, rows), task(x).numpy(), atol=1e-4)


def test_a_checkpoint_of_texts(tmp_path):
    words = {"vocabulary": ["happy", "sad", "day"], "documents": [2, 1, 1], "texts": 3}
    task = task_of(TaskSpec("multilabel", ("EXT", "NEU"), "text", ()), "model=text_cnn_lstm", **words)
    feature = Embedding(checkpoint=saved(task, tmp_path / "a.ckpt"))
    x = np.array(["a happy day", "a sad one", ""], dtype=object)
    rows = feature.transform(x)
    assert feature.modality == "text" and rows.shape[0] == 3
    with torch.no_grad():
        expected = task(torch.from_numpy(task.preprocess.encode(list(x)))).numpy()
    np.testing.assert_allclose(logits_from(task, rows), expected, atol=1e-4)


def test_a_local_weight_file_is_used_and_tells_the_cache(tmp_path):
    import timm

    torch.manual_seed(3)
    backbone = timm.create_model("resnet18", pretrained=False, num_classes=1000).eval()
    path = tmp_path / "resnet18.pth"
    torch.save(backbone.state_dict(), path)
    feature = Embedding(weights=str(path))
    rows = feature.transform(IMAGES)
    assert rows.shape == (5, 512) and feature.marks == [] and feature.options["weights"] != "random"
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (torch.from_numpy(IMAGES) / 255 - mean) / std
    with torch.no_grad():
        expected = backbone.forward_head(backbone.forward_features(x.permute(0, 3, 1, 2)), pre_logits=True).numpy()
    np.testing.assert_allclose(rows, expected, atol=1e-3)
    grey = IMAGES[..., :1]
    assert feature.transform(grey).shape == (5, 512)
    assert Embedding(weights=str(path), size=64).options != feature.options


def test_random_weights_only_on_request_the_same_each_time_and_marked():
    with pytest.raises(FerlabError, match=r"features.embedding.weights: resnet18 without trained.*random=true.*marks"):
        Embedding(weights=None)
    first, second = Embedding(random=True), Embedding(random=True)
    state = torch.get_rng_state()
    np.testing.assert_array_equal(first.transform(IMAGES), second.transform(IMAGES))
    assert torch.equal(torch.get_rng_state(), state)
    assert first.marks == first.marks_under("faces", "abc") == [RANDOM]
    assert first.options["weights"] == "random"


def test_a_network_of_another_protocol_on_the_same_data_marks_the_outputs(tmp_path):
    task = task_of(TaskSpec("multiclass", ("a", "b", "c"), "image", (48, 48, 3)), "model=cnn4")
    feature = Embedding(checkpoint=saved(task, tmp_path / "a.ckpt"))
    facts = task.hparams["facts"]
    name, own = facts["data"]["name"], facts["protocol"]["hash"]
    assert feature.marks_under(name, own) == [] and feature.marks_under("others", "abc") == []
    (mark,) = feature.marks_under(name, "abc")
    assert own in mark and "may have learnt from samples that are tested here" in mark


def test_published_weights_out_of_reach_say_what_to_set(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("ferlab.pretrained._resolves", lambda host: False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(FerlabError, match=r"features.embedding.weights=true.*features.embedding.weights=<local file>"):
        Embedding().transform(IMAGES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backbone": None}, r"expected a checkpoint or a backbone.*checkpoint=<a .ckpt"),
        ({"backbone": "resnet1"}, r"features.embedding.backbone: timm has no 'resnet1'"),
        ({"weights": "/none/a.pth"}, r"weights: no file /none/a.pth; cure"),
        ({"checkpoint": "/none/a.ckpt"}, r"no file /none/a.ckpt"),
        ({"device": "cuda:99"}, r"device: 'cuda:99' is not to be had here"),
        ({"batch_size": 0}, r"batch_size"),
    ],
)
def test_what_cannot_be_is_told(options, message):
    with pytest.raises(FerlabError, match=message):
        Embedding(**options)


def test_the_yaml_is_the_default():
    values = plain(compose("baseline", ["features=embedding"]))["features"]["embedding"]
    assert build(values).options == Embedding().options
