"""The leakage study: runs under each protocol, resumed, and what its entry refuses."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ferlab.config import compose, plain
from ferlab.errors import FerlabError
from ferlab.evaluation.run_folder import read_run
from ferlab.studies.leakage import leakage
from toy import SMALL

FAST = [*SMALL, "trainer.max_epochs=2", "model=mlp", "trainer.precision=32-true", "figures=false"]


def run(folder: Path, *protocols: str, seeds: tuple[int, ...] = (0,), resume: str = "null") -> dict[str, Any]:
    names = [*FAST, f"protocols=[{','.join(protocols)}]", f"resume={resume}"]
    configs = {name: plain(compose("leakage", [*names, "protocol=official"])) for name in protocols}
    if "legacy_d2" in configs:
        # as it is, but over the splits that synthetic faces have
        configs["legacy_d2"]["protocol"] |= {"name": "legacy_d2", "val": ["test"], "selection": "test"}
    return leakage(configs, seeds, folder, "all of it", lambda name, seed, fold: f"{name} {seed} {fold}")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "leakage"
    run(folder, "official", "legacy_d2")
    return folder


def test_each_run_is_a_whole_one_under_its_protocol(study: Path) -> None:
    for name, mark in (("official", []), ("legacy_d2", ["selected on test"])):
        one = read_run(study / f"{name}-s0")
        assert one.metrics["protocol"]["name"] == name and one.metrics["protocol"]["marks"] == mark
        assert one.training["command"] == f"{name} 0 None" and "protocols" not in one.config


def test_differences_are_those_of_the_runs(study: Path) -> None:
    found = json.loads((study / "leakage.json").read_text())
    values = [read_run(study / f"{name}-s0").metrics["test"]["accuracy"]["value"] for name in ("legacy_d2", "official")]
    gap = found["differences"]["legacy_d2"]
    assert gap["accuracy"]["value"] == pytest.approx(values[0] - values[1], abs=2e-6)
    assert gap["shared"] == gap["union"] == found["protocols"]["official"]["n"]
    page = (study / "leakage.md").read_text()
    assert "SYNTHETIC DATA" in page and "selected on test" in page and "![leakage](leakage.png)" in page
    assert (study / "leakage.png").is_file() and "all of it" in page


def test_all_folds_of_a_protocol_are_pooled_beside_another(tmp_path: Path, capsys: Any) -> None:
    configs = {
        name: plain(compose("leakage", [*FAST, "protocols=[a,b]", f"protocol={name}"])) for name in ("official",)
    }
    kfold = plain(compose("leakage", [*FAST, "protocols=[a,b]", "protocol=kfold"]))
    kfold["protocol"] |= {"folds": 2, "fold": None}
    configs["kfold"] = kfold
    arguments = ((0, 1), tmp_path / "study", "all of it", lambda name, seed, fold: f"{name} {seed} {fold}")
    found = leakage(configs, *arguments)
    pooled = read_run(tmp_path / "study" / "kfold-s1")
    assert found["protocols"]["kfold"]["n"] == pooled.metrics["test"]["n"] == 192
    assert pooled.training["command"] == "kfold 1 None"
    assert read_run(tmp_path / "study" / "kfold-s1" / "fold-1").training["command"] == "kfold 1 1"
    assert "2 folds pooled" in (tmp_path / "study" / "leakage.md").read_text()
    assert "run 6/6" in capsys.readouterr().out
    again = {name: {**config, "resume": str(tmp_path / "study")} for name, config in configs.items()}
    assert leakage(again, (0, 1), tmp_path / "other", *arguments[2:]) == found
    assert "run " not in capsys.readouterr().out.replace("run folder", "")


def test_a_finished_run_of_another_configuration_is_no_part(study: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(study, again)
    path = again / "legacy_d2-s0" / "config.yaml"
    path.write_text(path.read_text().replace("batch_size: ", "batch_size: 1"))
    with pytest.raises(FerlabError, match=r"legacy_d2-s0: a finished run with another batch_size than this study's"):
        run(tmp_path / "empty", "official", "legacy_d2", resume=str(again))


def test_going_on_trains_what_is_missing(study: Path, tmp_path: Path, capsys: Any) -> None:
    again = tmp_path / "again"
    shutil.copytree(study, again)
    shutil.rmtree(again / "legacy_d2-s0")
    run(tmp_path / "empty", "official", "legacy_d2", resume=str(again))
    assert "run 2/2" in (told := capsys.readouterr().out) and "run 1/2" not in told
    assert (again / "leakage.json").read_bytes() == (study / "leakage.json").read_bytes()


@pytest.mark.parametrize(
    ("protocols", "seeds", "message"),
    [
        (["official", "legacy_d2"], (), "seeds: expected one or more, found none"),
        (["legacy_d2", "official"], (0,), "must be clean; legacy_d2 is marked 'selected on test'"),
    ],
)
def test_what_makes_no_study_is_told_before_training(
    tmp_path: Path, protocols: list[str], seeds: tuple[int, ...], message: str
) -> None:
    with pytest.raises(FerlabError, match=message):
        run(tmp_path / "study", *protocols, seeds=seeds)
    assert not (tmp_path / "study").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["protocols=[official,offical]"], "no option 'offical' in group protocol; did you mean 'official'"),
        (["protocols=[official,official]"], "protocols: expected a list, each once"),
        (["protocols=[official]", "protocol=kaggle"], "protocol= beside protocols="),
        (["protocols=[official]"], "protocols: expected two or more"),
        ([], "protocols=... is required"),
        (["protocols=[official,dedup]", "folds=3"], "none of official, dedup has folds"),
        (["protocols=[official,kaggle]", "seeds=3"], r"seeds: expected a list, each once, found 3"),
    ],
)
def test_the_entry_says_what_is_wrong(tmp_path: Path, options: list[str], message: str) -> None:
    command = [sys.executable, "-m", "ferlab.leakage", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr
