"""A run from its configuration to its folder, and what becomes of a run that goes wrong."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from ferlab import run
from ferlab.checkpoint import Predictor, load
from ferlab.errors import FerlabError
from ferlab.evaluation.rows import read_rows
from ferlab.repeat import evaluate
from toy import config, train


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "one"
    train(folder, "trainer.max_epochs=2", "scheduler=plateau", "callbacks=early_stopping", "rebalance=class_weights")
    return folder


def test_the_folder_holds_what_the_readme_says(finished: Path) -> None:
    for name in ("config.yaml", "metrics.json", "predictions.parquet", "report.md", "metrics.csv", "training.json"):
        assert (finished / name).is_file(), name
    size = json.loads((finished / "training.json").read_text())["size"]
    # a net's 10 x 10 x 32 values into 224, and the layers before and behind them
    assert size["parameters"] > 3200 * 224 and size["multiply_adds"] > size["parameters"]
    assert {p.name for p in (finished / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    pictures = {p.stem for p in (finished / "figures").glob("*.png")}
    for word in ("learning", "class", "sample", "confusion", "roc", "top", "prediction", "misclassified", "feature"):
        assert any(word in name for name in pictures), (word, pictures)
    assert any("grad" in name for name in pictures)
    assert not [p for p in finished.rglob("*") if p.name.startswith(".")]


def test_the_configuration_is_resolved(finished: Path) -> None:
    text = (finished / "config.yaml").read_text()
    assert "${" not in text
    assert yaml.safe_load(text)["trainer"]["max_epochs"] == 2


def test_rows_are_those_of_validation_and_test(finished: Path) -> None:
    rows = read_rows(finished / "predictions.parquet")
    data = run.load_data(config())
    for split in ("val", "test"):
        assert rows.split(split).ids.tolist() == data.samples.ids[data.assignment.indices[split]].tolist()
        np.testing.assert_array_equal(rows.split(split).labels, data.samples.labels[data.assignment.indices[split]])
    assert rows.meta["synthetic"] is True


def test_a_moved_checkpoint_alone_predicts_the_rows_from_raw_images(finished: Path, tmp_path: Path) -> None:
    moved = shutil.copy(finished / "checkpoints" / "best.ckpt", tmp_path / "model.ckpt")
    rows = read_rows(finished / "predictions.parquet").split("test")
    data = run.load_data(config())
    predictor = Predictor(load(moved))
    p = predictor.images(np.asarray(data.samples.x[data.assignment.indices["test"]]))
    np.testing.assert_array_equal(p, rows.probabilities)
    assert predictor.labels == rows.names


def test_evaluate_reproduces_metrics_exactly(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (finished / "metrics.json").read_bytes()
    evaluate(str(finished), figures=False)
    assert "reproduced exactly" in capsys.readouterr().out
    assert (finished / "evaluation-best" / "metrics.json").read_bytes() == before
    assert (finished / "metrics.json").read_bytes() == before


def test_evaluate_finishes_a_run_that_was_killed(finished: Path, tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    shutil.copytree(finished, killed)
    for name in ("metrics.json", "predictions.parquet", "report.md", "training.json"):
        (killed / name).unlink()
    evaluate(str(killed), figures=False)
    mine, theirs = (json.loads((f / "metrics.json").read_text()) for f in (killed, finished))
    assert mine["test"] == theirs["test"] and mine["checkpoint"] == theirs["checkpoint"]


def test_the_same_seed_gives_the_same_figures_and_another_one_others(tmp_path: Path) -> None:
    short = ("trainer.max_epochs=1", "figures=false", "augment=d4")
    one, two, other = (train(tmp_path / n, *short, f"seed={s}") for n, s in (("a", 1), ("b", 1), ("c", 2)))
    assert one == two
    assert one["test"]["log_loss"] != other["test"]["log_loss"]


def test_it_says_synthetic_everywhere(finished: Path) -> None:
    assert json.loads((finished / "metrics.json").read_text())["data"]["synthetic"] is True
    assert "synthetic" in (finished / "report.md").read_text().lower()


def test_test_data_choose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With other test labels and images, training makes the very same weights."""
    states = []
    for name, broken in (("a", False), ("b", True)):
        real = run.load_data

        def load_data(values: dict[str, Any], real: Any = real, broken: bool = broken) -> Any:
            data = real(values)
            if broken:
                test = data.assignment.indices["test"]
                x, labels = np.array(data.samples.x), data.samples.labels.copy()
                x[test], labels[test] = 255 - x[test], (labels[test] + 1) % len(data.spec.labels)
                object.__setattr__(data.samples, "x", x)
                object.__setattr__(data.samples, "labels", labels)
            return data

        monkeypatch.setattr(run, "load_data", load_data)
        train(tmp_path / name, "trainer.max_epochs=2", "figures=false")
        monkeypatch.setattr(run, "load_data", real)
        states.append(torch.load(tmp_path / name / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"])
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_a_finished_run_is_never_overwritten(finished: Path) -> None:
    before = (finished / "metrics.json").read_bytes()
    with pytest.raises(FerlabError, match="refused to overwrite"):
        train(finished)
    assert (finished / "metrics.json").read_bytes() == before


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data=fer2013"], "synthetic_faces"),
        (["seed=null"], "seed"),
        (["model.preprocess.size=4"], "least|or more"),
        (["protocol=legacy_d2"], "no val samples"),
        (["rebalance=undersample", "rebalance.margin=100000"], "leaves nothing"),
        (["trainer.accelerator=gpu"], "trainer"),
        (["resume=nowhere"], "nowhere"),
        (["data.kind=binary"], "two"),
    ],
)
def test_a_mistake_leaves_no_folder_behind(tmp_path: Path, overrides: list[str], message: str) -> None:
    if "gpu" in overrides[0] and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    folder = tmp_path / "runs" / "day" / "run"
    with pytest.raises(FerlabError, match=message):
        train(folder, *overrides)
    assert not folder.exists()


