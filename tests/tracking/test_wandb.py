"""A W&B run, written offline and read back: everything in it equals the run folder."""

import csv
import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import wandb
import yaml

from ferlab.evaluation.figures.galleries import confident_errors
from ferlab.evaluation.rows import read_rows
from ferlab.tracking.workspace import definition, workspace
from toy import train
from wandb_log import Log, read

CALLBACKS = "callbacks=[gradcam,feature_maps,throughput,memory]"
SHORT = ("logger=wandb_offline", "trainer.max_epochs=2", "rebalance=undersample", "rebalance.margin=2", CALLBACKS)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Log]:
    folder = tmp_path_factory.mktemp("runs") / "one"
    train(folder, *SHORT, "logger.wandb.group=g", "logger.wandb.tags=[mine]")
    (log,) = read(folder)
    return folder, log


def stored(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return found


def test_the_run_says_what_it_is(finished: tuple[Path, Log]) -> None:
    folder, log = finished
    assert (log.run.project, log.run.run_group, log.run.job_type) == ("ferlab", "g", "cnn10")
    assert log.run.display_name == folder.name and log.exit_code == 0
    assert wandb.run is None and "WANDB_DATA_DIR" not in os.environ and os.environ["WANDB_MODE"] == "offline"


def test_the_configuration_is_the_runs(finished: tuple[Path, Log]) -> None:
    folder, log = finished
    written = yaml.safe_load((folder / "config.yaml").read_text())
    assert {key: log.config[key] for key in written} == written


def test_the_curves_are_those_of_metrics_csv(finished: tuple[Path, Log]) -> None:
    folder, log = finished
    rows = list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))
    for name in ("train/loss", "train/accuracy", "val/loss", "val/accuracy", "lr"):
        ours = [float(row[name]) for row in rows if row[name]]
        assert len(ours) == 2 and log.series(name) == pytest.approx(ours), name


def test_the_summary_is_metrics_json(finished: tuple[Path, Log]) -> None:
    folder, log = finished
    result = stored(folder)
    for split in ("val", "test"):
        for name in ("accuracy", "f1_macro", "recall_macro", "auroc_macro", "log_loss", "top2"):
            for bound, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
                assert log.summary[f"{split}/{name}{suffix}"] == result[split][name][bound], (split, name, bound)
        assert log.summary[f"{split}/n"] == result[split]["n"] == 48
        assert log.summary[f"{split}/recall/happy"] == result[split]["per_class"]["happy"]["recall"]["value"]
    assert log.summary["chosen_epoch"] == result["checkpoint"]["chosen_epoch"]
    assert log.summary["synthetic"] is True and log.summary["marks"] == ""
    assert log.summary["protocol"] == f"official {result['protocol']['hash']}"


def test_the_tags_say_where_the_figures_come_from(finished: tuple[Path, Log]) -> None:
    assert set(finished[1].run.tags) == {"mine", "synthetic_faces", "official", "synthetic"}


def test_the_confusion_matrix_and_the_class_counts(finished: tuple[Path, Log]) -> None:
    folder, log = finished
    result = stored(folder)
    names = result["test"]["labels"]
    cells = {(true, said): n for true, said, n in log.table("test/confusion_table")["data"]}
    assert [[cells[true, said] for said in names] for true in names] == result["test"]["confusion"]
    counts = result["data"]["class_counts"]
    assert log.table("classes/train_table")["data"] == [list(pair) for pair in zip(names, counts["train"], strict=True)]
    after = log.table("classes/train_after_rebalancing_table")["data"]
    assert [n for _, n in after] == counts["train after rebalancing"] != counts["train"]


def test_the_curves_of_each_class_have_the_areas_of_metrics_json(finished: tuple[Path, Log]) -> None:
    folder, log = finished
    for label, one in stored(folder)["test"]["per_class"].items():
        points = [(x, y) for name, x, y in log.table("test/roc_table")["data"] if name == label]
        area = sum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in pairwise(points))
        assert area == pytest.approx(one["auroc"]["value"], abs=1e-3)
        recall = [(x, y) for name, x, y in log.table("test/precision_recall_table")["data"] if name == label]
        assert recall[-1] == (1, pytest.approx(one["support"] / 48, abs=1e-4))


