"""The dashboard as code: it builds without a network, and its entry says what is missing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ferlab.errors import FerlabError
from ferlab.tracking.workspace import definition, workspace

# the package defines its models in a manner that pydantic has left behind
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def call(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    bare = {key: value for key, value in os.environ.items() if not key.startswith("WANDB_")}
    bare |= {"HOME": str(folder), "NETRC": str(folder / "none"), "WANDB_CONFIG_DIR": str(folder / "config")}
    command = [sys.executable, "-m", "ferlab.dashboard", *words]
    return subprocess.run(command, cwd=folder, env=bare, capture_output=True, text=True, timeout=300, check=False)


def test_it_is_printed_without_a_network(tmp_path: Path) -> None:
    done = call(tmp_path, "project=mine", "name=board")
    assert done.returncode == 0, done.stderr[-2000:]
    sections = json.loads(done.stdout)["section"]["panelBankConfig"]["sections"]
    titles = [section["name"] for section in sections]
    assert titles[:5] == ["Test figures", "Curves", "Classes", "Evidence", "Search"]
    assert all(section["panels"] for section in sections)


def test_storing_it_without_a_login_is_told(tmp_path: Path) -> None:
    done = call(tmp_path, "save=true")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "not logged in" in done.stderr and "wandb login" in done.stderr


def test_without_the_extra_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb_workspaces.workspaces", None)
    with pytest.raises(FerlabError, match=r"ferlab\[dashboard\]"):
        workspace("me", "mine", "board")


def test_test_accuracy_stands_with_its_interval_and_by_model() -> None:
    first, second = json.loads(definition(workspace("me", "mine", "board")))["section"]["panelBankConfig"]["sections"][
        0
    ]["panels"][:2]
    assert first["config"]["metrics"] == ["test/accuracy_low", "test/accuracy", "test/accuracy_high"]
    assert second["config"]["groupBy"] == "model.value.name" and second["config"]["groupArea"] == "minmax"
