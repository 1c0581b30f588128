"""Run folders read back, and what is said of folders that are none."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from ferlab.errors import FerlabError
from ferlab.evaluation.rows import write_rows
from ferlab.evaluation.run_folder import find_runs, read_run

METRICS = {"model": "cnn4", "seed": 1, "data": {"synthetic": True}, "protocol": {"marks": ["m"]}, "val": {}, "test": {}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "one"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints" / "best.ckpt").touch()
    (folder / "config.yaml").write_text(yaml.safe_dump({"seed": 1}))
    (folder / "metrics.json").write_text(json.dumps(METRICS))
    meta = {"spec": {"labels": ["a", "b"]}}
    write_rows(folder / "predictions.parquet", ["x"], ["test"], np.array([0]), np.array([[0.6, 0.4]]), meta)
    return folder


def test_reads_all_and_rows_only_when_asked(folder):
    run = read_run(folder)
    assert (run.seed, run.metrics, run.training) == (1, METRICS, {})
    assert run.marks == ["SYNTHETIC DATA", "m"]
    assert run.rows.ids.tolist() == ["x"] and run.rows is run.rows
    (folder / "training.json").write_text('{"seconds": 2}')
    (folder / "predictions.parquet").unlink()
    run = read_run(str(folder))
    assert run.training == {"seconds": 2}
    with pytest.raises(FerlabError, match="no such file"):
        _ = run.rows


def test_what_is_no_run_folder(folder):
    for path, message in [
        (folder.parent, r"not a run folder \(no config.yaml\).*it holds 1 run folders"),
        (folder / "checkpoints", f"not a run folder.*did you mean {folder}"),
        (folder / "metrics.json", f"is a file.*did you mean {folder}"),
        (folder.parent / "on", f"no such folder.*did you mean {folder}"),
        (folder / "a" / "b", "no such folder; expected a folder that ferlab.train wrote$"),
    ]:
        with pytest.raises(FerlabError, match=message):
            read_run(path)


def test_incomplete(folder):
    (folder / "metrics.json").unlink()
    with pytest.raises(FerlabError, match=f"incomplete run, without metrics.json.*ferlab.evaluate run={folder}$"):
        read_run(folder)
    assert read_run(folder, finished=False).metrics == {}
    (folder / "checkpoints" / "best.ckpt").unlink()
    with pytest.raises(FerlabError, match=r"without checkpoints/best\.ckpt; cure: wait for it, or train again"):
        read_run(folder)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("metrics.json", '{"model": "cnn4"', "metrics.json: cannot be read.*delete it, then python -m ferlab.evaluate"),
        ("metrics.json", "[]", "metrics.json: expected a mapping.*found list"),
        ("metrics.json", '{"model": "cnn4"}', "missing seed, data, protocol, val, test"),
        ("config.yaml", "a: [", "config.yaml: cannot be read"),
        ("config.yaml", "", "config.yaml: expected a mapping.*found NoneType"),
        ("config.yaml", "a: 1", "config.yaml: expected the seed of a run, found None"),
        ("training.json", "{", "training.json: cannot be read"),
    ],
)
def test_broken_files(folder, name, text, message):
    (folder / name).write_text(text)
    with pytest.raises(FerlabError, match=message):
        read_run(folder)


def test_find_runs(folder, monkeypatch):
    two = folder.parent / "deep" / "two"
    two.mkdir(parents=True)
    (two / "config.yaml").write_text("seed: 0")
    monkeypatch.chdir(folder.parents[1])
    assert find_runs("runs/**") == [Path("runs/deep/two"), Path("runs/one")]
    assert find_runs(["runs/one", "runs/*", "runs/none"]) == [Path("runs/one"), Path("runs/none")]
    with pytest.raises(FerlabError, match=r"no run folder .* fits 'run/\*'"):
        find_runs("run/*")
    with pytest.raises(FerlabError, match="found none"):
        find_runs([])
