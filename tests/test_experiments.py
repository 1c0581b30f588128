"""Every experiment file runs: on a fake archive in the real format, one batch of everything."""

import json
import math
from pathlib import Path

import pytest

from fakes import affectnet, essays, fer2013, ravdess
from fakes.zips import write_zip
from ferlab.config import compose, conf_dir, plain
from ferlab.data.fer2013 import Fer2013
from ferlab.data.ravdess_names import every_name
from ferlab.fine_tuning.stage import changed, read
from ferlab.run import train

FOLDER = conf_dir() / "experiment"
# those that choose features are for python -m ferlab.baseline, and tested with it
EXPERIMENTS = sorted(
    str(path.relative_to(FOLDER).with_suffix(""))
    for path in FOLDER.rglob("*.yaml")
    if "override /features:" not in path.read_text(encoding="utf-8")
)
# what the documents report, as they print it; None where they give curves alone, or nothing
REPORTED = {
    "d0/sentiment_cnn": 0.752185,
    "d1/mobilenetv2": 0.8894,
    "d2/cnn4": 0.6414,
    "d2/res_lstm_attention": None,
    "d2/resnet50_frozen": 0.4469,
    "d2/td_cnn_lstm": None,
    "d2/td_cnn_lstm_ancestor": 0.766,
    "d2/text_cnn_lstm": None,
    "d2/text_cnn_lstm_ancestor": 0.534,
    "d2/word_bags": None,
    "d3/densenet169": 0.65,
    "d4/cnn10": 0.5546,
    "d4/convnet": 0.6294,
    "d4/convnet_binary": 0.9306,
    "d4/resnet50": 0.6944,
}


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archives")
    write_zip(folder / "fer2013.zip", fer2013.tree(fer2013.faces(each=2)))
    write_zip(folder / "affectnet_yolo.zip", affectnet.entries(each=2))
    # of every actor some
    write_zip(folder / "Audio_Speech_Actors_01-24.zip", ravdess.entries(names=every_name()[::7]))
    write_zip(folder / "essays.zip", {"essays.csv": essays.plain(essays.essays(160))})
    return folder


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_it_runs(name: str, archives: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLAB_DATA", str(archives))
    small = ["trainer.fast_dev_run=true", "trainer.precision=32-true", "figures=false", "batch_size=4"]
    real = compose("train", [f"experiment={name}"])
    if "check_counts" in real["data"]:
        small.append("data.check_counts=false")
    if "ceiling" in real["rebalance"]:
        small.append("rebalance.ceiling=1")
    if "from_images" in real["rebalance"]:
        small += ["rebalance.from_images=1", "rebalance.copies=2"]
    if real["model"]["pretrained"]:
        small.append("model.pretrained=false")  # no network in tests
    if real["model"]["preprocess"].get("size") == 224:
        small.append("model.preprocess.size=64")
    config = plain(compose("train", [f"experiment={name}", *small]))
    result = train(config, tmp_path / "run", f"python -m ferlab.train experiment={name}")
    assert 0 <= result["test"]["accuracy"]["value"] <= 1
    assert math.isfinite(result["test"]["log_loss"]["value"])
    report = (tmp_path / "run" / "report.md").read_text()
    if REPORTED[name] is not None:
        assert result["document"]["caveat"] in report
        assert f"{100 * REPORTED[name]:.1f}" in report
    assert json.loads((tmp_path / "run" / "metrics.json").read_text()) == result


def test_every_experiment_carries_its_documents_figure() -> None:
    assert set(EXPERIMENTS) == set(REPORTED)
    for name, reported in REPORTED.items():
        document = compose("train", [f"experiment={name}"])["document"]
        if document is None:
            assert name in ("d2/res_lstm_attention", "d2/word_bags") and reported is None
            continue
        assert document["reported"] == reported and document["caveat"] and document["row"].startswith(name[:2].upper())


def test_an_experiments_own_values_are_not_lost_and_the_command_line_has_the_last_word() -> None:
    assert compose("train", ["experiment=d4/cnn10"])["batch_size"] == 32
    assert compose("train", ["experiment=d4/cnn10", "batch_size=8"])["batch_size"] == 8
    assert compose("train", ["experiment=d4/cnn10", "model=mlp"])["model"]["name"] == "mlp"
    assert compose("train", ["experiment=d2/cnn4"])["scheduler"]["patience"] == 2


def test_the_documents_recipes() -> None:
    d0, d2, d4, binary = (
        plain(compose("train", [f"experiment={name}"]))
        for name in ("d0/sentiment_cnn", "d2/cnn4", "d4/convnet", "d4/convnet_binary")
    )
    assert d0["augment"]["shear_range"] == d0["augment"]["zoom_range"] == 0.2
    assert d0["trainer"]["max_epochs"] == 90 and d0["data"]["classes"] == ["happy", "sad", "angry"]
    assert d0["loss"]["_target_"].endswith("SigmoidCrossEntropy")
    assert d2["model"]["preprocess"]["scale"] == 1 and d2["batch_size"] == 64 and d2["trainer"]["max_epochs"] == 10
    assert d2["loss"] == {"_target_": "ferlab.losses.BinaryCrossEntropy", "over": "softmax"}
    assert d2["scheduler"]["min_lr"] == 1e-5 and d2["augment"]["rotation_range"] == 0
    assert d4["augment"]["rotation_range"] == 5 and d4["rebalance"]["margin"] == 750
    assert d4["callbacks"]["early_stopping"]["patience"] == 3 and d4["scheduler"]["patience"] == 3
    assert binary["callbacks"]["early_stopping"]["patience"] == 5 and binary["data"]["classes"] == ["happy", "sad"]
    for config in (d0, d2, d4, binary):
        assert config["optimizer"]["eps"] == 1e-7 and config["optimizer"]["lr"] == 1e-3
        assert config["protocol"]["selection"] == "val"


def test_the_documents_recipes_of_transfer() -> None:
    d1, d2, d3, d4 = (
        plain(compose("train", [f"experiment={name}"]))
        for name in ("d1/mobilenetv2", "d2/resnet50_frozen", "d3/densenet169", "d4/resnet50")
    )
    for config, side in ((d1, 224), (d2, 48), (d3, 48), (d4, 96)):
        assert config["model"]["preprocess"]["size"] == side and config["model"]["pretrained"] is True
        assert config["protocol"]["selection"] == "val" and config["optimizer"]["eps"] == 1e-7
    for config in (d1, d4):  # pixels / 255 and nothing else
        preprocess = config["model"]["preprocess"]
        assert (preprocess["scale"], preprocess["mean"], preprocess["std"]) == (pytest.approx(1 / 255), [0.0], [1.0])
    assert d1["batch_size"] == 32 and d1["trainer"]["max_epochs"] == 15 and d1["optimizer"]["lr"] == 1e-3
    assert (d1["rebalance"]["copies"], d1["rebalance"]["from_images"]) == (96, 11)
    assert d1["document"]["comparable"] is False
    assert d2["batch_size"] == 64 and d2["trainer"]["max_epochs"] == 10
    assert d2["fine_tuning"]["unfreeze"] == ["backbone.layer4.2.conv3", "backbone.layer4.2.bn3"]
    assert (d3["seed"], d3["protocol"]["name"], d3["protocol"]["seed"], d3["batch_size"]) == (12, "kaggle", 12, 64)
    head, everything = read(d3["fine_tuning"])
    assert (head.max_epochs, head.patience, head.monitor, head.mode, head.restore_best) == (
        30,
        3,
        "val/loss",
        "min",
        True,
    )
    assert head.freeze == ["*"] and head.unfreeze == ["head"] and head.optimizer is None
    assert d3["optimizer"]["_target_"] == "ferlab.optim.Adam" and d3["optimizer"]["lr"] == 1e-4
    assert (everything.max_epochs, everything.patience, everything.freeze) == (20, None, [])
    assert changed(d3["optimizer"], everything.optimizer) == {
        "_target_": "torch.optim.SGD",
        "_partial_": True,
        "lr": 1e-3,
    }
    assert d3["trainer"]["max_epochs"] == 50
    assert d4["optimizer"]["lr"] == 1e-4 and d4["trainer"]["max_epochs"] == 50 and d4["batch_size"] == 32
    assert d4["callbacks"]["early_stopping"]["patience"] == d4["scheduler"]["patience"] == 3
    (group,) = d4["fine_tuning"]["groups"]
    assert group["match"] == "head.*.weight" and group["weight_decay"] == pytest.approx(2 * 1.77e-4, rel=0.01)


def test_the_fake_is_read_as_the_real_archive_is(archives: Path) -> None:
    samples = Fer2013(root=str(archives), check_counts=False).load()
    assert samples.x.shape[1:] == (48, 48, 1) and set(samples.splits) == {"train", "PublicTest", "PrivateTest"}


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "counts", "kept"),
    [
        ("d2/cnn4", {"train": 28709, "val": 3589, "test": 3589}, 28709),
        ("d4/cnn10", {"train": 17101, "val": 5406, "test": 2755}, 15823),
        ("d4/convnet_binary", {"train": 4068, "val": 1394, "test": 677}, 3983),
        ("d1/mobilenetv2", {"train": 28709, "val": 3589, "test": 3589}, 28709 + 11 * 96),
        ("d2/resnet50_frozen", {"train": 28709, "val": 3589, "test": 3589}, 28709),
        ("d3/densenet169", {"train": 22968, "val": 5741, "test": 7178}, 22968),
        ("d4/resnet50", {"train": 17101, "val": 5406, "test": 2755}, 15823),
    ],
)
def test_the_documents_counts_on_the_real_archives(name: str, counts: dict[str, int], kept: int) -> None:
    from ferlab.run import load_data

    data = load_data(plain(compose("train", [f"experiment={name}"])))
    assert data.assignment.facts["counts"] == counts
    assert len(data.training.indices) == kept
