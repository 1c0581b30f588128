"""The command line of the reports: bare folders, signs in a filter, one clear message."""

import subprocess
import sys

import pytest

from fakes.runs import write_run
from ferlab.config import verbatim


def run(folder, *words):
    return subprocess.run([sys.executable, "-m", "ferlab.report", *words], cwd=folder, capture_output=True, text=True)


def test_folders_and_a_filter_as_one_would_type_them(tmp_path):
    write_run(tmp_path / "runs/one", 0.7)
    write_run(tmp_path / "runs/two", 0.4, model="mlp")
    write_run(tmp_path / "more/three", 0.5, model="convnet")
    done = run(tmp_path, "runs/*", "more", "where=data=faces and accuracy>45% and model!=mlp", "sort=accuracy")
    assert done.returncode == 0, done.stderr
    (page,) = tmp_path.glob("runs/*/*-report/report.md")
    rows = [line for line in page.read_text().splitlines() if line.startswith("| c")]
    assert [row.split(" | ")[0] for row in rows] == ["| convnet", "| cnn10"]


def test_nothing_found_is_one_message_and_leaves_nothing(tmp_path):
    done = run(tmp_path, "nowhere")
    assert done.returncode == 2 and "nothing is called 'nowhere'" in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("where=data=fer2013 and n>5", "where='data=fer2013 and n>5'"),
        ("where=model='a b'", r"where='model=\'a b\''"),
        ("where=null", "where=null"),
        ("where=[a,b]", "where=[a,b]"),
        ("where='x=1'", "where='x=1'"),
        ("where=", "where="),
        ("sort=n", "sort=n"),
    ],
)
def test_one_keys_value_is_taken_as_it_stands(monkeypatch, word, expected):
    monkeypatch.setattr(sys, "argv", ["report", word])
    verbatim("where")
    assert sys.argv == ["report", expected]
