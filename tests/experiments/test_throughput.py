"""The throughput experiment: its arithmetic, and that its command runs."""

import csv
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "experiments" / "throughput"


@pytest.fixture(scope="module")
def table():
    spec = importlib.util.spec_from_file_location("throughput_table", FOLDER / "table.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


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


def test_what_was_not_measured_is_said(table):
    assert "not measured" in table.Row("read", "zip", "to array", "s", bound=15.0).cells()[2]


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


@pytest.mark.slow
def test_command_of_the_readme_runs(tmp_path):
    pytest.importorskip("albumentations")
    command = [sys.executable, str(FOLDER / "run.py"), "--repeats", "1", "--steps", "2", "--models", "sentiment_cnn"]
    environment = {k: v for k, v in os.environ.items() if k != "FERLAB_DATA"}
    subprocess.run([*command, "--out", str(tmp_path)], check=True, env=environment, timeout=900)
    values = list(csv.DictReader((tmp_path / "results.csv").read_text().splitlines()))
    assert [row["arm"] for row in values] == [
        "bare loop", "ferlab", "ferlab", "ferlab in fp32", "usual, 0 workers", "usual, 1 worker", "usual, 2 workers"
    ]  # fmt: skip
    assert all(float(row["value"]) > 0 for row in values)