def test_a_mistake_takes_nothing_from_a_folder_that_was_there(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "photos").mkdir(parents=True)
    (folder / "photos" / "one.txt").write_text("precious")
    with pytest.raises(FerlabError, match="synthetic_faces"):
        train(folder, "data=fer2013")
    assert [str(p.relative_to(folder)) for p in sorted(folder.rglob("*"))] == ["photos", "photos/one.txt"]


def test_fast_dev_run_is_marked_as_no_result(tmp_path: Path) -> None:
    train(tmp_path / "run", "trainer.fast_dev_run=true", "figures=false")
    assert "fast_dev_run" in (tmp_path / "run" / "report.md").read_text()


def test_resume_goes_on_where_the_run_stopped(tmp_path: Path) -> None:
    short = ("figures=false", "augment=none")
    train(tmp_path / "half", "trainer.max_epochs=1", *short)
    train(tmp_path / "rest", "trainer.max_epochs=2", f"resume={tmp_path / 'half'}", *short)
    training = json.loads((tmp_path / "rest" / "training.json").read_text())
    assert training["epochs"] == 2 and training["steps"] == 6
    # the speed counts what this run trained: three steps of 32, the seconds being rounded
    assert training["samples_per_second"] * (training["seconds"] - 0.05) < 1.5 * 96
    with pytest.raises(FerlabError, match="another optimizer"):
        train(tmp_path / "other", f"resume={tmp_path / 'half'}", "optimizer=sgd")
    with pytest.raises(FerlabError, match=r"resume from checkpoints/last\.ckpt"):
        train(tmp_path / "best", f"resume={tmp_path / 'half' / 'checkpoints' / 'best.ckpt'}", *short)


def test_layer_and_class_of_the_explanation_can_be_chosen(finished: Path) -> None:
    sheet = finished / "evaluation-best" / "figures" / "gradcam.png"
    drawn = []
    for explain in ({"layer": None, "target": None}, {"layer": "block1.conv", "target": None}, {"target": "happy"}):
        evaluate(str(finished), explain=explain)
        drawn.append(sheet.read_bytes())
    assert len(set(drawn)) == 3
    with pytest.raises(FerlabError, match="expected one of the classes"):
        evaluate(str(finished), explain={"target": "bored"})
    with pytest.raises(FerlabError, match=r"block1\.conv"):
        evaluate(str(finished), explain={"layer": "block9.conv"})


@pytest.mark.parametrize(
    ("override", "message"), [("seed=x", "seed: expected a whole"), ("batch_size=abc", "batch_size: exp")]
)
def test_what_is_no_whole_number_is_told_and_leaves_no_folder(override: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(FerlabError, match=message):
        train(tmp_path / "run", override)
    assert not (tmp_path / "run").exists()


def test_a_missing_seed_is_told(tmp_path: Path) -> None:
    with pytest.raises(FerlabError, match="seed: a whole number is required"):
        train(tmp_path / "run", "seed=null")
