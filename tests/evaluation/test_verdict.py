"""Several seeds beside a document's figure; one run alone is in test_report.py."""

import copy

import numpy as np
import pytest

from fakes.runs import measures
from ferlab.errors import FerlabError
from ferlab.evaluation.verdict import combined, compare, compare_seeds


def run(right, reported=0.6, n=1200, seed=0, **document):
    return {
        "data": {"name": "faces", "synthetic": False},
        "protocol": {"marks": []},
        "document": {"row": "D4", "metric": "accuracy", "reported": reported, **document},
        "test": copy.deepcopy(measures(right, n, seed, "test")),
    }


@pytest.mark.parametrize(
    ("reported", "verdict"), [(0.9, "below"), (0.2, "above"), (0.6, "reproduced"), (0.63, "reproduced")]
)
def test_seeds_and_test_samples_both_widen_the_interval(reported, verdict):
    found = compare_seeds([run(right, reported) for right in (0.59, 0.6, 0.61)])
    ours = found["ours"]
    assert found["verdict"] == verdict and "over 3 seeds and their test samples" in found["reason"]
    own = compare(run(0.6, reported))["ours"]
    seeds = 4.302653 * 0.01 / np.sqrt(3)
    assert ours["value"] == pytest.approx(0.6, abs=1e-6) and ours["seeds"] == 3
    # a Wilson interval is not symmetric, so neither is their union
    assert ours["high"] - 0.6 == pytest.approx(np.hypot(own["high"] - 0.6, seeds), abs=2e-4)
    assert 0.6 - ours["low"] == pytest.approx(np.hypot(0.6 - own["low"], seeds), abs=2e-4)


def test_an_interval_that_holds_nearly_everything_reproduces_nothing():
    found = compare_seeds([run(right) for right in (0.55, 0.65)])
    assert found["verdict"] == "not comparable" and found["reason"].endswith("is too wide to tell")
    # but what lies outside even of such an interval is told
    assert compare_seeds([run(right, 0.02) for right in (0.55, 0.6)])["verdict"] == "above"
    assert compare(run(0.6, n=24))["verdict"] == "not comparable"


def test_an_obstacle_in_one_run_is_one_for_all():
    runs = [run(0.6), run(0.61)]
    runs[1]["protocol"]["marks"] = ["fast_dev_run: one batch, no result"]
    found = compare_seeds(runs)
    assert found["verdict"] == "not comparable" and "fast_dev_run" in found["reason"]


def test_one_run_or_no_document_is_as_before():
    assert compare_seeds([run(0.6)]) == compare(run(0.6))
    assert compare_seeds([run(0.6) | {"document": None}] * 2) is None
    with pytest.raises(FerlabError, match="one run or more"):
        compare_seeds([])


def test_the_joined_interval_covers_the_mean_of_the_method():
    """Models whose true accuracy varies with the seed, all tested on one drawn test set."""
    rng = np.random.default_rng(0)
    covered, times = 0, 2000
    for _ in range(times):
        luck = rng.normal(0, 0.012)
        values = 0.6 + luck + rng.normal(0, 0.01, 3)
        half = 1.96 * 0.012
        found = combined([{"value": float(v), "low": float(v) - half, "high": float(v) + half} for v in values])
        covered += found["low"] <= 0.6 <= found["high"]
    assert 0.94 <= covered / times <= 0.99
