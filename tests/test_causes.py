"""The claims of `causes` and of the checks: heat of a trained network falls on what causes the label, and is needed."""

import json
from pathlib import Path

import pytest

from ferlab import run
from ferlab.explain.methods import WORDS
from toy import config


@pytest.mark.slow
def test_heat_falls_on_the_causes_more_than_chance(tmp_path: Path) -> None:
    faces = ["data.n_train=1200", "data.n_val=200", "data.n_test=256", "data.size=48", "batch_size=16"]
    explain = [f"explain.methods=[{','.join(WORDS)}]", "explain.checks=true", "explain.images=32"]
    result = run.train(config(*faces, "trainer.max_epochs=6", *explain), tmp_path / "run", "python -m ferlab.train")
    assert result["test"]["accuracy"]["low"] > 0.3, "the network has not learned what it should look at"
    causes = json.loads((tmp_path / "run" / "figures" / "causes.json").read_text())
    assert causes["n"] + causes["left_out"] == 256
    # more than the mask's share of the picture, and more than what falls into the masks of other expressions
    assert causes["ratio_area"]["low"] > 1.2
    assert causes["ratio_elsewhere"]["low"] > 1
    assert causes["pointing"]["low"] > causes["pointing_elsewhere"]["high"] - 0.05
    found = json.loads((tmp_path / "run" / "figures" / "explanations.json").read_text())
    assert found["methods"] == list(found["causes"]) == list(WORDS) and found["causes"]["gradcam"] == causes
    for method, one in found["causes"].items():
        assert one["ratio_area"]["low"] > 1.2 and one["ratio_elsewhere"]["low"] > 1, method
    # the same maps moved to a random place are chance as coarse as the map itself
    games = found["insertion_deletion"]["methods"]
    for method in ("integrated_gradients", "occlusion"):
        assert games[method]["deletion"]["to_moved"]["high"] < 0 < games[method]["insertion"]["to_moved"]["low"], method
    for method, one in found["randomisation"]["methods"].items():
        assert one["verdict"].startswith("depends on the weights"), method
    drawn = {path.stem for path in (tmp_path / "run" / "figures").glob("*.png")}
    assert {"gradcam", "explanations", "causes", "insertion_deletion", "randomisation"} <= drawn
    report = (tmp_path / "run" / "report.md").read_text()
    assert "Does it look at the causes?" in report and "Are the explanations worth a look?" in report
