"""The table of runs that differ in one option: its arithmetic, on rows made by hand."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from ferlab.evaluation.measure import measure
from ferlab.evaluation.rows import read_rows, write_rows

PATH = Path(__file__).parents[2] / "experiments" / "ablation" / "collect.py"
NAMES = ["joy", "rage"]
LABELS = np.array([0] * 90 + [1] * 10)


@pytest.fixture(scope="module")
def ablation():
    spec = importlib.util.spec_from_file_location("ablation_collect", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_run(folder: Path, hits: np.ndarray) -> None:
    folder.mkdir(parents=True)
    preds = np.where(hits, LABELS, 1 - LABELS)
    spec = {"kind": "multiclass", "labels": NAMES, "modality": "image", "shape": [8, 8, 1]}
    meta = {"spec": spec, "data": "made", "synthetic": True, "protocol": {"name": "official", "hash": "0" * 12}}
    ids, splits = np.array([f"i{n}" for n in range(len(LABELS))]), np.full(len(LABELS), "test")
    write_rows(folder / "predictions.parquet", ids, splits, LABELS, np.eye(2, dtype=np.float32)[preds], meta)
    test = measure(read_rows(folder / "predictions.parquet"), "test", resamples=50)
    values = {"test": test, "protocol": meta["protocol"], "checkpoint": {"chosen_epoch": 1}}
    (folder / "metrics.json").write_text(json.dumps(values))


def test_differences_are_paired_and_averaged_over_seeds(ablation, tmp_path: Path) -> None:
    base, better = np.ones(100, bool), np.ones(100, bool)
    base[80:] = False  # ten of joy and all of rage are missed
    better[85:90] = False
    for seed, extra in ((0, 0), (1, 5)):
        write_run(tmp_path / "runs" / f"none-s{seed}", base)
        mine = better.copy()
        mine[:extra] = False
        write_run(tmp_path / "runs" / f"focal-s{seed}", mine)
    found = ablation.differences(*(ablation.find(tmp_path / "runs")[name] for name in ("focal", "none")))
    # accuracy: 80 of 100 against 95 and 90; recall of joy 80/90 against 85 and 80 of 90, of rage 0 against 1
    assert found["accuracy"][0] == pytest.approx(0.125)
    assert found["recall_macro"][0] == pytest.approx((2.5 / 90 + 1) / 2)
    value, low, high = found["accuracy"]
    assert low < value < high and high - low < 0.2
    table = ablation.collect(ablation.find(tmp_path / "runs"), "none", tmp_path / "out")
    assert "| `none` | .800 (.800 to .800) |" in table and "+12.5 (" in table and "recall of rage (n = 10)" in table
    assert len((tmp_path / "out" / "results.csv").read_text().splitlines()) == 5


def test_runs_of_other_seeds_are_not_compared(ablation, tmp_path: Path) -> None:
    for name in ("none-s0", "focal-s1"):
        write_run(tmp_path / name, np.ones(100, bool))
    runs = ablation.find(tmp_path)
    with pytest.raises(AssertionError, match="seeds differ"):
        ablation.differences(runs["focal"], runs["none"])
