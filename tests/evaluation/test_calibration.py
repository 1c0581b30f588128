"""Calibration errors, Brier score and log loss: against libraries, by hand, and in simulation."""

import numpy as np
import pytest
import torch
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss
from torchmetrics.classification import MulticlassCalibrationError

from calibrated_rows import drawn
from ferlab.errors import FerlabError
from ferlab.evaluation.calibrated import before_and_after
from ferlab.evaluation.calibration import (
    brier_losses,
    by_mass,
    classwise_ece,
    ece,
    if_calibrated,
    log_losses,
    reliability,
)
from ferlab.evaluation.clusters import Units, clusters_of
from ferlab.evaluation.measure import measure
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.temperature import tempered


def test_by_hand() -> None:
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]])
    labels = np.array([0, 1, 1, 1])
    # two bins: (.5, 1] alone holds all confidences, mean .75, accuracy .75
    assert ece(p, labels, bins=2) == pytest.approx(0.0)
    # five bins: {.6} and {.7, .8} and {.9}, gaps -.4, .75 - .5, -.1, weights 1, 2, 1 of 4
    assert ece(p, labels, bins=5) == pytest.approx((0.4 + 2 * 0.25 + 0.1) / 4)
    # two bins of equal mass: {.6, .7} right, {.8, .9} half right
    assert ece(p, labels, bins=2, mass="equal") == pytest.approx((0.35 + 0.35) / 2)
    # class 0, two bins: {.3, .4} none of it, {.8, .9} half of it; class 1 the same mirrored
    assert classwise_ece(p, labels, bins=2) == pytest.approx((0.35 + 0.35) / 2)
    np.testing.assert_allclose(brier_losses(p, labels), [0.02, 1.28, 0.32, 0.18])


@pytest.mark.parametrize("bins", [1, 5, 15])
def test_ece_is_that_of_torchmetrics(bins: int) -> None:
    p, labels = drawn(700, sharper=1.7)
    theirs = MulticlassCalibrationError(4, n_bins=bins, norm="l1")(torch.tensor(p), torch.tensor(labels))
    assert ece(p, labels, bins) == pytest.approx(float(theirs), abs=1e-6)


@pytest.mark.parametrize(("mass", "strategy"), [("width", "uniform"), ("equal", "quantile")])
def test_bins_are_those_of_scikit_learn(mass: str, strategy: str) -> None:
    p, labels = drawn(601, sharper=1.7)
    accuracy, confidence = calibration_curve(p.argmax(1) == labels, p.max(1), n_bins=10, strategy=strategy)
    found = reliability(p, labels, bins=10, mass=mass)
    np.testing.assert_allclose([one["confidence"] for one in found], confidence, atol=2e-3)
    np.testing.assert_allclose([one["accuracy"]["value"] for one in found], accuracy, atol=2e-2)
    assert sum(one["n"] for one in found) == 601
    weighed = sum(one["n"] * abs(one["confidence"] - one["accuracy"]["value"]) for one in found) / 601
    assert ece(p, labels, 10, mass) == pytest.approx(weighed)


def test_losses_are_those_of_scikit_learn_and_of_measure() -> None:
    p, labels = drawn(300)
    assert brier_losses(p, labels).mean() == pytest.approx(brier_score_loss(labels, p, scale_by_half=False))
    assert log_losses(p, labels).mean() == pytest.approx(log_loss(labels, p))
    p[:5] = np.eye(4)[(labels[:5] + 1) % 4]  # certain and wrong: clipped
    few = p.astype(np.float32)
    rows = Rows(np.arange(300).astype(str), np.full(300, "test"), labels, few.argmax(1), few, tuple("abcd"), {})
    assert log_losses(few, labels).mean() == pytest.approx(measure(rows, "test", resamples=10)["log_loss"]["value"])


def test_equal_confidences_share_a_bin_whatever_their_order() -> None:
    values = np.array([0.5, 1.0, 1.0, 1.0, 1.0, 0.7])
    assert len(set(by_mass(values, 3)[values == 1].tolist())) == 1
    p, labels = drawn(500)
    p[:300] = [1, 0, 0, 0]
    order = np.random.default_rng(1).permutation(500)
    assert ece(p, labels, mass="equal") == pytest.approx(ece(p[order], labels[order], mass="equal"))


def test_a_calibrated_model_shows_the_error_that_is_foretold() -> None:
    kinds = {"ece": [], "ece_mass": [], "ece_classwise": []}
    for seed in range(60):
        p, labels = drawn(400, seed=seed)
        shown = {
            "ece": ece(p, labels),
            "ece_mass": ece(p, labels, mass="equal"),
            "ece_classwise": classwise_ece(p, labels),
        }
        told = if_calibrated(p, simulations=200)
        for kind, inside in kinds.items():
            inside.append(told[kind]["low"] <= shown[kind] <= told[kind]["high"])
    for inside in kinds.values():
        assert np.mean(inside) > 0.87  # of 60: three standard errors below 95 %
    wrong, labels = drawn(400, sharper=2)
    assert ece(wrong, labels) > if_calibrated(wrong)["ece"]["high"]


