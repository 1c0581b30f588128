"""A W&B run, written offline and read back: everything in it equals the run folder."""

import csv
import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import wandb
import yaml

from ferlab.errors import FerlabError
from ferlab.evaluation.galleries import confident_errors
from ferlab.evaluation.rows import read_rows
from ferlab.tracking.workspace import definition, workspace
from toy import SMALL, train
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


def test_a_run_that_fails_ends_as_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ferlab import run

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("no report today")

    monkeypatch.setattr(run, "finish", fail)
    with pytest.raises(RuntimeError, match="no report today"):
        train(tmp_path / "run", "logger=wandb_offline", "trainer.max_epochs=1")
    (log,) = read(tmp_path)
    assert log.exit_code == 1 and wandb.run is None


def test_a_live_run_of_the_user_is_left_alone(tmp_path: Path) -> None:
    with wandb.init(mode="offline", dir=str(tmp_path), settings=wandb.Settings(silent=True, console="off")) as live:
        with pytest.raises(FerlabError, match=r"wandb\.finish\(\) first"):
            train(tmp_path / "run", "logger=wandb_offline", "trainer.max_epochs=1")
        assert wandb.run is live
    assert not (tmp_path / "run").exists()


def test_without_a_login_nothing_is_trained_and_nothing_is_asked(tmp_path: Path) -> None:
    bare = {key: value for key, value in os.environ.items() if not key.startswith("WANDB_")}
    bare |= {"HOME": str(tmp_path), "NETRC": str(tmp_path / "none"), "WANDB_CONFIG_DIR": str(tmp_path / "config")}
    command = [sys.executable, "-m", "ferlab.train", "logger=wandb", *SMALL]
    done = subprocess.run(
        command, cwd=tmp_path, env=bare, stdin=subprocess.PIPE, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("ferlab:")]
    assert "not logged in" in line and "wandb login" in line and "logger=wandb_offline" in line
    assert "Traceback" not in done.stderr and "epoch 1" not in done.stdout
    assert not list(tmp_path.glob("runs/*/*"))


@pytest.mark.slow
def test_the_jobs_of_a_multirun_are_runs_of_one_group(tmp_path: Path) -> None:
    words = ["-m", "model=mlp,cnn1d", "logger=wandb_offline", *SMALL, "trainer.max_epochs=1", "figures=false"]
    command = [sys.executable, "-m", "ferlab.train", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    logs = read(tmp_path)
    assert len({log.run.run_id for log in logs}) == 2
    assert {log.run.job_type for log in logs} == {"mlp", "cnn1d"}
    (group,) = {log.run.run_group for log in logs}
    assert group.startswith("train 2")
    for log in logs:
        (folder,) = tmp_path.glob(f"runs/*/{log.run.display_name}")
        assert log.summary["test/accuracy"] == stored(folder)["test"]["accuracy"]["value"]
    # the console shows the run, not W&B's chatter
    assert not [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("wandb:")]
    assert done.stderr == ""


def test_without_a_tracker_nothing_of_it_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import toy; "
        f"toy.train(Path({str(tmp_path / 'run')!r}), 'trainer.max_epochs=1', 'figures=false'); "
        "sys.exit(bool({'wandb', 'tensorboard', 'tensorboardX'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_server_that_does_not_answer_is_told_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise wandb.errors.CommError("no such host")

    monkeypatch.setattr(wandb, "init", refuse)
    with pytest.raises(FerlabError, match=r"cannot be reached \(no such host\).*logger=wandb_offline"):
        train(tmp_path / "run", "logger=wandb_offline", "trainer.max_epochs=1")
    assert not (tmp_path / "run").exists() and "WANDB_DATA_DIR" not in os.environ
