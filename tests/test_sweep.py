"""The entry as users call it: one run, and a sweep over models and seeds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ferlab.evaluation.rows import read_rows
from toy import SMALL

SHORT = [*SMALL, "trainer.max_epochs=1", "figures=false"]


def call(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error::UserWarning", "-m", "ferlab.train", *words, *SHORT]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ})


@pytest.mark.slow
def test_a_sweep_makes_one_run_a_combination(tmp_path: Path) -> None:
    done = call(tmp_path, "-m", "model=cnn10,mlp", "seed=0,1")
    assert done.returncode == 0, done.stderr[-3000:]
    runs = sorted(path.parent for path in tmp_path.glob("runs/*/*/metrics.json"))
    assert len(runs) == 4
    for model in ("cnn10", "mlp"):
        for seed in (0, 1):
            assert len([r for r in runs if f"-synthetic_faces-{model}-s{seed}" in r.name]) == 1
    losses = {read_rows(r / "predictions.parquet").probabilities.tobytes() for r in runs}
    assert len(losses) == 4, "two jobs of the sweep gave the same predictions"


@pytest.mark.slow
def test_a_run_ends_with_its_figures_and_its_folder(tmp_path: Path) -> None:
    done = call(tmp_path, "model=mlp")
    assert done.returncode == 0, done.stderr[-3000:]
    (folder,) = (path.parent for path in tmp_path.glob("runs/*/*/metrics.json"))
    assert folder.name.endswith("-synthetic_faces-mlp-s0")
    last = done.stdout.strip().splitlines()
    assert folder.name in last[-1]
    assert "SYNTHETIC" in done.stdout and "accuracy" in done.stdout
    assert done.stderr == ""