@pytest.mark.slow
@pytest.mark.parametrize("sharper", [1.0, 1.5, 2.0])
def test_intervals_cover_the_error_without_the_noise(sharper: float) -> None:
    many, classes = 200_000, 4
    p, _ = drawn(many, sharper=sharper, seed=99)
    calm = tempered(p, sharper)
    top = p.argmax(1)
    bins = np.clip(np.ceil(15 * p.max(1)).astype(int) - 1, 0, 14)
    truth = np.abs(np.bincount(bins, p.max(1) - calm[np.arange(many), top])).sum() / many
    covered, changed = [], []
    for seed in range(100):
        p, labels = drawn(600, classes, sharper, seed)
        found = before_and_after(p, tempered(p, sharper), labels, resamples=300)
        one, gap = found["before"]["ece"], found["difference"]["ece"]
        assert one["low"] <= one["value"] <= one["high"]
        covered.append(one["low"] <= truth <= one["high"])
        changed.append(gap["low"] <= -truth <= gap["high"])
    assert np.mean(covered) > 0.88 and np.mean(changed) > 0.9


def test_before_and_after_speak_of_the_same_rows() -> None:
    p, labels = drawn(900, sharper=2)
    found = before_and_after(p, tempered(p, 2), labels, resamples=500)
    for name, gap in found["difference"].items():
        assert gap["value"] == pytest.approx(found["after"][name]["value"] - found["before"][name]["value"], abs=2e-6)
    assert found["difference"]["ece"]["high"] < 0 and found["difference"]["nll"]["high"] < 0
    paired = found["difference"]["nll"]["high"] - found["difference"]["nll"]["low"]
    assert paired < found["before"]["nll"]["high"] - found["before"]["nll"]["low"]
    same = before_and_after(p, p, labels, resamples=200)["difference"]
    assert same["nll"] == {"value": 0.0, "low": 0.0, "high": 0.0, "interval": "paired bootstrap"}
    assert before_and_after(p, tempered(p, 2), labels, resamples=500) == found


@pytest.mark.parametrize("kind", ["ece", "ece_mass", "ece_classwise"])
def test_few_rows_do_not_accuse_a_calibrated_model(kind: str) -> None:
    accused = []
    for seed in range(60):
        p, labels = drawn(60, 7, seed=seed)
        accused.append(before_and_after(p, p, labels, resamples=100)["before"][kind]["low"] > 0)
    assert np.mean(accused) < 0.1


def test_few_speakers_have_the_log_loss_that_measure_tells() -> None:
    p, labels = drawn(120, sharper=2)
    rows = Rows(
        np.array([f"i{i}" for i in range(120)]),
        np.full(120, "test"),
        labels,
        p.argmax(1),
        p.astype(np.float32),
        tuple("abcd"),
        {"spec": {"labels": list("abcd"), "kind": "multiclass"}, "people": ["actor"]},
        {"actor": np.repeat([f"actor {i}" for i in range(6)], 20)},
    )
    found = before_and_after(
        rows.probabilities, rows.probabilities, labels, resamples=300, seed=1, units=clusters_of(rows)
    )["before"]
    told = measure(rows, "test", resamples=300, seed=1)["log_loss"]
    assert [found["nll"][end] for end in ("low", "value", "high")] == pytest.approx(
        [told[end] for end in ("low", "value", "high")], abs=1e-5
    )


def test_rows_of_one_speaker_widen_the_intervals() -> None:
    p, labels = drawn(60, seed=3)
    many, many_labels = np.repeat(p, 10, 0), np.repeat(labels, 10)
    index = np.repeat(np.arange(60), 10)
    rows = before_and_after(many, many, many_labels, resamples=500)["before"]
    units = Units(600, "actor", index, 60)
    people = before_and_after(many, many, many_labels, resamples=500, units=units)["before"]
    alone = before_and_after(p, p, labels, resamples=500)["before"]
    for name in ("nll", "brier", "confidence"):
        assert people[name]["value"] == pytest.approx(rows[name]["value"])
        assert people[name]["high"] - people[name]["low"] > 2.5 * (rows[name]["high"] - rows[name]["low"])
        # wider by Student's factor of sixty draws, a fiftieth
        wider = (people[name]["high"] - people[name]["low"]) / (alone[name]["high"] - alone[name]["low"])
        assert 1 < wider < 1.1
    one = before_and_after(p, p, labels, resamples=50, units=Units(60, "actor", np.zeros(60, dtype=np.int64), 1))
    assert (one["before"]["ece"]["low"], one["before"]["ece"]["high"]) == (0, 1)


def test_perfect_and_certain_answers_have_no_error() -> None:
    p = np.eye(3)[np.arange(30) % 3]
    found = before_and_after(p, p, np.arange(30) % 3, resamples=100)["before"]
    assert found["ece"]["value"] == found["ece"]["high"] == found["brier"]["value"] == 0


def test_mistakes_are_named() -> None:
    with pytest.raises(FerlabError, match='"width" or "equal", found \'height\''):
        ece(*drawn(10), mass="height")
    with pytest.raises(FerlabError, match="one bin and one row or more, found 0 and 10"):
        ece(*drawn(10), bins=0)
