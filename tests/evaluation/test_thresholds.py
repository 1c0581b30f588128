import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferlab.errors import FerlabError
from ferlab.evaluation.thresholds import check_thresholds, chosen, decided, thresholds_of


def right(p: np.ndarray, y: np.ndarray, threshold: float) -> int:
    return int(((p >= threshold) == (y == 1)).sum())


def scores(seed: int, n: int = 220, skill: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    return 1 / (1 + np.exp(-(rng.normal(size=n) + skill * (y - 0.5)))), y


@given(seed=st.integers(0, 500), shift=st.sampled_from([0.0, 0.5, 3.0]), decimals=st.sampled_from([1, 8]))
def test_it_is_the_nearest_to_half_that_the_best_does_not_beat_by_more_than_noise(
    seed: int, shift: float, decimals: int
) -> None:
    p, y = scores(seed, n=40)
    p = np.round(p / (p + (1 - p) * np.exp(shift)), decimals)
    found = chosen(p, y)
    # by trying all: between any two neighbouring probabilities, and .5
    ranked = np.unique(p)
    tried = [0.5, *((ranked[1:] + ranked[:-1]) / 2)]
    if ranked[0] > 0:
        tried.append(ranked[0] / 2)
    if ranked[-1] < 1:
        tried.append((ranked[-1] + 1) / 2)
    top = max(right(p, y, t) for t in tried)
    winner = min((t for t in tried if right(p, y, t) == top), key=lambda t: abs(t - 0.5))

    def held(threshold: float) -> bool:
        between = int(((p >= threshold) != (p >= winner)).sum())
        return bool(top - right(p, y, threshold) <= np.sqrt(between))

    assert abs(found - 0.5) <= min(abs(t - 0.5) for t in tried if held(t)) + 1e-6
    assert held(found)


def test_a_calibrated_model_loses_nothing_by_it_and_one_that_says_too_little_does_not() -> None:
    fresh = scores(10_000, n=20_000)
    chosen_each = [chosen(*scores(seed)) for seed in range(60)]
    cost = right(*fresh, 0.5) / 20_000 - np.mean([right(*fresh, one) for one in chosen_each]) / 20_000
    assert cost < 0.004
    p, y = scores(1, n=2000, skill=2)
    assert 0.1 < chosen(p * 0.4, y) < 0.3


@pytest.mark.parametrize(
    ("p", "y"), [([], []), ([0.2, 0.4], [1, 1]), ([0.2, np.nan], [0, 1]), ([0.5, 0.5, 0.5], [0, 1, 1])]
)
def test_rows_that_cannot_tell_leave_it_at_half(p: list[float], y: list[int]) -> None:
    assert chosen(np.array(p), np.array(y, dtype=np.int64)) == 0.5


def test_one_number_is_every_labels_and_a_label_is_said_from_it_on() -> None:
    p, y = np.array([[0.2, 0.19], [0.1, 0.9]]), np.array([[0, 1], [1, 0]])
    found = thresholds_of(0.2, ("a", "b"), p, y)
    assert found == {"a": 0.2, "b": 0.2}
    assert decided(p, found).tolist() == [[True, False], [False, True]]
    assert set(thresholds_of("validation", ("a", "b"), p, y)) == {"a", "b"}


@pytest.mark.parametrize("wanted", ["test", 0, 1, 1.5, -0.1, True])
def test_anything_else_is_refused(wanted: object) -> None:
    with pytest.raises(FerlabError, match="thresholds: expected validation or a probability"):
        check_thresholds(wanted)  # type: ignore[arg-type]
