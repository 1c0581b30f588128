"""The claim of the figure `causes`: on synthetic faces a trained network's Grad-CAM falls on what causes the label."""

import json
from pathlib import Path

import pytest

from ferlab import run
from toy import config


@pytest.mark.slow
def test_heat_falls_on_the_causes_more_than_chance(tmp_path: Path) -> None:
    faces = ["data.n_train=1200", "data.n_val=200", "data.n_test=256", "data.size=48", "batch_size=16"]
    result = run.train(config(*faces, "trainer.max_epochs=6"), tmp_path / "run", "python -m ferlab.train")
    assert result["test"]["accuracy"]["low"] > 0.3, "the network has not learned what it should look at"
    causes = json.loads((tmp_path / "run" / "figures" / "causes.json").read_text())
    assert causes["n"] + causes["left_out"] == 256
    # more than the mask's share of the picture, and more than what falls into the masks of other expressions
    assert causes["ratio_area"]["low"] > 1.2
    assert causes["ratio_elsewhere"]["low"] > 1
    assert causes["pointing"]["low"] > causes["pointing_elsewhere"]["high"] - 0.05
