"""Texts and several labels a sample on the way through protocols, rebalancing and the DataModule's facts."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferlab.build import build
from ferlab.config import compose, plain
from ferlab.data.copies import same_content
from ferlab.data.datamodule import DataModule
from ferlab.data.protocol import Protocol
from ferlab.data.samples import Samples
from ferlab.data.sampling import ClassWeights, EffectiveNumber, Keep, Oversample, Undersample, WeightedSampler
from ferlab.data.synthetic.essays import SyntheticEssays
from ferlab.errors import FerlabError
from ferlab.spec import TaskSpec


def make(labels: np.ndarray, texts: list[str] | None = None, **further: Any) -> Samples:
    n, count = labels.shape
    spec = TaskSpec("multilabel", tuple(f"t{k}" for k in range(count)), "text", ())
    x = np.array([f"text {k}" for k in range(n)] if texts is None else texts, object)
    ids = np.array([f"s{k}" for k in range(n)])
    return Samples("toy", spec, x, labels.astype(np.int64), ids, np.full(n, "all"), **further)


def holdout(**changes: Any) -> Protocol:
    return Protocol(**({"name": "holdout", "train": ["*"], "val": 0.2, "test": 0.2} | changes))


class Given:
    """A source of samples that are there already."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def load(self) -> Samples:
        return self.samples


def test_strata_number_the_label_patterns() -> None:
    labels = np.array([[0, 0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 1], [1, 1, 1, 1, 1]])
    assert make(labels).strata.tolist() == [0, 1, 16, 31]
    wide = np.zeros((4, 70), int)
    wide[1, 69] = wide[3, 69] = wide[2, 0] = 1
    assert make(wide).strata.tolist() == [0, 1, 2, 1]
    one = replace(SyntheticEssays(n=8, classes=["EXT"]).load())
    assert one.strata is one.labels


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), count=st.integers(2, 9), fraction=st.floats(0.1, 0.4))
def test_a_held_out_part_has_its_share_of_patterns_common_and_rare(seed: int, count: int, fraction: float) -> None:
    labels = np.random.default_rng(seed).random((300, count)) < 0.4
    samples = make(labels)
    assignment = holdout(val=fraction, test=fraction, seed=seed).assign(samples)
    every = np.concatenate(list(assignment.indices.values()))
    assert sorted(every.tolist()) == list(range(300))
    test = assignment.indices["test"]
    assert len(test) == round(fraction * 300)
    patterns = np.unique(samples.strata)
    for pattern in patterns:
        of_all, here = (samples.strata == pattern).sum(), (samples.strata[test] == pattern).sum()
        assert abs(here - fraction * of_all) < 1.6
    np.testing.assert_array_equal(holdout(val=fraction, test=fraction, seed=seed).assign(samples).indices["test"], test)


def test_a_held_out_part_favours_no_label() -> None:
    # one and a half of every pattern: which has one and which two must not follow a label
    samples = SyntheticEssays(n=320, words=3).load()
    shares = np.array(
        [samples.labels[holdout(test=0.15, seed=seed).assign(samples).indices["test"]].mean(0) for seed in range(30)]
    )
    assert np.abs(shares - 0.5).max() < 0.13 and np.abs(shares.mean(0) - 0.5).max() < 0.03


@pytest.mark.parametrize("count", [3, 12])
@pytest.mark.parametrize("groups", [None, "author"])
def test_folds_of_patterns_that_are_rarer_than_folds(count: int, groups: str | None) -> None:
    labels = np.random.default_rng(0).random((90, count)) < 0.5
    samples = make(labels, columns={"author": np.array([f"a{k // 2}" for k in range(90)])}, people=("author",))
    tested = []
    for fold in range(10):
        protocol = holdout(val=0.1, test=None, folds=10, fold=fold, group=groups, shared_groups={"author": "authors"})
        assignment = protocol.assign(samples)
        tested.append(assignment.indices["test"])
        assert 6 <= len(tested[-1]) <= 12
        assert assignment.facts["crossing"] == ([] if groups else ["author"])
    assert sorted(np.concatenate(tested).tolist()) == list(range(90))


