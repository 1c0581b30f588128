"""Stages over two processes: what is frozen is exchanged by none, and the outcome is that of one process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from toy import train

# a backbone whose BatchNorm layers have their activations within
RECIPE = (
    *("data.n_train=24", "data.n_val=12", "data.n_test=12", "data.size=24", "batch_size=12"),
    *("model=timm", "model.backbone=test_efficientnet", "model.preprocess.size=32", "augment=none", "figures=false"),
    *("fine_tuning=two_stages", "fine_tuning.stages.head.max_epochs=1", "optimizer=sgd", "optimizer.lr=0.1"),
    *("trainer.max_epochs=2", "trainer.precision=64-true", "model.net.units=[4]"),
)


@pytest.mark.slow
def test_two_processes_go_through_the_stages_as_one(tmp_path: Path) -> None:
    train(tmp_path / "one", *RECIPE)
    done = subprocess.run(
        [sys.executable, "-m", "ferlab.train", *RECIPE, "trainer=ddp_cpu", f"hydra.run.dir={tmp_path / 'two'}"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    paths = [tmp_path / run / "checkpoints" / "last.ckpt" for run in ("one", "two")]
    one, two = (torch.load(path, weights_only=True)["state_dict"] for path in paths)
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=0, atol=1e-6, msg=lambda m, n=name: f"{n}: {m}")
    stages = [json.loads((tmp_path / run / "training.json").read_text())["stages"] for run in ("one", "two")]
    assert [s["name"] for s in stages[1]] == ["head", "all"]
    assert [(s["epochs"], s["ended"], s["learning"]) for s in stages[0]] == [
        (s["epochs"], s["ended"], s["learning"]) for s in stages[1]
    ]
