"""Test-time augmentation through a run: beside the single view, by hand, and again from the finished run."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ferlab import checkpoint, repeat
from ferlab.checkpoint import Predictor
from ferlab.evaluation.rows import read_rows
from ferlab.transforms.views import TenCrop
from toy import config, train


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same training with and without ten crops."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("none", "ten_crop"):
        train(folder / name, "trainer.max_epochs=1", "figures=false", f"tta={name}")
    return {name: folder / name for name in ("none", "ten_crop")}


def metrics(folder: Path) -> dict:
    return json.loads((folder / "metrics.json").read_text())


def test_the_single_view_stays_what_it_was(runs: dict[str, Path]) -> None:
    with_tta = metrics(runs["ten_crop"])
    tta = with_tta.pop("tta")
    assert with_tta == metrics(runs["none"])
    assert (tta["name"], tta["views"]) == ("ten_crop", 10)
    single, mean = (read_rows(runs["ten_crop"] / f"predictions{end}.parquet") for end in ("", "_tta"))
    assert (single.ids == mean.ids).all() and (single.splits == mean.splits).all()
    assert not np.allclose(single.probabilities, mean.probabilities)
    test = mean.split("test")
    accuracy = (test.preds == test.labels).mean()
    assert tta["test"]["accuracy"]["value"] == pytest.approx(accuracy, abs=1e-6)
    assert tta["difference"]["test"]["value"] == pytest.approx(
        accuracy - with_tta["test"]["accuracy"]["value"], abs=1e-5
    )
    assert not (runs["none"] / "predictions_tta.parquet").exists()


def test_rows_are_the_mean_of_the_views_by_hand(runs: dict[str, Path]) -> None:
    from ferlab.run import load_data

    task = checkpoint.load(runs["ten_crop"] / "checkpoints" / "best.ckpt")
    data = load_data(config())
    x = torch.cat([batch["x"] for batch in data.batches("test")])
    corners = [(0, 0), (0, 3), (3, 0), (3, 3), (1, 1)]
    crops = [x[:, :, top : top + 21, left : left + 21] for top, left in corners]
    with torch.inference_mode():
        each = [task.probabilities(view) for crop in crops for view in (crop, crop.flip(3))]
    mean = read_rows(runs["ten_crop"] / "predictions_tta.parquet").split("test").probabilities
    np.testing.assert_allclose(mean, torch.stack(each).mean(0), atol=1e-5)


def test_repeated_predictions_are_identical() -> None:
    from test_checkpoint import images, task

    predictor = Predictor(task(), views=TenCrop())
    first = predictor.images(images())
    np.testing.assert_array_equal(first, predictor.images(images()))
    np.testing.assert_allclose(first.sum(1), 1, rtol=1e-5)


def test_a_finished_run_gets_them_later_and_is_still_reproduced(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    ten_crop = {"_target_": "ferlab.transforms.views.TenCrop"}
    result = repeat.evaluate(str(runs["none"]), figures=False, tta=ten_crop)
    target = runs["none"] / "evaluation-best"
    assert "reproduced exactly" in capsys.readouterr().out
    assert result["tta"] == metrics(runs["ten_crop"])["tta"] == metrics(target)["tta"]
    mean, trained = (read_rows(f / "predictions_tta.parquet") for f in (target, runs["ten_crop"]))
    np.testing.assert_array_equal(mean.probabilities, trained.probabilities)
    # without it again: no rows of another evaluation are left lying there
    assert "tta" not in repeat.evaluate(str(runs["none"]), figures=False)
    assert not (target / "predictions_tta.parquet").exists()


def test_a_run_with_views_repeats_them_and_notices_when_they_differ(
    runs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert repeat.evaluate(str(runs["ten_crop"]), figures=False)["tta"] == metrics(runs["ten_crop"])["tta"]
    assert "reproduced exactly" in capsys.readouterr().out
    assert "tta" not in repeat.evaluate(str(runs["ten_crop"]), figures=False, tta={})
    assert "reproduced exactly" in capsys.readouterr().out
    path = runs["ten_crop"] / "metrics.json"
    stored, text = metrics(runs["ten_crop"]), path.read_text()
    stored["tta"]["test"]["accuracy"]["value"] += 0.01
    path.write_text(json.dumps(stored))
    repeat.evaluate(str(runs["ten_crop"]), figures=False)
    assert "NOT reproduced" in capsys.readouterr().out
    path.write_text(text)


def test_both_lines_are_shown(runs: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    repeat.evaluate(str(runs["ten_crop"]), figures=False)
    printed = capsys.readouterr().out
    assert "accuracy, ten_crop" in printed and "ten_crop less the single view, test accuracy:" in printed
    report = (runs["ten_crop"] / "report.md").read_text()
    assert "## Test-time augmentation: ten_crop" in report
    accuracy = metrics(runs["ten_crop"])["tta"]["test"]["accuracy"]
    assert f"{100 * accuracy['value']:.1f} % ({100 * accuracy['low']:.1f} to {100 * accuracy['high']:.1f})" in report
    assert "Test-time" not in (runs["none"] / "report.md").read_text()


def test_a_model_trained_on_crops_is_asked_for_crops(tmp_path: Path) -> None:
    options = ["augment=crop44", "augment.steps.crop.size=20", "model.preprocess.crop=20", "tta=ten_crop"]
    result = train(tmp_path / "run", "trainer.fast_dev_run=true", "figures=false", *options)
    assert result["tta"]["views"] == 10
    task_path = tmp_path / "run" / "config.yaml"
    assert "crop: 20" in task_path.read_text()
