"""W&B's sweep files: each draw is a command that composes, and the metric is one that a run logs."""

import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

from ferlab import metrics
from ferlab.config import compose, conf_dir, plain
from ferlab.spec import TaskSpec

FILES = sorted((conf_dir() / "sweep").glob("*.yml"))


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def draws(sweep: dict[str, Any]) -> list[dict[str, Any]]:
    """Return three draws: the first, a middle and the last value of each list, both ends of each range."""
    sides = {}
    for name, one in sweep["parameters"].items():
        assert set(one) <= {"values", "distribution", "min", "max", "q"}, name
        sides[name] = one["values"] if "values" in one else [one["min"], one["max"]]
    return [{name: values[i * (len(values) - 1) // 2] for name, values in sides.items()} for i in range(3)]


def words(sweep: dict[str, Any], draw: dict[str, Any]) -> list[str]:
    """Return the command that W&B's agent starts for a draw, as the agent makes it."""
    made = create_sweep_command_args({"args": {name: {"value": value} for name, value in draw.items()}})
    made |= {"env": ["/usr/bin/env"], "interpreter": ["python"], "program": [sweep["program"]]}
    command: list[str] = []
    for part in create_sweep_command(sweep["command"]):
        macro = part.startswith("${") and part.endswith("}")
        command += made[part[2:-1]] if macro else [part]
    return command


def test_there_are_sweeps_and_hydra_takes_none_for_an_option() -> None:
    assert {path.stem for path in FILES} >= {"d4_cnn10", "d4_resnet50", "seeds", "recipe"}
    assert not list((conf_dir() / "sweep").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_draw_is_a_command_that_composes(path: Path) -> None:
    sweep = read(path)
    for draw in draws(sweep):
        command = words(sweep, draw)
        assert command[:4] == ["/usr/bin/env", "python", "-m", "ferlab.train"]
        config = plain(compose("train", command[4:]))
        assert "wandb" in config["logger"]
        for name, value in draw.items():
            at: Any = config
            for key in name.split("."):
                at = at[key]
            if isinstance(at, dict) and name in ("model", "optimizer", "augment"):
                continue  # a group: what it composes to is its own affair
            expected = yaml.safe_load(value) if isinstance(value, str) else value
            assert at == expected, name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_metric_is_one_of_validation_that_every_run_logs(path: Path) -> None:
    sweep = read(path)
    spec = TaskSpec(kind="multiclass", labels=("a", "b", "c"), modality="image", shape=(24, 24, 1))
    logged = {"val/loss", *metrics.collection(spec).clone(prefix="val/").keys()}
    assert sweep["metric"]["name"] in logged
    assert sweep["metric"]["goal"] == ("minimize" if sweep["metric"]["name"] == "val/loss" else "maximize")


def test_the_search_of_document_d4() -> None:
    space = read(conf_dir() / "sweep" / "d4_cnn10.yml")["parameters"]
    for name in ("model.net.dropout_1", "model.net.dropout_2"):
        assert (space[name]["min"], space[name]["max"]) == (0.1, 0.5)
    assert (space["model.net.units"]["min"], space["model.net.units"]["max"]) == (32, 256)
    assert space["optimizer.lr"]["values"] == [1e-2, 1e-3, 1e-4]
    space = read(conf_dir() / "sweep" / "d4_resnet50.yml")["parameters"]
    assert space["model.net.units"]["values"] == [f"[{units}]" for units in range(32, 513, 32)]
    decays = [yaml.safe_load(value)[0]["weight_decay"] / 2 for value in space["fine_tuning.groups"]["values"]]
    assert [round(math.log10(decay)) for decay in decays] == [-5, -4, -3, -2]