def test_authors_with_one_text_each_are_no_constraint() -> None:
    samples = SyntheticEssays(n=320, words=3).load()
    alone, grouped = (
        [
            holdout(val=0.1, test=None, folds=5, fold=2, group=group).assign(samples).indices[role]
            for role in ("val", "test")
        ]
        for group in (None, "author")
    )
    for one, other in zip(alone, grouped, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("column", "value", "why"), [(1, 0, "with t1"), (0, 1, "without t0")])
def test_a_label_that_training_never_or_always_sees_is_named(column: int, value: int, why: str) -> None:
    labels = np.random.default_rng(0).integers(0, 2, (60, 3))
    labels[:, column] = value
    with pytest.raises(FerlabError, match=f"protocol holdout: no training sample {why} in data set toy"):
        holdout().assign(make(labels))


def test_texts_that_differ_in_case_and_white_space_are_copies() -> None:
    x = np.array(["One  two", "three", "one\ntwo ", "Three!", "One  two", "\u00df"], object)
    found = same_content(x)
    assert found.pairs.tolist() == [[0, 2], [0, 4], [2, 4]] and found.exact.tolist() == [False, True, False]
    assert found.clusters.tolist() == [0, 1, 0, 2, 0, 3]


def test_copies_across_the_roles_are_counted_and_dropped() -> None:
    labels = np.tile(np.array([[0, 1], [1, 0]]), (20, 1))
    samples = make(labels, [f"text {k % 20}" if k < 20 else f"TEXT  {k % 20}" for k in range(40)])
    facts = holdout().assign(samples).facts
    assert facts["copies"]["test in train"] == 0 and facts["near_copies"]["test in train"] > 0
    clean = holdout(drop_copies={"train": ["val", "test"], "val": ["test"]}).assign(samples).facts
    assert set(clean["near_copies"].values()) == {0}
    with pytest.raises(FerlabError, match="copies cross the roles"):
        holdout(on_leak="stop").assign(samples)
    together = holdout(group="copies").assign(samples).facts
    assert set(together["near_copies"].values()) == {0}


@pytest.mark.parametrize(
    "scheme",
    [Undersample(1), Oversample(), WeightedSampler(), ClassWeights(), EffectiveNumber()],
    ids=lambda s: type(s).__name__,
)
def test_rebalancing_refuses_several_labels_a_sample(scheme: Callable[..., Any]) -> None:
    with pytest.raises(
        FerlabError, match=r"toy is multilabel, .* rebalance=none, or one label at a time with data\.classes"
    ):
        scheme(make(np.eye(4)), np.arange(4), 0)
    assert Keep()(make(np.eye(4)), np.arange(3), 0).indices.tolist() == [0, 1, 2]


def test_facts_count_the_samples_with_each_label() -> None:
    samples = SyntheticEssays(n=320, words=3).load()
    data = DataModule(Given(samples), holdout(test=0.25, val=0.2))
    counts = data.facts["class_counts"]
    assert data.facts["labels"] == ["EXT", "NEU", "AGR", "CON", "OPN"] and data.facts["modality"] == "text"
    for role, indices in data.assignment.indices.items():
        assert counts[role] == samples.labels[indices].sum(0).tolist()
    assert counts["train after rebalancing"] == counts["train"]
    assert sum(np.array(counts[role]) for role in ("train", "val", "test")).tolist() == [160] * 5


@pytest.mark.parametrize("name", ["holdout", "kfold", "essays10"])
def test_protocols_take_the_embedded_texts(name: str) -> None:
    options = plain(compose("train", ["data=synthetic_essays", "data.n=320", "data.words=3", f"protocol={name}"]))
    facts = build(options["protocol"]).assign(build(options["data"]).load()).facts
    assert facts["name"] == name and facts["marks"] == [] and min(facts["counts"].values()) > 20