def test_the_tables_show_errors_and_evidence(finished: tuple[Path, Log]) -> None:
    folder, log = finished
    rows = read_rows(folder / "predictions.parquet").split("test")
    errors = log.table("test/errors")
    wrong = rows.take(confident_errors(rows, 64))
    column = errors["columns"].index("id")
    assert [row[column] for row in errors["data"]] == wrong.ids.tolist()
    assert all(
        row[errors["columns"].index("true")] != row[errors["columns"].index("predicted")] for row in errors["data"]
    )
    gradcam = log.table("test/gradcam")
    assert len(gradcam["data"]) == 14 and {row[4] for row in gradcam["data"]} == set(rows.names)
    (pictures,) = (files for name, files in log.artifacts.items() if "gradcam" in name)
    cells = [cell for row in gradcam["data"] for cell in row[1:4]]
    assert {cell["path"] for cell in cells} <= pictures.keys()
    assert {(cell["width"], cell["height"]) for cell in cells} == {(144, 144)}
    # below the run folder, so that it alone can be sent later
    assert all(path.is_file() and folder.resolve() in path.parents for path in pictures.values())


def test_the_chosen_weights_and_the_configuration_are_artifacts(finished: tuple[Path, Log]) -> None:
    folder, log = finished
    assert log.artifacts[f"model-{log.run.run_id}"] == {"best.ckpt": (folder / "checkpoints" / "best.ckpt").resolve()}
    kept = log.artifacts[f"run-{log.run.run_id}"]
    assert kept == {name: (folder / name).resolve() for name in ("config.yaml", "metrics.json", "report.md")}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_panel_of_the_dashboard_has_something_to_show(finished: tuple[Path, Log]) -> None:
    logged = {key for row in finished[1].history for key in row} | finished[1].summary.keys()
    shown = set()

    def collect(values: Any) -> None:
        if isinstance(values, dict):
            for name in ("metrics", "mediaKeys"):
                shown.update(values.get(name) or ())
            # a chart's table, and the key of a table's own panel
            shown.update(values[name] for name in ("xAxis", "parameterConf") if isinstance(values.get(name), str))
            if values.get("name") == "tableKey":
                shown.add(values["value"])
            for value in values.values():
                collect(value)
        elif isinstance(values, list):
            for value in values:
                collect(value)

    text = definition(workspace("me", "mine", "board"))
    collect(json.loads(text)["section"]["panelBankConfig"]["sections"])
    assert {"test/accuracy_low", "val/loss", "test/confusion_table", "training/gradcam"} <= shown
    assert shown - {"_step"} <= logged
    assert {key for key in ("test/gradcam", "test/errors") if f'"{key}"' in text} == {"test/gradcam", "test/errors"}


def test_pictures_of_real_people_stay_here_unless_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ferlab.data.synthetic.faces import SyntheticFaces

    load = SyntheticFaces.load

    def real(self: SyntheticFaces) -> Any:
        samples = load(self)
        object.__setattr__(samples, "synthetic", False)
        return samples

    monkeypatch.setattr(SyntheticFaces, "load", real)
    short = ("logger=wandb_offline", "trainer.max_epochs=1", "callbacks=gradcam", "callbacks.gradcam.every=1")
    train(tmp_path / "kept", *short)
    train(tmp_path / "asked", *short, "logger.wandb.images=true", "logger.wandb.checkpoint=false")
    asked, kept = read(tmp_path)
    keys = {key for row in kept.history for key in row}
    shown = {
        "test/errors",
        "test/gradcam",
        "figures/samples",
        "figures/gradcam",
        "figures/misclassified",
        "training/gradcam",
    }
    assert "figures/confusion" in keys and not keys & shown
    assert shown <= {key for row in asked.history for key in row}
    (row,) = (row for row in asked.history if "training/gradcam" in row)
    assert row["trainer/global_step"] == 2  # the third step ended the epoch
    assert not any("model" in name for name in asked.artifacts) and any("model" in name for name in kept.artifacts)
    assert "synthetic" not in kept.run.tags and kept.summary["synthetic"] is False
