"""Weights to start from: files, other runs, timm's own; what fits, what is refused, and that it happens once."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from ferlab import checkpoint, run
from ferlab.errors import FerlabError
from ferlab.models import backbones
from ferlab.models.timm_net import TimmNet
from ferlab.pretrained import start_from
from ferlab.task import Task
from toy import config

TIMM = ("model=timm", "model.backbone=test_resnet", "model.preprocess.size=32")


def task(*overrides: str, labels: int = 7, seed: int = 0, channels: int = 1) -> Task:
    values = config(*overrides)
    spec = {
        "kind": "multiclass",
        "labels": [f"class {n}" for n in range(labels)],
        "modality": "image",
        "shape": [24, 24, channels],
    }
    torch.manual_seed(seed)
    return Task(
        spec=spec,
        model={part: values["model"][part] for part in ("net", "preprocess")},
        loss=values["loss"],
        optimizer=values["optimizer"],
        facts={"name": values["model"]["name"], "data": {"name": "faces of a kind"}, "protocol": {}},
    )


def save(path: Path, of: Task) -> Path:
    torch.save({"state_dict": of.state_dict(), "hyper_parameters": dict(of.hparams), "epoch": 3}, path)
    return path


def images(channels: int = 1) -> Tensor:
    return torch.randint(0, 256, (2, channels, 24, 24), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_another_data_sets_checkpoint_starts_a_network_with_other_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs, mine = task("model=cnn10", seed=1), task("model=cnn10", labels=8)
    head = {name: value.clone() for name, value in mine.net.head.state_dict().items()}
    path = save(tmp_path / "best.ckpt", theirs)
    facts = start_from(mine, str(path))
    assert facts is not None and facts == mine.hparams["facts"]["pretrained"]
    loaded = [name for name in mine.net.state_dict() if not name.startswith("head.")]
    for name in loaded:
        assert torch.equal(mine.net.state_dict()[name], theirs.net.state_dict()[name]), name
    for name, value in head.items():
        assert torch.equal(mine.net.head.state_dict()[name], value) and value.shape[0] == 8
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    assert facts == {
        "source": "cnn10 trained on faces of a kind",
        "file": str(path),
        "sha256": digest,
        "loaded": len(loaded),
        "new": 2,
    }
    said = f"starts from cnn10 trained on faces of a kind, sha256 {digest}: {len(loaded)} tensors loaded, 2 new\n"
    assert capsys.readouterr().out == said


@pytest.mark.parametrize("kind", ["safetensors", "pth", "pt", "wrapped.pth", "ckpt"])
def test_a_backbone_starts_from_any_kind_of_file(tmp_path: Path, kind: str) -> None:
    theirs = task(*TIMM, seed=1)
    assert isinstance(theirs.net, TimmNet)
    # as timm publishes them: with a classifier that this model has no place for
    state = {**theirs.net.backbone.state_dict(), "fc.weight": torch.zeros(3, 3)}
    path = tmp_path / f"weights.{kind}"
    if kind == "ckpt":
        save(path, theirs)
    elif kind == "safetensors":
        save_file({name: value.contiguous() for name, value in state.items()}, path)
    else:
        torch.save({"state_dict": state} if "wrapped" in kind else state, path)
    mine = task(*TIMM, "model.net.units=[8]", labels=3)
    before = {name: value.clone() for name, value in mine.net.head.state_dict().items()}
    facts = start_from(mine, str(path))
    assert facts is not None
    assert isinstance(mine.net, TimmNet)
    for name, value in theirs.net.backbone.state_dict().items():
        assert torch.equal(mine.net.backbone.state_dict()[name], value), name
    assert all(torch.equal(mine.net.head.state_dict()[name], value) for name, value in before.items())
    assert facts["loaded"] == len(theirs.net.backbone.state_dict()) and facts["new"] == len(before)


@pytest.mark.parametrize(("given", "wanted"), [(3, 1), (1, 3)])
@pytest.mark.parametrize("which", ["timm", "cnn10"])
def test_a_first_convolution_for_grey_gives_what_that_for_rgb_gives(
    tmp_path: Path, given: int, wanted: int, which: str
) -> None:
    base = (*TIMM, "model.preprocess.mean=[0.4]", "model.preprocess.std=[0.2]") if which == "timm" else ("model=cnn10",)
    theirs = task(*base, f"model.preprocess.channels={given}", seed=1)
    mine = task(*base, f"model.preprocess.channels={wanted}")
    start_from(mine, str(save(tmp_path / "a.ckpt", theirs)))
    mine.net.head.load_state_dict(theirs.net.head.state_dict())
    torch.testing.assert_close(mine.eval()(images()), theirs.eval()(images()), atol=1e-5, rtol=1e-4)


def test_null_and_false_leave_the_weights_alone() -> None:
    mine = task()
    before = {name: value.clone() for name, value in mine.state_dict().items()}
    assert start_from(mine, None) is None and start_from(mine, False) is None
    assert all(torch.equal(mine.state_dict()[name], value) for name, value in before.items())


def test_weights_of_another_shape_name_the_keys(tmp_path: Path) -> None:
    path = save(tmp_path / "a.ckpt", task("model=cnn10", "model.net.filters=16"))
    said = (
        r"9 tensors of .* have another shape: block1.conv.weight \(16, 1, 3, 3\), here \(32, 1, 3, 3\); .*; and 4 more"
    )
    with pytest.raises(FerlabError, match=said):
        start_from(task("model=cnn10"), str(path))
    path = save(tmp_path / "b.ckpt", task("model=cnn10", "model.preprocess.size=30"))
    with pytest.raises(FerlabError, match=r"dense1.linear.weight \(224, 5408\), here .*model.preprocess.size"):
        start_from(task("model=cnn10"), str(path))


def test_weights_that_have_nothing_in_common_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.ckpt", task("model=mlp"))
    with pytest.raises(FerlabError, match=r"mlp trained on .* no tensor in common; theirs begin .*, ours block1.conv"):
        start_from(task("model=cnn10"), str(path))
    with pytest.raises(FerlabError, match=r"holds mlp trained on .*, this model's backbone is test_resnet"):
        start_from(task(*TIMM), str(path))
    other = save(tmp_path / "b.ckpt", task(*TIMM))
    with pytest.raises(FerlabError, match=r"holds test_resnet, .* is test_convnext; cure: model.backbone=test_resnet"):
        start_from(task("model=timm", "model.backbone=test_convnext", "model.preprocess.size=32"), str(other))


class Evil:
    """Runs code when it is unpickled the careless way."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return Path.touch, (Path("touched"),)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"x", "expected true, false or a file .safetensors"),
        ("missing.pth", None, "no file .*missing.pth"),
        ("broken.pth", b"no tensors", "broken.pth cannot be read"),
        ("broken.safetensors", b"no tensors", "broken.safetensors cannot be read"),
        ("broken.ckpt", b"no tensors", "cannot be read"),
        ("evil.pth", Evil(), "evil.pth cannot be read"),
    ],
)
def test_files_that_are_no_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: Any, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if isinstance(content, bytes):
        Path(name).write_bytes(content)
    elif content is not None:
        torch.save({"weight": content}, name)
    with pytest.raises(FerlabError, match=said):
        start_from(task(*TIMM), name)
    assert not Path("touched").exists()


