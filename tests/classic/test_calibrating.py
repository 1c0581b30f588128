"""Calibration of classic classifiers: the best factor and share are found, and no decision moves."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ferlab.classic.calibrating import Calibration, calibration_of, softmax


def drawn(p: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    return np.asarray((p.cumsum(1) < rng.random((len(p), 1))).sum(1))


def log_loss(p: NDArray[np.float64], y: NDArray[np.int64]) -> float:
    return float(-np.log(np.maximum(p[np.arange(len(y)), y], 1e-30)).mean())


def test_the_factor_of_decision_values_is_found_whatever_their_scale() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 3))
    y = drawn(softmax(logits), rng)
    for scale in (1e-4, 7.0, 1e6):
        found = calibration_of(scale * logits, y, own=False)
        assert 1 / found.sharpness == pytest.approx(scale, rel=0.1)
        np.testing.assert_array_equal(found.apply(scale * logits).argmax(1), logits.argmax(1))


def test_probabilities_that_are_right_stay() -> None:
    rng = np.random.default_rng(1)
    p = softmax(2 * rng.normal(size=(4000, 4)))
    found = calibration_of(p, drawn(p, rng), own=True)
    np.testing.assert_allclose(found.apply(p), p, atol=0.03)


def test_neighbours_that_say_never_are_mended_where_a_factor_alone_mends_nothing() -> None:
    rng = np.random.default_rng(2)
    truth = softmax(1.5 * rng.normal(size=(4000, 7)))
    votes = np.stack([rng.multinomial(5, one) for one in truth]) / 5.0
    y = drawn(truth, rng)
    half = slice(0, 2000), slice(2000, None)
    found = calibration_of(votes[half[0]], y[half[0]], own=True)
    p = found.apply(votes)
    assert found.smoothing > 0
    alone = Calibration(True, 0.05).apply(votes)
    assert log_loss(p[half[1]], y[half[1]]) < log_loss(alone[half[1]], y[half[1]]) - 0.2
    # among rows of one vote for a class, as many are of that class as it says
    first = votes[half[1]][:, 0] == 0.2
    assert p[half[1]][first, 0].mean() == pytest.approx((y[half[1]][first] == 0).mean(), abs=0.05)


def test_no_decision_moves_and_rows_sum_to_one() -> None:
    rng = np.random.default_rng(3)
    p = rng.dirichlet([0.1] * 5, size=500)
    for one in (Calibration(True), Calibration(True, 30.0, 1.0), Calibration(True, 0.01, 1e-6)):
        out = one.apply(p)
        np.testing.assert_allclose(out.sum(1), 1)
        np.testing.assert_array_equal(out.argmax(1), p.argmax(1))
    np.testing.assert_allclose(Calibration(True).apply(np.zeros((2, 4))), 0.25)
    np.testing.assert_allclose(Calibration(False).apply(np.zeros((2, 4))), 0.25)


def test_few_rows_leave_probabilities_as_they_are() -> None:
    p = np.full((29, 2), 0.5)
    assert calibration_of(p, np.zeros(29, dtype=np.int64), own=True) == Calibration(True)


@pytest.mark.parametrize("own", [False, True])
def test_rows_that_are_all_right_do_not_make_it_certain(own: bool) -> None:
    rng = np.random.default_rng(5)
    y = rng.integers(0, 3, 100)
    logits = rng.normal(size=(100, 3))
    logits[np.arange(100), y] = 4
    values = softmax(logits) if own else logits
    p = calibration_of(values, y, own).apply(values)
    # one row more of each class: 101 of 103
    assert 0.97 < p.max(1).mean() < 0.995, "a factor without end says 1 of everything"
    np.testing.assert_array_equal(p.argmax(1), y)


def test_one_row_says_little_of_decision_values() -> None:
    values = np.array([[3.0, 1.0, 0.0]])
    assert calibration_of(values, np.array([0]), own=False).apply(values).max() == pytest.approx(0.5, abs=0.05)
    assert calibration_of(values, np.array([2]), own=False).apply(values).max() < 0.4
