"""Rows that no resample can draw: against Wilson's interval, against naive figures, and by coverage in simulations."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferlab.evaluation.clusters import clusters_of
from ferlab.evaluation.comparison import compare_rows, estimated
from ferlab.evaluation.intervals import newcombe_area, wilson
from ferlab.evaluation.measure import measure
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.unseen import ROWS, area_reach, macro_reach, reach, widened


def rows(labels: Any, preds: Any, people: Any = None, sure: float = 0.9, classes: int = 2) -> Rows:
    labels, preds = np.asarray(labels, dtype=np.int64), np.asarray(preds, dtype=np.int64)
    p = np.full((len(labels), classes), (1 - sure) / (classes - 1), dtype=np.float32)
    p[np.arange(len(labels)), preds] = sure
    names = tuple("abcdefg"[:classes])
    meta = {"spec": {"labels": list(names), "kind": "multiclass"}, "people": [] if people is None else ["person"]}
    columns = {} if people is None else {"person": np.asarray(people, dtype=str)}
    ids = np.arange(len(labels)).astype(str)
    return Rows(ids, np.full(len(labels), "test"), labels, preds, p, names, meta, columns)


def every(found: Any, place: str = "") -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(found, dict):
        return []
    if {"value", "low", "high"} <= set(found):
        return [(place, found)]
    return [one for key, inner in found.items() for one in every(inner, f"{place}.{key}".strip("."))]


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("people", [None, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]])
def test_no_figure_of_few_rows_that_all_agree_claims_certainty(right: bool, people: Any) -> None:
    labels = np.array([0, 1] * 5)
    found = measure(rows(labels, labels if right else 1 - labels, people), "test", resamples=400)
    sure = {name for name, one in every(found) if one["high"] - one["low"] < 0.05}
    # of two classes both are always among the first two, and equal losses are no proportion
    assert sure <= {"top2", "log_loss", "majority.accuracy"}
    for name in ("recall_macro", "precision_macro", "f1_macro", "auroc_macro"):
        assert found[name]["low" if right else "high"] == pytest.approx(0.5, abs=0.28)


@given(st.integers(1, 300))
def test_of_one_class_all_right_it_is_wilsons_bound(n: int) -> None:
    low, high = macro_reach(np.array([[n, 0], [0, 0]]))["recall_macro"]
    assert (low, high) == pytest.approx(wilson(n, n), abs=1e-12)
    made = rows(np.zeros(n), np.zeros(n))
    assert reach(made, "recall.a", clusters_of(made)) == pytest.approx(wilson(n, n), abs=1e-12)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 40), min_size=9, max_size=9).filter(lambda cells: sum(cells[:3]) > 0))
def test_reach_holds_the_figure_and_each_single_addition(cells: list[int]) -> None:
    confusion = np.array(cells).reshape(3, 3)
    bounds = macro_reach(confusion)
    occurs = confusion.sum(1) > 0

    def recall(of: np.ndarray) -> float:
        return float(np.mean([of[i, i] / of[i].sum() for i in range(3) if occurs[i]]))

    low, high = bounds["recall_macro"]
    assert 0 <= low <= recall(confusion) <= high <= 1
    for i in np.flatnonzero(occurs):
        for j in range(3):
            more = confusion.astype(float)
            more[i, j] += ROWS
            assert low - 1e-9 <= recall(more) <= high + 1e-9


def test_where_some_rows_of_each_class_are_wrong_the_bootstrap_stays() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 900)
    preds = np.where(rng.random(900) < 0.6, labels, rng.integers(0, 3, 900))
    made = rows(labels, preds, classes=3)
    for metric in ("recall_macro", "f1_macro", "precision_macro"):
        found = measure(made, "test", resamples=2000)[metric]
        low, high = reach(made, metric, clusters_of(made)) or (0.0, 0.0)
        assert found["low"] < low < found["value"] < high < found["high"]


def test_a_class_never_said_leaves_the_precision_where_it_counts_as_none() -> None:
    low, high = macro_reach(np.array([[50, 0, 0], [0, 50, 0], [30, 30, 0]]))["precision_macro"]
    assert low < (50 / 80 + 50 / 80) / 3 < high < 0.5


def test_newcombes_area_is_wide_at_the_end_and_normal_in_the_middle() -> None:
    low, high = newcombe_area(1.0, 5.0, 5.0)
    assert 0.55 < low < 0.72 and high == 1
    assert newcombe_area(0.0, 5.0, 5.0) == pytest.approx((1 - high, 1 - low), abs=1e-9)
    # Hanley and McNeil (Radiology 143, 1982): area .85 of 50 + 50 has a standard error of about .038
    low, high = newcombe_area(0.85, 50.0, 50.0)
    assert (high - low) / 2 / 1.96 == pytest.approx(0.038, abs=0.004)


def test_an_area_that_many_rows_hold_down_needs_nothing() -> None:
    scores, positive = np.linspace(0, 1, 40), np.arange(40) >= 20
    assert area_reach(scores, positive, 1.0) is not None
    mixed = np.random.default_rng(1).random(40)
    assert area_reach(mixed, positive, 0.5) is None
    # twenty rows a side, but of three speakers: draws of three say little of what others would do
    assert area_reach(mixed, positive, 0.5, np.arange(40) % 3) is not None


def test_two_models_that_are_always_right_may_still_differ() -> None:
    labels = [0, 1] * 3
    pair = compare_rows({"one": rows(labels, labels), "two": rows(labels, labels, sure=0.8)}, "recall_macro")["pairs"][
        0
    ]
    assert pair["value"] == 0 and pair["low"] < -0.2 and pair["high"] > 0.2 and pair["better"] is None
    assert "no evidence" in pair["sentence"]
    same = compare_rows({"one": rows(labels, labels), "two": rows(labels, labels)})["pairs"][0]
    assert (same["low"], same["high"]) == (0, 0)


def test_a_slice_of_few_rows_says_so() -> None:
    found = estimated(rows([0, 1, 0, 1, 0], [0, 1, 0, 1, 0]), "recall.b", resamples=300)
    assert found is not None and (found["value"], found["high"]) == (1, 1)
    assert found["low"] == pytest.approx(wilson(2, 2)[0], abs=1e-6)


def test_widening_never_narrows() -> None:
    assert widened((0.2, 0.4), 0.3, (0.25, 0.35)) == (0.2, 0.4)
    assert widened((0.3, 0.3), 0.3, (0.1, 0.5)) == (0.1, 0.5)
    assert widened((0.2, 0.25), 0.3, None) == (0.2, 0.3)


def _held(n: int, classes: int, p: float, people: bool, trials: int) -> tuple[float, float]:
    """The share of made test sets whose interval holds the truth, and how many have an interval of no width."""
    held, flat = 0, 0
    for trial in range(trials):
        rng = np.random.default_rng([n, classes, trial])
        labels = np.tile(np.arange(classes), n)
        who = np.repeat(np.arange(n), classes) // 2
        chance = rng.beta(p * 4, (1 - p) * 4, size=n)[who] if people else p
        right = rng.random(len(labels)) < chance
        preds = np.where(right, labels, (labels + rng.integers(1, classes, len(labels))) % classes)
        found = measure(rows(labels, preds, who if people else None, classes=classes), "test", resamples=200)
        low, high = found["recall_macro"]["low"], found["recall_macro"]["high"]
        held, flat = held + (low <= p <= high), flat + (low == high)
    return held / trials, flat / trials


@pytest.mark.parametrize(
    ("n", "classes", "p", "people"),
    [(5, 2, 0.95, False), (5, 7, 0.97, False), (10, 2, 0.9, False), (16, 2, 0.95, True)],
)
def test_intervals_of_few_rows_hold_the_truth(n: int, classes: int, p: float, people: bool) -> None:
    held, flat = _held(n, classes, p, people, trials=60)
    assert held >= 0.9 and flat == 0
