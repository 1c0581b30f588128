"""All rows beside those without copies in training."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ferlab.evaluation.copies_aside import SHOWN, section, standard_slices, summary_rows
from ferlab.evaluation.measure import measure
from made_rows import make


def rows(kinds):
    both = make(400)
    splits = np.where(np.arange(400) % 2 == 0, "val", "test")
    return replace(both, splits=splits, columns={"copy_in_train": np.asarray(kinds)})


def memorised():
    """A model that knows every copy: 40 exact and 20 near ones."""
    kinds = np.repeat(["exact", "near", "none"], [40, 20, 340])
    found = rows(kinds)
    known = kinds != "none"
    found.preds[known] = found.labels[known]
    return found


def test_figures_are_those_of_the_clean_rows():
    both = memorised()
    measured = {split: measure(both, split, resamples=500) for split in ("val", "test")}
    found = standard_slices(both, measured, resamples=500)["copy_in_train"]["test"]
    test = both.split("test")
    clean = test.take(np.flatnonzero(test.columns["copy_in_train"] == "none"))
    assert found["copies"] == {"exact": 20, "near": 10} and found["all"]["n"] == 200 and found["without"]["n"] == 170
    own = measure(clean, "test", resamples=500)
    for name in SHOWN:
        assert found["all"][name] == measured["test"][name]
        assert found["without"][name]["value"] == pytest.approx(own[name]["value"], abs=1e-6)
        gone = found["difference"][name]
        assert gone["value"] == pytest.approx(measured["test"][name]["value"] - own[name]["value"], abs=2e-6)
    assert found["without"]["accuracy"] == own["accuracy"]
    # the figure was partly the copies
    assert found["difference"]["accuracy"]["low"] > 0.01
    json.dumps(found, allow_nan=False)


def test_the_difference_is_a_bootstrap_of_the_rows():
    both = memorised()
    found = standard_slices(both, resamples=4000)["copy_in_train"]["test"]["difference"]["accuracy"]
    test = both.split("test")
    right, clean = test.preds == test.labels, test.columns["copy_in_train"] == "none"
    index = np.random.default_rng(0).integers(0, 200, (20_000, 200))
    gaps = right[index].mean(1) - (right & clean)[index].sum(1) / clean[index].sum(1)
    assert [found["low"], found["high"]] == pytest.approx(np.quantile(gaps, [0.025, 0.975]).tolist(), abs=0.003)


def test_the_report_shows_both_side_by_side():
    metrics = {"slices": standard_slices(memorised(), resamples=200)}
    text = "\n".join(section(metrics))
    assert "all, n = 200 | without copies in training, n = 170 | all less without" in text
    assert "test: of 200 samples 20 stand in the training set too, to the last bit, and near copies of 10 more." in text
    (line,) = summary_rows(metrics)
    without = metrics["slices"]["copy_in_train"]["test"]["without"]["accuracy"]
    assert line[0] == "accuracy, without copies in training" and line[2].startswith(f"{100 * without['value']:.1f} % (")


def test_nothing_where_copies_are_not_known():
    found = standard_slices(replace(memorised(), columns={}))
    assert found == {} and section({"slices": found}) == [] and summary_rows({}) == []


@pytest.mark.parametrize("kind", ["exact", "none"])
def test_all_copies_or_no_copy(kind):
    metrics = {"slices": standard_slices(rows([kind] * 400), resamples=100)}
    found = metrics["slices"]["copy_in_train"]["val"]
    if kind == "exact":
        assert found["without"] is None and found["difference"] is None
        assert "No sample is left without a copy." in "\n".join(section(metrics))
        assert summary_rows(metrics)[0][1:] == ["undefined", "undefined"]
    else:
        assert found["difference"]["accuracy"] | {"interval": ""} == {"value": 0, "low": 0, "high": 0, "interval": ""}
        assert "+0.0 points (0.0 to 0.0)" in "\n".join(section(metrics)) and summary_rows(metrics)
        made = metrics | {"data": {"synthetic": True}}
        assert section(made) == [] and summary_rows(made) == []
