"""When a W&B run begins and ends: the login, a live run, a failure, the jobs of a multirun."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import wandb

from ferlab.errors import FerlabError
from toy import SMALL, train
from wandb_log import read


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
        assert (
            log.summary["test/accuracy"]
            == json.loads((folder / "metrics.json").read_text())["test"]["accuracy"]["value"]
        )
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
