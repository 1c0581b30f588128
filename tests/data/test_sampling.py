"""Rebalancing touches training samples alone and does what it says."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferlab.data.samples import Samples
from ferlab.data.sampling import (
    ClassWeights,
    EffectiveNumber,
    Extra,
    Keep,
    Oversample,
    Rebalanced,
    Undersample,
    WeightedSampler,
)
from ferlab.errors import FerlabError
from ferlab.spec import TaskSpec

LABELS = np.array([0] * 100 + [1] * 30 + [2] * 10 + [0] * 50, dtype=np.int64)
TRAIN = np.arange(140)


def samples(labels: np.ndarray) -> Samples:
    """Samples of which labels alone matter."""
    n, names = len(labels), tuple(f"class{k}" for k in range(labels.max() + 1))
    x = np.zeros((n, 4, 4, 1), dtype=np.uint8)
    x[:] = (np.arange(n) % 256)[:, None, None, None]
    ids = np.array([f"sample{k}" for k in range(n)])
    return Samples("toy", TaskSpec("multiclass", names, "image", (4, 4, 1)), x, labels, ids, np.full(n, "all"))


SAMPLES = samples(LABELS)


def test_keep_keeps() -> None:
    kept = Keep()(SAMPLES, TRAIN, 0)
    assert kept.indices.tolist() == TRAIN.tolist()
    assert kept.expected_counts(LABELS, 3) == [100, 30, 10]


@given(margin=st.integers(0, 99), seed=st.integers(0, 9))
def test_undersampling_cuts_to_the_largest_class_less_the_margin(margin: int, seed: int) -> None:
    kept = Undersample(margin)(SAMPLES, TRAIN, seed)
    ceiling = 100 - margin
    assert kept.expected_counts(LABELS, 3) == [min(n, ceiling) for n in (100, 30, 10)]
    assert len(np.unique(kept.indices)) == len(kept.indices)
    assert set(kept.indices) <= set(TRAIN)
    assert np.array_equal(kept.indices, Undersample(margin)(SAMPLES, TRAIN, seed).indices)


def test_undersampling_draws_other_samples_under_another_seed() -> None:
    one, two = (Undersample(ceiling=20)(SAMPLES, TRAIN, seed).indices for seed in (0, 1))
    assert not np.array_equal(one, two)


def test_a_ceiling_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(FerlabError, match=r"leaves nothing.*smaller rebalance\.margin"):
        Undersample(750)(SAMPLES, TRAIN, 0)


def test_document_d4_keeps_15823() -> None:
    counts = [2339, 1996, 2242, 2021, 2154, 1616, 1914, 2819]
    labels = np.repeat(np.arange(8), counts)
    assert len(Undersample(750)(samples(labels), np.arange(len(labels)), 0).indices) == 15823


def test_weighted_draws_make_classes_alike() -> None:
    weights = WeightedSampler()(SAMPLES, TRAIN, 0)
    assert weights.draw_weights is not None
    mass = np.bincount(LABELS[weights.indices], weights=weights.draw_weights)
    np.testing.assert_allclose(mass, mass[0])
    assert weights.expected_counts(LABELS, 3) == [47, 47, 47]
    assert WeightedSampler(0)(SAMPLES, TRAIN, 0).expected_counts(LABELS, 3) == [100, 30, 10]


@given(power=st.floats(0, 2))
def test_class_weights_average_to_one_over_the_training_samples(power: float) -> None:
    weights = ClassWeights(power)(SAMPLES, TRAIN, 0).class_weights
    assert weights is not None
    assert np.mean(np.array(weights)[LABELS[TRAIN]]) == pytest.approx(1)
    assert weights[2] >= weights[1] >= weights[0]


def test_full_class_weights_give_each_class_the_same_total() -> None:
    weights = ClassWeights()(SAMPLES, TRAIN, 0).class_weights
    np.testing.assert_allclose(np.array(weights) * [100, 30, 10], 140 / 3)


@given(ceiling=st.none() | st.integers(1, 250), seed=st.integers(0, 9))
def test_oversampling_fills_every_class_evenly(ceiling: int | None, seed: int) -> None:
    shown = Oversample(ceiling)(SAMPLES, TRAIN, seed)
    goal = ceiling or 100
    assert shown.expected_counts(LABELS, 3) == [max(n, goal) for n in (100, 30, 10)]
    assert set(shown.indices) == set(TRAIN)
    times = np.bincount(shown.indices, minlength=140)
    for label in range(3):
        of_class = times[TRAIN[LABELS[:140] == label]]
        assert of_class.max() - of_class.min() <= 1
    assert np.array_equal(shown.indices, Oversample(ceiling)(SAMPLES, TRAIN, seed).indices)


def test_oversampling_repeats_other_samples_under_another_seed() -> None:
    one, two = (Oversample()(SAMPLES, TRAIN, seed).indices for seed in (0, 1))
    assert not np.array_equal(one, two)


@pytest.mark.parametrize("beta", [0.9, 0.999])
def test_effective_numbers_are_those_of_the_paper(beta: float) -> None:
    weights = EffectiveNumber(beta)(SAMPLES, TRAIN, 0).class_weights
    # the n-th sample of a class adds beta^(n - 1)
    effective = np.array([sum(beta**k for k in range(n)) for n in (100, 30, 10)])
    np.testing.assert_allclose(np.array(weights) / weights[0], effective[0] / effective)  # type: ignore[index]
    assert np.mean(np.array(weights)[LABELS[TRAIN]]) == pytest.approx(1)


def test_effective_numbers_lie_between_no_weights_and_inverse_frequency() -> None:
    alike = EffectiveNumber(0)(SAMPLES, TRAIN, 0).class_weights
    nearly = EffectiveNumber(1 - 1e-9)(SAMPLES, TRAIN, 0).class_weights
    assert alike == [1.0, 1.0, 1.0]
    np.testing.assert_allclose(nearly, ClassWeights()(SAMPLES, TRAIN, 0).class_weights, rtol=1e-5)


@pytest.mark.parametrize("scheme", [ClassWeights(), EffectiveNumber()])
def test_a_class_without_training_samples_gets_no_weight(scheme: ClassWeights | EffectiveNumber) -> None:
    weights = scheme(SAMPLES, np.arange(130), 0).class_weights
    assert weights is not None and weights[2] == 0 and np.isfinite(weights).all()


@pytest.mark.parametrize("scheme", [WeightedSampler, ClassWeights, EffectiveNumber])
def test_every_weighting_can_be_deferred(scheme: type[WeightedSampler | ClassWeights | EffectiveNumber]) -> None:
    assert scheme(start_epoch=8)(SAMPLES, TRAIN, 0).start_epoch == 8
    assert scheme()(SAMPLES, TRAIN, 0).start_epoch == 0
    with pytest.raises(FerlabError, match=r"rebalance\.start_epoch.*found -1"):
        scheme(start_epoch=-1)(SAMPLES, TRAIN, 0)


def test_made_images_count_for_the_class_they_came_from() -> None:
    made = Extra(np.zeros((2, 4, 4, 1), dtype=np.uint8), np.array([135, 139]))
    shown = Rebalanced(np.append(TRAIN, [len(LABELS), len(LABELS) + 1]), extra=made)
    assert shown.expected_counts(LABELS, 3) == [100, 30, 12]
    assert shown.origins(len(LABELS))[-2:].tolist() == [135, 139]


@pytest.mark.parametrize(
    ("make", "message"),
    [(lambda: Oversample(0), r"ceiling.*1 or more"), (lambda: EffectiveNumber(1), r"beta.*below 1")],
)
def test_options_without_a_meaning_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(FerlabError, match=message):
        make()
