"""The road of several labels a sample, from training to comparison, on small made pictures."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferlab.errors import FerlabError
from toy import config
from traits import TRAITS, load_patches

SMALL = ["model=mlp", "augment=none", "optimizer.lr=0.002", "trainer.max_epochs=3"]


@pytest.fixture(autouse=True)
def patches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferlab.run.load_data", load_patches)
    monkeypatch.setattr("ferlab.repeat.load_data", load_patches)


def train(folder: Path, *overrides: str) -> dict[str, Any]:
    from ferlab.run import train as run

    return run(config(*SMALL, "protocol=holdout", *overrides), folder, "python -m ferlab.train")


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def test_trained_reported_and_evaluated_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from ferlab import checkpoint
    from ferlab.evaluation.measure import measure
    from ferlab.evaluation.rows import read_rows
    from ferlab.repeat import evaluate

    folder = tmp_path / "run"
    result = train(folder, "figures=false")
    printed = capsys.readouterr().out
    assert "labels, test, n = 18" in printed
    assert all(name in printed for name in TRAITS)
    rows = read_rows(folder / "predictions.parquet")
    metrics = read(folder / "metrics.json")
    assert metrics == json.loads(json.dumps(result))
    # the bright corners are learnt
    assert metrics["test"]["traits"]["EXT"]["accuracy"]["value"] > 0.8
    assert metrics["data"]["kind"] == "multilabel"
    labels = load_patches(config("protocol=holdout")).samples.labels
    train_rows = load_patches(config("protocol=holdout")).assignment.indices["train"]
    larger = {name: "yes" if labels[train_rows, i].mean() > 0.5 else "no" for i, name in enumerate(TRAITS)}
    assert {name: one["majority"]["label"] for name, one in metrics["test"]["traits"].items()} == larger
    assert measure(rows, "test", majority=larger) == metrics["test"]
    kept = checkpoint.kept_thresholds(checkpoint.load(folder / "checkpoints" / "best.ckpt"))
    assert kept == rows.meta["thresholds"]
    report = (folder / "report.md").read_text()
    assert "## Labels, on test" in report
    assert "| **samples** | 87 | 15 | 18 |" in report
    assert "## Classes, on test" not in report

    evaluate(str(folder), figures=False)
    assert "metrics.json of the run is reproduced exactly" in capsys.readouterr().out


def test_a_kept_threshold_decides_whatever_the_configuration_says_later(tmp_path: Path) -> None:
    from ferlab import checkpoint
    from ferlab.checkpoint import Predictor
    from ferlab.evaluation.rows import read_rows
    from ferlab.repeat import evaluate

    folder = tmp_path / "run"
    train(folder, "figures=false", "thresholds=0.2", "trainer.max_epochs=1")
    best = folder / "checkpoints" / "best.ckpt"
    assert checkpoint.kept_thresholds(checkpoint.load(best)) == dict.fromkeys(TRAITS, 0.2)
    rows = read_rows(folder / "predictions.parquet")
    assert np.array_equal(rows.preds, (rows.probabilities[:, 1].astype(np.float64) >= 0.2).astype(int))
    checkpoint.amend(best, {"thresholds": {"EXT": 0.9, "NEU": 0.2, "AGR": 0.2}})
    evaluate(str(folder), figures=False)
    again = read_rows(folder / "evaluation-best" / "predictions.parquet")
    ext = again.columns["trait"] == "EXT"
    assert np.array_equal(again.preds[ext], (again.probabilities[ext, 1].astype(np.float64) >= 0.9).astype(int))
    # a temperature moves probabilities and thresholds alike
    task = checkpoint.load(best)
    plain, calibrated = Predictor(task), Predictor(task, temperature=2.0)
    assert calibrated.thresholds is not None
    assert calibrated.thresholds["EXT"] == pytest.approx(0.75)  # logit(.9) / 2
    x = np.random.default_rng(0).integers(0, 255, (16, 24, 24, 1)).astype(np.uint8)
    said = [p.images(x) >= list((p.thresholds or {}).values()) for p in (plain, calibrated)]
    assert np.array_equal(*said)


def test_the_ancestors_loss_is_marked_everywhere_and_decides_at_a_fifth(tmp_path: Path) -> None:
    from ferlab.evaluation.rows import read_rows

    folder = tmp_path / "run"
    result = train(folder, "figures=false", "loss=softmax_over_labels", "trainer.max_epochs=1")
    mark = "softmax over traits that are not exclusive"
    assert mark in result["protocol"]["marks"]
    assert mark in (folder / "report.md").read_text()
    rows = read_rows(folder / "predictions.parquet")
    assert rows.meta["thresholds"] == dict.fromkeys(TRAITS, 0.2)
    p = rows.probabilities[:, 1].reshape(-1, len(TRAITS))
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-4)


@pytest.mark.slow
def test_folds_are_pooled_and_runs_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ferlab.evaluation.pages.comparing import compare
    from ferlab.evaluation.pages.slicing import slices
    from ferlab.evaluation.rows import read_rows
    from ferlab.studies import cross_validation
    from ferlab.studies.cross_validation import cross_validate
    from traits import Patches

    build = cross_validation.build
    monkeypatch.setattr(
        cross_validation, "build", lambda values: Patches() if "SyntheticFaces" in str(values) else build(values)
    )
    folders = []
    for seed in (0, 1):
        values = config(*SMALL, "trainer.max_epochs=1", "protocol=kfold", "protocol.folds=3", f"seed={seed}")
        folders.append(tmp_path / f"cv{seed}")
        result = cross_validate({**values, "figures": seed == 0, "resume": None}, folders[-1], "cv", str)
    rows = read_rows(folders[1] / "predictions.parquet")
    test = rows.split("test")
    assert len(test) == 120 * 3
    assert result["test"]["n"] == 120
    known = rows.meta["thresholds"]
    assert len(known) == 3
    limits = np.array([known[f][t] for f, t in zip(test.columns["fold"], test.columns["trait"], strict=True)])
    assert np.array_equal(test.preds, (test.probabilities[:, 1].astype(np.float64) >= limits).astype(int))
    assert result["test"]["traits"]["NEU"]["threshold"] == [one["NEU"] for one in known]
    drawn = {path.stem for path in (folders[0] / "figures").glob("*.png")}
    assert drawn == {"folds", "labels", "confusion", "roc", "predictions", "reliability"}

    found = compare([str(folder) for folder in folders], "accuracy", "test", None, "runs", 200)
    assert set(found["pairs"][0]["traits"]) == set(TRAITS)
    sliced = slices(str(folders[0]), "trait", "auroc_macro", None, "test", 4, "predictions.parquet", None, 200)
    assert [one["value"] for one in sliced["slices"]] == sorted(TRAITS)


@pytest.mark.parametrize("wanted", ["thresholds=test", "thresholds=1.5"])
def test_a_mistyped_threshold_is_told_before_anything_is_written(tmp_path: Path, wanted: str) -> None:
    with pytest.raises(FerlabError, match="thresholds: expected validation"):
        train(tmp_path / "run", wanted)
    assert not (tmp_path / "run").exists()


def test_losses_and_rebalancing_that_need_one_class_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FerlabError, match="this one is multilabel; cure: loss=cross_entropy"):
        train(tmp_path / "run", "loss=hinge")
    with pytest.raises(FerlabError, match="multilabel"):
        train(tmp_path / "run", "rebalance=class_weights")
