"""Cross-validation: folds trained one after the other, resumed, and pooled into a run folder like any other."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferlab.config import compose, plain
from ferlab.errors import FerlabError
from ferlab.evaluation.joining import joined, pooled
from ferlab.evaluation.run_folder import read_run
from ferlab.studies import cross_validation, parts
from toy import SMALL

COMMAND = "python -m ferlab.cross_validate"
FAST = [*SMALL, "trainer.max_epochs=1", "model=mlp", "trainer.precision=32-true", "figures=false"]
FOLDS = ["protocol=kfold", "protocol.folds=3"]


def config(*overrides: str) -> dict[str, Any]:
    values: dict[str, Any] = plain(compose("cross_validate", [*FAST, *FOLDS, *overrides]))
    return values


def run(folder: Path, *overrides: str) -> dict[str, Any]:
    return cross_validation.cross_validate(config(*overrides), folder, COMMAND, lambda fold: f"fold {fold}")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "cv"
    run(folder)
    return folder


def test_every_sample_is_tested_once_by_the_model_that_did_not_see_it(study: Path) -> None:
    whole, folds = read_run(study), [read_run(study / f"fold-{k}") for k in range(3)]
    test = whole.rows.split("test")
    assert whole.metrics["test"]["n"] == len(test) == 192 and len(set(test.ids)) == 192
    for k, fold in enumerate(folds):
        own = fold.rows.split("test")
        mine = test.take(np.flatnonzero(test.columns["fold"] == k))
        assert sorted(mine.ids) == sorted(own.ids)
        order = np.argsort(own.ids)
        np.testing.assert_array_equal(mine.probabilities, own.probabilities[order])
        assert fold.config["protocol"]["fold"] == k and fold.training["command"] == f"fold {k}"
    right = sum(fold.metrics["test"]["accuracy"]["value"] * fold.metrics["test"]["n"] for fold in folds)
    assert whole.metrics["test"]["accuracy"]["value"] == pytest.approx(right / 192, abs=1e-6)


def test_validation_rows_say_of_which_fold_they_are(study: Path) -> None:
    val = read_run(study).rows.split("val")
    assert len(val) == sum(read_run(study / f"fold-{k}").metrics["val"]["n"] for k in range(3))
    assert all(one.endswith(f" (fold {k})") for one, k in zip(val.ids, val.columns["fold"], strict=True))


def test_facts_of_the_pool(study: Path) -> None:
    whole = read_run(study)
    protocol, folds = whole.metrics["protocol"], whole.metrics["folds"]
    assert protocol["pooled_folds"] == 3 and protocol["fold"] is None and protocol["counts"]["test"] == 192
    assert len({protocol["hash"], *(one["hash"] for one in folds["each"])}) == 4
    values = [one["accuracy"]["value"] for one in folds["each"]]
    assert folds["over"]["accuracy"] == {"mean": np.mean(values), "sd": pytest.approx(np.std(values, ddof=1)), "n": 3}
    assert whole.config["protocol"]["fold"] is None and whole.config["protocol"]["folds"] == 3
    assert sum(whole.metrics["data"]["class_counts"]["test"]) == 192
    assert whole.training["command"] == COMMAND


def test_the_report_shows_folds_without_an_interval_over_them(study: Path, tmp_path: Path) -> None:
    runs = [read_run(study / f"fold-{k}") for k in range(3)]
    cross_validation.pool(tmp_path, config("figures=true"), runs, COMMAND)
    text = (tmp_path / "report.md").read_text()
    assert "## 3 folds" in text and "SYNTHETIC DATA" in text and "which would be too narrow" in text
    drawn = sorted(path.stem for path in (tmp_path / "figures").iterdir())
    assert drawn == ["confusion", "folds", "predictions", "roc", "top_k"]
    assert all(f"figures/{name}.png" in text for name in drawn)


def test_going_on_after_a_lost_fold_gives_the_same_bytes(study: Path, tmp_path: Path, capsys: Any) -> None:
    again = tmp_path / "again"
    shutil.copytree(study, again)
    shutil.rmtree(again / "fold-1")
    for name in ("metrics.json", "predictions.parquet"):
        (again / name).unlink()
    empty = tmp_path / "runs" / "day" / "empty"
    empty.mkdir(parents=True)
    run(empty, f"resume={again}")
    told = capsys.readouterr().out
    assert "fold 2/3" in told and "fold 3/3" not in told and "fold 1/3" not in told
    for name in ("metrics.json", "predictions.parquet", "fold-1/predictions.parquet"):
        assert (again / name).read_bytes() == (study / name).read_bytes(), name
    assert not empty.exists()


def test_going_on_with_another_configuration_is_refused(study: Path, tmp_path: Path) -> None:
    with pytest.raises(FerlabError, match=r"was begun with another seed: expected \{'seed': 0\}, found \{'seed': 1\}"):
        run(tmp_path / "new", f"resume={study}", "seed=1")
    with pytest.raises(FerlabError, match=r"resume: .* has no config\.yaml"):
        run(tmp_path / "new", f"resume={tmp_path}")


def test_an_interrupted_fold_is_trained_anew(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    folder, interrupted = tmp_path / "cv", {"fold-1"}

    def copied(config: dict[str, Any], target: Path, command: str, **more: Any) -> dict[str, Any]:
        shutil.copytree(study / target.name, target)
        file = target / "training.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"interrupted": target.name in interrupted}))
        return read_run(target).metrics

    monkeypatch.setattr(parts, "train", copied)
    with pytest.raises(KeyboardInterrupt):
        run(folder)
    assert f"1 of 3 finished; to go on: the same command with resume={folder}" in capsys.readouterr().out
    assert not (folder / "fold-2").exists() and not (folder / "metrics.json").exists()
    interrupted.clear()
    assert run(tmp_path / "new", f"resume={folder}")["test"]["n"] == 192
    assert not read_run(folder / "fold-1").training["interrupted"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("protocol=official", r"protocol official has no folds; cure: protocol=kfold"),
        ("protocol.folds=1", r"protocol\.folds: expected 2 or more, found 1"),
        ("protocol.folds=500", r"protocol\.folds=500: expected 500 or more samples, found 192"),
        ("protocol.group=actor", r"protocol\.group=actor: no such column"),
        ("trainer.devices=2", r"trainer\.devices=2 .* one ferlab\.train a run"),
    ],
)
def test_what_cannot_be_is_told_before_training(tmp_path: Path, override: str, message: str) -> None:
    folder = tmp_path / "day" / "cv"
    folder.mkdir(parents=True)
    protocol = [] if override.startswith("protocol=") else ["protocol=kfold"]
    values = plain(compose("cross_validate", [*FAST, *protocol, override]))
    with pytest.raises(FerlabError, match=message):
        cross_validation.cross_validate(values, folder, COMMAND, str)
    assert not folder.exists() or override.startswith("trainer")


def test_a_sample_tested_twice_is_refused(study: Path) -> None:
    rows = read_run(study / "fold-0").rows
    with pytest.raises(FerlabError, match="expected each sample tested once"):
        pooled([rows, rows])
    assert len(joined([rows, rows])) == 2 * len(rows)
