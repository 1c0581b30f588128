"""Calibration through a run: fitted once, kept in the checkpoint, reproduced, and used by what predicts."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fakes.pictures import colours, encode
from ferlab import checkpoint
from ferlab.errors import FerlabError
from ferlab.evaluation.calibrated import calibrated
from ferlab.evaluation.pages import calibration_words
from ferlab.evaluation.pages.report import render_summary, write_report
from ferlab.evaluation.rows import read_rows
from ferlab.evaluation.temperature import tempered
from ferlab.prediction import predict_files
from ferlab.repeat import evaluate
from ferlab.tracking.summary import summary
from toy import train

WISHES = (0.3, 0.98, 0.99)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "one"
    wished = f"wished_errors={list(WISHES)}".replace(" ", "")
    train(folder, "trainer.max_epochs=3", "model=mlp", "augment=none", "optimizer.lr=0.003", wished)
    return folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


@pytest.fixture
def photos(tmp_path: Path) -> str:
    (tmp_path / "photos").mkdir()
    for i in range(6):
        (tmp_path / "photos" / f"{i}.jpg").write_bytes(encode(colours(i)))
    return str(tmp_path / "photos")


def metrics(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return found


def facts(folder: Path) -> dict[str, Any] | None:
    return checkpoint.calibration(checkpoint.load(folder / "checkpoints" / "best.ckpt"))


def test_rows_stay_as_trained_and_metrics_tell_both(finished: Path) -> None:
    rows, found = read_rows(finished / "predictions.parquet"), metrics(finished)
    assert found["calibration"] == json.loads(json.dumps(calibrated(rows, WISHES)))
    test = found["calibration"]["test"]
    assert test["before"]["nll"]["value"] == found["test"]["log_loss"]["value"]
    assert test["before"]["nll"]["low"] == pytest.approx(found["test"]["log_loss"]["low"], abs=1e-4)
    sure = tempered(rows.split("test").probabilities, found["calibration"]["temperature"]["value"]).max(1)
    assert test["after"]["confidence"]["value"] == pytest.approx(sure.mean(), abs=1e-6)
    val = found["calibration"]["val"]
    assert val["after"]["nll"]["value"] < val["before"]["nll"]["value"]


def test_the_checkpoint_keeps_it_among_plain_values(finished: Path) -> None:
    path, fitted = finished / "checkpoints" / "best.ckpt", metrics(finished)["calibration"]
    kept = facts(finished)
    assert kept is not None and kept["temperature"] == fitted["temperature"]["value"] != 1
    assert (kept["fitted_on"], kept["n"]) == ("val", 48)
    assert [one["threshold"] for one in kept["thresholds"]] == [
        one["guaranteed"]["threshold"] for one in fitted["selective"]["wished"]
    ]
    values = torch.load(path, weights_only=True)
    assert values["epoch"] >= 0 and values["hyper_parameters"]["facts"]["data"]["synthetic"]
    assert {p.name for p in path.parent.iterdir()} == {"best.ckpt", "last.ckpt"}


def test_the_thresholds_are_measured_on_test(finished: Path) -> None:
    found, test = metrics(finished)["calibration"], read_rows(finished / "predictions.parquet").split("test")
    sure = tempered(test.probabilities, found["temperature"]["value"]).max(1)
    chosen = found["selective"]["wished"][2]["guaranteed"]
    kept = sure >= chosen["threshold"]
    assert chosen["test"]["n"] == kept.sum() > 0
    wrong = (test.preds != test.labels)[kept].mean()
    assert chosen["test"]["error"]["value"] == pytest.approx(wrong, abs=1e-6)
    assert chosen["bound"] <= 0.99
    assert found["selective"]["wished"][0]["guaranteed"]["threshold"] is None
    assert "could be bounded by 0.3" in found["selective"]["wished"][0]["guaranteed"]["reason"]


def test_evaluate_reproduces_it_and_leaves_the_checkpoint(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (run / "checkpoints" / "best.ckpt").read_bytes()
    evaluate(str(run), figures=False)
    assert "reproduced exactly" in capsys.readouterr().out
    assert (run / "checkpoints" / "best.ckpt").read_bytes() == before
    evaluate(str(run), figures=False, wished_errors=[0.8])
    assert "reproduced exactly" in capsys.readouterr().out
    kept = facts(run)
    assert kept is not None and [one["wished"] for one in kept["thresholds"]] == [0.8]
    with pytest.raises(FerlabError, match="wished_errors"):
        evaluate(str(run), figures=False, wished_errors=[8])


def test_an_older_run_gets_it_later(run: Path, photos: str, capsys: pytest.CaptureFixture[str]) -> None:
    path, stored = run / "checkpoints" / "best.ckpt", metrics(run)
    checkpoint.amend(path, {"calibration": None})
    assert facts(run) is None
    older = {key: value for key, value in stored.items() if key != "calibration"}
    (run / "metrics.json").write_text(json.dumps(older))
    config = (run / "config.yaml").read_text().splitlines()
    drop = next(i for i, line in enumerate(config) if line.startswith("wished_errors"))
    kept = [line for i, line in enumerate(config) if i not in range(drop, drop + 1 + len(WISHES))]
    (run / "config.yaml").write_text("\n".join(kept) + "\n")
    predict_files(str(path), photos)
    assert "keeps no temperature" in capsys.readouterr().out
    with pytest.raises(FerlabError, match=r"keeps no thresholds; cure: python -m ferlab.evaluate .*\[0.7\]"):
        predict_files(str(path), photos, max_error=0.7)
    evaluate(str(run), figures=False)
    assert "reproduced exactly" in capsys.readouterr().out
    again = facts(run)
    assert again is not None and again["temperature"] == stored["calibration"]["temperature"]["value"]
    # whatever reads metrics.json takes it without
    assert calibration_words.section(older) == calibration_words.summary_rows(older) == []
    write_report(run, older, {})
    render_summary(older)
    assert not [name for name in summary(older, {}) if "calibrat" in name]


def test_predict_says_what_is_calibrated(finished: Path, photos: str, capsys: pytest.CaptureFixture[str]) -> None:
    path, kept = str(finished / "checkpoints" / "best.ckpt"), facts(finished)
    assert kept is not None
    _, p = predict_files(path, photos)
    assert f"calibrated: temperature {kept['temperature']:.2f}, fitted on 48 validation rows" in _one_line(capsys)
    _, raw = predict_files(path, photos, calibrated=False)
    assert "not calibrated (calibrated=false)" in _one_line(capsys)
    np.testing.assert_allclose(p, tempered(raw, kept["temperature"]), atol=1e-6)
    assert (p.argmax(1) == raw.argmax(1)).all() and not np.allclose(p, raw)


def test_predict_is_unsure_below_the_threshold(
    run: Path, photos: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, kept = run / "checkpoints" / "best.ckpt", facts(run)
    _, p = predict_files(str(path), photos)
    middle = float(np.median(p.max(1)))
    assert kept is not None
    checkpoint.amend(
        path, {"calibration": {**kept, "thresholds": [{"wished": 0.1, "threshold": middle, "reason": None}]}}
    )
    out = tmp_path / "out.csv"
    predict_files(str(path), photos, output=str(out), max_error=0.1)
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert list(rows[0])[:3] == ["path", "pred", "sure"]
    assert [row["sure"] == "yes" for row in rows] == (p.max(1) >= middle).tolist()
    said = _one_line(capsys)
    assert said.count("unsure (") == 3 and "3 of 6 answers reach the confidence" in said


@pytest.mark.parametrize(
    ("max_error", "calibration", "message"),
    [
        (
            0.25,
            True,
            r"max_error=0.25: expected one that .*best\.ckpt knows: 0.98, 0.99; cure: .*wished_errors=\[0.25\]",
        ),
        (0.3, True, r"max_error=0.3 cannot be held by .*could be bounded by 0.3.*error rates that can: 0.98, 0.99"),
        (0.99, False, "max_error asks for calibrated probabilities; cure: calibrated=true"),
    ],
)
def test_an_error_rate_that_it_cannot_hold(
    finished: Path, photos: str, max_error: float, calibration: bool, message: str
) -> None:
    with pytest.raises(FerlabError, match=message):
        predict_files(str(finished / "checkpoints" / "best.ckpt"), photos, calibrated=calibration, max_error=max_error)


def test_an_interrupted_amendment_leaves_the_checkpoint_whole(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = run / "checkpoints" / "best.ckpt"
    before = path.read_bytes()

    def stop(values: object, target: Path) -> None:
        Path(target).write_bytes(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint.torch, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.amend(path, {"calibration": {}})
    assert path.read_bytes() == before and len(list(path.parent.iterdir())) == 2


def test_report_summary_and_figures_tell_it(finished: Path) -> None:
    text, found = (finished / "report.md").read_text(), metrics(finished)
    value = found["calibration"]["temperature"]["value"]
    assert "## Calibration" in text and f"Temperature {value:.2f} (fitted on n = 48 validation rows)" in text
    assert "### Answering only when sure" in text and "figures/reliability.png" in text
    assert "figures/risk_coverage.png" in text
    assert f"ECE, temperature {value:.2f}" in str(calibration_words.summary_rows(found))
    logged = summary(found, {})
    assert logged["calibration/temperature"] == value
    assert logged["test/calibrated/ece_low"] <= logged["test/calibrated/ece"] <= logged["test/calibrated/ece_high"]
    on_test = {**found, "protocol": {**found["protocol"], "selection": "test"}}
    assert "Fitted on test" in "\n".join(calibration_words.section(on_test))
    assert "Fitted on test" not in text


def test_without_a_best_checkpoint_nothing_is_kept(tmp_path: Path) -> None:
    found = train(tmp_path / "run", "trainer.fast_dev_run=true", "figures=false")
    assert found["calibration"]["temperature"]["n"] == 48
    assert not (tmp_path / "run" / "checkpoints" / "best.ckpt").exists()


def test_wishes_are_read_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(FerlabError, match=r"wished_errors: .* found \[5\]"):
        train(tmp_path / "run", "wished_errors=[5]")
    assert not (tmp_path / "run").exists()


def _one_line(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())
