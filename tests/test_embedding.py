"""Embeddings: of checkpoints of every kind, of timm backbones with local weights, and how honest they are."""

import numpy as np
import pytest
import torch

from fakes.tones import chirps
from ferlab import embedding
from ferlab.build import build
from ferlab.config import compose, plain
from ferlab.embedding import Embedding
from ferlab.embedding_source import RANDOM
from ferlab.errors import FerlabError
from ferlab.features.extract import extract
from ferlab.spec import TaskSpec
from ferlab.task import Task
from ferlab.transforms.text import Text

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
    feature = Embedding(checkpoint=saved(task, tmp_path / "a.ckpt"), batch_size=4, precision="fp32")
    rows = feature.transform(IMAGES)
    assert feature.modality == "image" and rows.dtype == np.float32 and rows.shape == (5, 512)
    with torch.no_grad():
        expected = task(torch.from_numpy(IMAGES).permute(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(logits_from(task, rows), expected, atol=1e-4)
    np.testing.assert_array_equal(extract(feature, IMAGES, "faces"), rows)


SMALL = {
    "td_cnn_lstm": ["model.net.filters=[4,4,4,4]", "model.net.units=[8]"],
    "res_lstm_attention": ["model.net.filters=[4,4]", "model.net.features=8", "model.net.units=4"],
}


@pytest.mark.parametrize(("model", "width"), [("td_cnn_lstm", 8), ("res_lstm_attention", 16)])
def test_a_checkpoint_of_sounds(tmp_path, model, width):
    task = task_of(TaskSpec("multiclass", ("a", "b"), "audio", (60_000,)), f"model={model}", *SMALL[model])
    path, x = saved(task, tmp_path / "a.ckpt"), chirps(3, 60_000)
    feature = Embedding(checkpoint=path, precision="fp32", batch_size=2)
    rows = feature.transform(x.numpy())
    assert feature.modality == "audio" and feature.rate == 16_000 and rows.shape == (3, width)
    with torch.no_grad():
        np.testing.assert_allclose(logits_from(task, rows), task(x).numpy(), atol=1e-4)
    short = Embedding(checkpoint=path, precision="bf16").transform(x.numpy())
    np.testing.assert_allclose(short, rows, atol=0.05 * np.abs(rows).max())


def test_a_checkpoint_of_texts(tmp_path):
    words = {"vocabulary": ["happy", "sad", "day"], "documents": [2, 1, 1], "texts": 3}
    task = task_of(TaskSpec("multilabel", ("EXT", "NEU"), "text", ()), "model=text_cnn_lstm", **words)
    feature = Embedding(checkpoint=saved(task, tmp_path / "a.ckpt"), precision="fp32")
    x = np.array(["a happy day", "a sad one", ""], dtype=object)
    rows = feature.transform(x)
    assert feature.modality == "text" and rows.shape[0] == 3
    with torch.no_grad():
        expected = task(torch.from_numpy(task.preprocess.encode(list(x)))).numpy()
    np.testing.assert_allclose(logits_from(task, rows), expected, atol=1e-4)


def test_a_network_that_adds_up_several_layers_gives_what_each_of_them_gets(tmp_path):
    words = {"vocabulary": ["happy", "sad", "day"], "documents": [2, 1, 1], "texts": 3, "min_count": 1}
    options = ["model=word_bags", "model.net.pairs=16", "model.net.pieces=32"]
    task = task_of(TaskSpec("multilabel", ("EXT", "NEU"), "text", ()), *options, **words)
    layers = task.net.deciding
    for layer in layers:
        torch.nn.init.normal_(layer.weight)
    feature = Embedding(checkpoint=saved(task, tmp_path / "a.ckpt"), precision="fp32")
    x = np.array(["a happy day", "a sad day", "happy happy"], dtype=object)
    rows = feature.transform(x)
    assert rows.shape == (3, sum(layer.in_features for layer in layers)) == (3, 5 + 16 + 32)
    with torch.no_grad():
        ids = torch.from_numpy(task.preprocess.encode(list(x)))
        parts = torch.from_numpy(rows).split([layer.in_features for layer in layers], dim=1)
        own = sum(layer(part) for layer, part in zip(layers, parts, strict=True))
        np.testing.assert_allclose(own.numpy(), task(ids).numpy(), atol=1e-4)


def test_texts_are_cleaned_once_and_all_together(tmp_path, monkeypatch):
    words = {"vocabulary": ["happy", "sad", "day"], "documents": [2, 1, 1], "texts": 3}
    task = task_of(TaskSpec("multilabel", ("EXT", "NEU"), "text", ()), "model=text_cnn_lstm", **words)
    feature, asked = Embedding(checkpoint=saved(task, tmp_path / "a.ckpt")), []
    whole = Text.encode
    monkeypatch.setattr(Text, "encode", lambda self, texts: asked.append(len(texts)) or whole(self, texts))
    x = np.array(["a happy day", "a sad one", "a day"], dtype=object)
    feature.identify(x, np.arange(3))
    rows = extract(feature, x, "texts")
    assert asked == [3]
    other = np.array(["another day", "a day"], dtype=object)
    again = feature.transform(other)
    assert asked == [3, 1]
    np.testing.assert_allclose(again[1], rows[2], atol=1e-6)


def test_bfloat16_is_near_and_caches_go_by_the_precision(tmp_path):
    path = saved(task_of(TaskSpec("multiclass", ("a", "b"), "image", (48, 48, 3)), "model=cnn4"), tmp_path / "a.ckpt")
    exact, short, auto = (Embedding(checkpoint=path, precision=one) for one in ("fp32", "bf16", "auto"))
    assert exact.options != short.options and auto.options in (exact.options, short.options)
    rows, near = extract(exact, IMAGES, "fp32"), extract(short, IMAGES, "bf16")
    assert near.dtype == np.float32
    assert 0 < np.abs(near - rows).max() < 0.05 * np.abs(rows).max()
    (note,) = short.notes
    assert "trained on some under protocol official" in note and "computed in bf16-mixed, as configured" in note
    with pytest.raises(FerlabError, match=r"features.embedding.precision: expected auto, fp32, bf16, found 'fp16'"):
        Embedding(checkpoint=path, precision="fp16")


def test_auto_takes_what_the_device_does_well(tmp_path, monkeypatch):
    path = saved(task_of(TaskSpec("multiclass", ("a", "b"), "image", (48, 48, 3)), "model=cnn4"), tmp_path / "a.ckpt")
    for able in (True, False):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda able=able: able)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        feature = Embedding(checkpoint=path, device="cpu")
        assert feature.precision == feature.options["precision"] == ("bf16" if able else "fp32")
        assert ("the processor computes bfloat16" in feature.notes[0]) is able


def test_the_size_of_batches_does_not_matter(tmp_path):
    path = saved(task_of(TaskSpec("multiclass", ("a", "b"), "image", (48, 48, 3)), "model=cnn4"), tmp_path / "a.ckpt")
    one, all_of_them = (Embedding(checkpoint=path, precision="fp32", batch_size=size) for size in (1, 100))
    assert one.options == all_of_them.options
    np.testing.assert_allclose(one.transform(IMAGES), all_of_them.transform(IMAGES), atol=1e-4)


def test_an_interruption_loses_one_chunk(tmp_path, monkeypatch):
    path = saved(task_of(TaskSpec("multiclass", ("a", "b"), "image", (48, 48, 3)), "model=cnn4"), tmp_path / "a.ckpt")
    x = np.random.default_rng(1).integers(0, 256, (5, 48, 48, 3), np.uint8)
    whole, seen = embedding.penultimate, []

    def stops(*given, **options):
        seen.append(1)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return whole(*given, **options)

    monkeypatch.setattr(embedding, "_CHUNK", 2)
    monkeypatch.setattr(embedding, "penultimate", stops)
    with pytest.raises(KeyboardInterrupt):
        extract(Embedding(checkpoint=path, batch_size=2), x, "faces")
    rows = extract(Embedding(checkpoint=path, batch_size=2), x, "faces")
    assert len(seen) == 4  # the chunk that was done, the one that was lost, and both that were left
    np.testing.assert_array_equal(rows, Embedding(checkpoint=path, batch_size=2).transform(x))


def test_too_little_memory_on_the_device_is_told(tmp_path, monkeypatch):
    path = saved(task_of(TaskSpec("multiclass", ("a", "b"), "image", (48, 48, 3)), "model=cnn4"), tmp_path / "a.ckpt")

    def full(*given, **options):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(embedding, "penultimate", full)
    with pytest.raises(FerlabError, match="batch_size: cpu has no room for 7 samples at once; cure: a smaller one"):
        Embedding(checkpoint=path, batch_size=7, device="cpu").transform(IMAGES)


@pytest.mark.parametrize("kind", ["pth", "safetensors"])
def test_a_local_weight_file_is_used_and_tells_the_cache(tmp_path, kind):
    import timm
    from safetensors.torch import save_file

    torch.manual_seed(3)
    backbone = timm.create_model("resnet18", pretrained=False, num_classes=1000).eval()
    path = tmp_path / f"resnet18.{kind}"
    (torch.save if kind == "pth" else save_file)(backbone.state_dict(), path)
    feature = Embedding(weights=str(path), precision="fp32")
    rows = feature.transform(IMAGES)
    assert f"resnet18 with the weights of {path}, sha256 {feature.options['weights'][:12]}" in feature.notes[0]
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
        ({"batch_size": 0}, r"batch_size: expected 1 or more, found 0"),
    ],
)
def test_what_cannot_be_is_told(options, message):
    with pytest.raises(FerlabError, match=message):
        Embedding(**options)


def test_the_yaml_is_the_default():
    values = plain(compose("baseline", ["features=embedding"]))["features"]["embedding"]
    assert build(values).options == Embedding().options