def test_timms_published_weights_come_through_timms_own_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    import timm.models._builder as builder

    donor = backbones.create("test_resnet", (3, 32, 32))
    asked = []

    def hub(name: str, *args: Any, **kwargs: Any) -> dict[str, Tensor]:
        asked.append(name)
        return {**donor.state_dict(), "fc.weight": torch.zeros(1000, 1), "fc.bias": torch.zeros(1000)}

    monkeypatch.setattr(builder, "load_state_dict_from_hf", hub)
    mine = task(*TIMM, "model.preprocess.channels=1")
    facts = start_from(mine, True)
    assert asked and "test_resnet" in asked[0] and isinstance(mine.net, TimmNet)
    assert facts is not None and facts["source"] == "timm's published weights of test_resnet"
    for name, value in donor.state_dict().items():
        expected = value.sum(1, keepdim=True) if name == "conv1.weight" or name == "conv1.0.weight" else value
        torch.testing.assert_close(mine.net.backbone.state_dict()[name], expected)


def test_no_network_is_one_error_with_its_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr("ferlab.pretrained._resolves", lambda host: False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(FerlabError, match=r"test_resnet are not in the cache .* cure: model.pretrained=<local file>"):
        start_from(task(*TIMM), True)
    assert constants.HF_HUB_OFFLINE is False or constants.HF_HUB_OFFLINE is None


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("model=cnn10",), "nobody publishes weights of Cnn10.*cure: model.pretrained=<a .ckpt of this model>"),
        (
            ("model=timm", "model.backbone=lcnet_035", "model.preprocess.size=32"),
            "timm publishes no weights of lcnet_035",
        ),
    ],
)
def test_weights_that_nobody_publishes(overrides: tuple[str, ...], said: str) -> None:
    with pytest.raises(FerlabError, match=said):
        start_from(task(*overrides), True)


def test_a_run_starts_from_them_once_and_says_so_for_ever(tmp_path: Path) -> None:
    weights = save(tmp_path / "start.ckpt", task("model=cnn10", seed=5))
    overrides = ("figures=false", "trainer.max_epochs=1", f"model.pretrained={weights}")
    run.train(config(*overrides), tmp_path / "one", "")
    facts = json.loads((tmp_path / "one" / "training.json").read_text())["pretrained"]
    assert facts["file"] == str(weights) and facts["loaded"] == 11
    report = (tmp_path / "one" / "report.md").read_text()
    assert f"first weights: cnn10 trained on faces of a kind (`{weights}`, sha256 {facts['sha256']})" in report
    # neither reloading nor going on asks for them again
    weights.unlink()
    again = checkpoint.load(tmp_path / "one" / "checkpoints" / "best.ckpt")
    assert again.hparams["facts"]["pretrained"] == facts
    more = (*overrides, "trainer.max_epochs=2", f"resume={tmp_path / 'one'}")
    run.train(config(*more), tmp_path / "two", "")
    assert json.loads((tmp_path / "two" / "training.json").read_text())["pretrained"] == facts
    with pytest.raises(FerlabError, match="no file"):
        run.train(config(*overrides), tmp_path / "three", "")
    assert not (tmp_path / "three").exists()
