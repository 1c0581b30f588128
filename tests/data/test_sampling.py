"""Rebalancing touches training samples alone and does what it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferlab.data.sampling import ClassWeights, Keep, Undersample, WeightedSampler
from ferlab.errors import FerlabError

LABELS = np.array([0] * 100 + [1] * 30 + [2] * 10 + [0] * 50, dtype=np.int64)
TRAIN = np.arange(140)


def test_keep_keeps() -> None:
    kept = Keep()(TRAIN, LABELS, 3, 0)
    assert kept.indices.tolist() == TRAIN.tolist()
    assert kept.expected_counts(LABELS, 3) == [100, 30, 10]


@given(margin=st.integers(0, 99), seed=st.integers(0, 9))
def test_undersampling_cuts_to_the_largest_class_less_the_margin(margin: int, seed: int) -> None:
    kept = Undersample(margin)(TRAIN, LABELS, 3, seed)
    ceiling = 100 - margin
    assert kept.expected_counts(LABELS, 3) == [min(n, ceiling) for n in (100, 30, 10)]
    assert len(np.unique(kept.indices)) == len(kept.indices)
    assert set(kept.indices) <= set(TRAIN)
    assert np.array_equal(kept.indices, Undersample(margin)(TRAIN, LABELS, 3, seed).indices)


def test_undersampling_draws_other_samples_under_another_seed() -> None:
    one, two = (Undersample(ceiling=20)(TRAIN, LABELS, 3, seed).indices for seed in (0, 1))
    assert not np.array_equal(one, two)


def test_a_ceiling_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(FerlabError, match=r"leaves nothing.*smaller rebalance\.margin"):
        Undersample(750)(TRAIN, LABELS, 3, 0)


def test_document_d4_keeps_15823() -> None:
    counts = [2339, 1996, 2242, 2021, 2154, 1616, 1914, 2819]
    labels = np.repeat(np.arange(8), counts)
    assert len(Undersample(750)(np.arange(len(labels)), labels, 8, 0).indices) == 15823


def test_weighted_draws_make_classes_alike() -> None:
    weights = WeightedSampler()(TRAIN, LABELS, 3, 0)
    assert weights.draw_weights is not None
    mass = np.bincount(LABELS[weights.indices], weights=weights.draw_weights)
    np.testing.assert_allclose(mass, mass[0])
    assert weights.expected_counts(LABELS, 3) == [47, 47, 47]
    assert WeightedSampler(0)(TRAIN, LABELS, 3, 0).expected_counts(LABELS, 3) == [100, 30, 10]


@given(power=st.floats(0, 2))
def test_class_weights_average_to_one_over_the_training_samples(power: float) -> None:
    weights = ClassWeights(power)(TRAIN, LABELS, 3, 0).class_weights
    assert weights is not None
    assert np.mean(np.array(weights)[LABELS[TRAIN]]) == pytest.approx(1)
    assert weights[2] >= weights[1] >= weights[0]


def test_full_class_weights_give_each_class_the_same_total() -> None:
    weights = ClassWeights()(TRAIN, LABELS, 3, 0).class_weights
    np.testing.assert_allclose(np.array(weights) * [100, 30, 10], 140 / 3)
