"""The throughput experiment: its arithmetic, the process beside it, and that its command runs."""

import ast
import csv
import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ferlab.build import build
from ferlab.config import compose, plain

FOLDER = Path(__file__).parents[2] / "experiments" / "throughput"


@pytest.fixture(scope="module")
def table():
    spec = importlib.util.spec_from_file_location("throughput_table", FOLDER / "table.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def keras_side(monkeypatch):
    before = set(sys.modules)
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module("keras_side")
    # their names are those of that folder alone
    for name in {"keras_side", "cases", "stopwatch"} - before:
        sys.modules.pop(name, None)


def rows(table):
    bare = table.Row("step", "cnn4", "bare loop", "ms", [100.0, 200.0, 100.0])
    mine = table.Row("step", "cnn4", "ferlab", "ms", [104.0, 206.0, 120.0], against=bare, compare="cost", bound=0.05)
    slow = table.Row("usual", "cnn4", "usual", "ms", [150.0, 340.0, 170.0], against=bare, compare="times", bound=1.6)
    read = table.Row("read", "zip", "to array", "s", [9.0, 16.0, 10.0], bound=15.0)
    return bare, mine, slow, read


def test_ratios_are_taken_within_a_round(table):
    _, mine, slow, read = rows(table)
    assert mine.compared == pytest.approx(0.04)
    assert slow.compared == pytest.approx(1.7)
    assert read.compared is None


def test_bounds_are_judged_by_the_median(table):
    _, mine, slow, read = rows(table)
    assert mine.cells()[2:] == ["120 ms", "104 to 206", "+4.0 %", "at most +5 %: kept"]
    assert slow.cells()[-2:] == ["1.70 times as long", "at least 1.6 times: kept"]
    assert read.cells()[-1] == "at most 15 s: kept"
    mine.bound, slow.bound, read.bound = 0.03, 1.8, 9.5
    assert all(row.cells()[-1].endswith("MISSED") for row in (mine, slow, read))


def test_rates_are_told_as_rates(table):
    theirs = table.Row("augment", "48x48x1", "albumentations", "images/s", [4000.0, 5000.0, 4000.0])
    mine = table.Row("augment", "48x48x1", "ferlab", "images/s", [24000.0, 20000.0, 28000.0], theirs, "rate", 5)
    assert mine.cells()[-2:] == ["6.00 times as many", "at least 5 times: kept"]
    mine.bound = 6.5
    assert mine.cells()[-1] == "at least 6.5 times: MISSED"


def test_what_was_not_measured_is_said(table):
    assert "not measured: FERLAB_DATA" in table.Row("read", "zip", "to array", "s", bound=15.0).cells()[2]
    assert "not measured: needs --keras" in table.Row("keras", "a", "b", "ms", needs="needs --keras FOLDER").cells()[2]


CHILD = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if asked["steps"] == 0:
        sys.exit("no steps, no time")
    print(json.dumps({"ms": asked["batch"] + asked["steps"], "parameters": 1}), flush=True)
"""


def test_the_process_beside_answers_again_and_again_and_ends(keras_side, tmp_path):
    case = keras_side.Case("cnn4", 48, 1, 64, 20, "d2", real=())
    with keras_side.Keras([sys.executable, "-c", CHILD]) as keras:
        assert keras.step(case, tmp_path, 5) == 69
        assert keras.step(case, tmp_path, 6) == 70
    assert keras.process.returncode == 0


def test_the_process_beside_dies_with_its_words(keras_side, tmp_path):
    case = keras_side.Case("cnn4", 48, 1, 64, 20, "d2", real=())
    with (
        keras_side.Keras([sys.executable, "-c", CHILD]) as keras,
        pytest.raises(RuntimeError, match=r"Keras ended with 1:\nno steps, no time"),
    ):
        keras.step(case, tmp_path, 0)


def test_keras_gets_an_environment_of_its_own_once(keras_side, tmp_path, monkeypatch):
    monkeypatch.setattr(keras_side, "HERE", tmp_path / "experiments" / "throughput")
    uv = tmp_path / ".cache" / "uv" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    uv.chmod(0o755)
    # none but the one that `make setup` leaves
    monkeypatch.setenv("PATH", "/bin")
    python = keras_side.environment(tmp_path / "tf")
    assert python == tmp_path / "tf" / "bin" / "python"
    made, installed = (tmp_path / "asked").read_text().splitlines()
    assert made.startswith("venv ") and made.endswith(str(tmp_path / "tf"))
    assert installed == f"pip install --python {python} tensorflow-cpu scipy pillow"
    python.parent.mkdir(parents=True)
    python.touch()
    keras_side.environment(tmp_path / "tf")
    assert len((tmp_path / "asked").read_text().splitlines()) == 2


def test_keras_trains_what_ferlab_trains():
    """Its script asserts these counts of Keras' own networks; here they are those of ferlab's."""
    tree = ast.parse((FOLDER / "keras_child.py").read_text())
    (stated,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PARAMETERS"
    )
    shapes = {"cnn4": ((1, 48, 48), 7), "sentiment_cnn": ((3, 64, 64), 3), "cnn10": ((3, 96, 96), 8)}
    assert set(stated) == set(shapes)
    for name, (shape, classes) in shapes.items():
        net = build(plain(compose("train", [f"model={name}"]))["model"]["net"], shape, classes)
        learnt = sum(p.numel() for p in net.parameters())
        moving = sum(b.numel() for key, b in net.named_buffers() if "running" in key)
        assert stated[name] == learnt + moving


def test_a_gpu_that_is_not_there_is_said():
    command = [sys.executable, str(FOLDER / "run.py"), "--device", "cuda"]
    done = subprocess.run(command, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""}, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.endswith("error: torch finds no GPU on this machine\n")


def test_readme_keeps_its_words_and_takes_the_latest_table(table, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    table.write(list(rows(table)), 3, "synthetic images", tmp_path)
    once = readme.read_text()
    table.write(list(rows(table)), 3, "synthetic images", tmp_path)
    assert readme.read_text() == once
    assert once.startswith("before\n")
    assert once.endswith("after\n")
    assert "old" not in once
    assert (tmp_path / "results.md").read_text() in once
    values = list(csv.DictReader((tmp_path / "results.csv").read_text().splitlines()))
    assert len(values) == 12
    assert values[4] == {
        "section": "step", "case": "cnn4", "arm": "ferlab", "repeat": "1", "value": "206", "unit": "ms"
    }  # fmt: skip


def test_a_section_by_itself_leaves_the_others(table, tmp_path):
    table.write(list(rows(table)), 3, "synthetic images", tmp_path)
    before = (tmp_path / "results.md").read_text()
    first = list(csv.reader((tmp_path / "results.csv").read_text().splitlines()))
    for value in (1.0, 2.0):
        table.write([table.Row("words", "essays", "ferlab", "s", [value])], 1, "real data", tmp_path)
    after = (tmp_path / "results.md").read_text()
    assert after.startswith(before)
    assert after.count("### words\n\nMeasured by itself, medians of 1, real data.\n\n| what") == 1
    assert "| essays | ferlab | 2 s |" in after and "| 1 s |" not in after
    last = list(csv.reader((tmp_path / "results.csv").read_text().splitlines()))
    assert last == [*first, ["words", "essays", "ferlab", "0", "2", "s"]]


@pytest.mark.slow
def test_command_of_the_readme_runs(tmp_path):
    pytest.importorskip("albumentations")
    pytest.importorskip("librosa")
    command = [sys.executable, str(FOLDER / "run.py"), "--repeats", "1", "--steps", "2", "--models", "sentiment_cnn"]
    command += ["--images", "40", "--texts", "12"]
    environment = {k: v for k, v in os.environ.items() if k != "FERLAB_DATA"}
    subprocess.run([*command, "--out", str(tmp_path)], check=True, env=environment, timeout=900)
    values = list(csv.DictReader((tmp_path / "results.csv").read_text().splitlines()))
    arms = [row["arm"] for row in values]
    assert arms[:16] == [
        "bare loop", "ferlab", "ferlab", "ferlab in fp32", "usual, 0 workers", "usual, 1 worker", "usual, 2 workers",
        *["albumentations", "ferlab, 1 thread", "ferlab"] * 2, "librosa", "ferlab, 1 thread", "ferlab",
    ]  # fmt: skip
    assert arms[16] == "HanTa's own search" and {"scikit-image", "mahotas"} <= set(arms[17:])
    assert all(float(row["value"]) > 0 for row in values)
