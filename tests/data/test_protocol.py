"""Who is train, val and test."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferlab.data.protocol import Protocol
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError
from ferlab.spec import TaskSpec


def make(splits: list[str], labels: list[int] | None = None, classes: int = 2) -> Samples:
    n = len(splits)
    y = np.asarray(labels if labels is not None else [i % classes for i in range(n)], dtype=np.int64)
    x = np.arange(n * 16, dtype=np.int64).reshape(n, 4, 4, 1).astype(np.uint8)
    ids = np.array([f"s{i}" for i in range(n)])
    spec = TaskSpec("multiclass", tuple("abcdefg"[:classes]), "image", (4, 4, 1))
    return Samples("toy", spec, x, y, ids, np.array(splits))


def official(**changes: object) -> Protocol:
    values = {"name": "official", "train": ["train"], "val": ["val", "PublicTest"], "test": ["test", "PrivateTest"]}
    return Protocol(**(values | changes))  # type: ignore[arg-type]


FER = ["train"] * 6 + ["PublicTest"] * 4 + ["PrivateTest"] * 2


def test_official_splits_go_by_name() -> None:
    got = official().assign(make(FER))
    assert got.facts["counts"] == {"train": 6, "val": 4, "test": 2}
    assert got.indices["val"].tolist() == [6, 7, 8, 9]
    assert got.facts["selection"] == "val" and got.facts["marks"] == []


@given(seed=st.integers(0, 50), fraction=st.floats(0.05, 0.6))
def test_a_held_out_part_is_stratified_disjoint_and_repeatable(seed: int, fraction: float) -> None:
    samples = make(["all"] * 200, labels=[0] * 150 + [1] * 50)
    protocol = official(train=["*"], val=fraction, test=0.2, seed=seed)
    one, two = protocol.assign(samples), protocol.assign(samples)
    assert one.facts == two.facts
    every = np.concatenate(list(one.indices.values()))
    assert sorted(every) == list(range(200))
    assert np.bincount(samples.labels[one.indices["test"]]).tolist() == [30, 10]
    share = (samples.labels[one.indices["val"]] == 0).mean()
    assert share == pytest.approx(0.75, abs=0.1)


def test_the_hash_follows_who_is_where_and_nothing_else() -> None:
    base = official().assign(make(FER)).facts["hash"]
    assert official().assign(make(FER)).facts["hash"] == base
    assert official(version=2).assign(make(FER)).facts["hash"] != base
    moved = ["train"] * 5 + ["PublicTest"] * 5 + ["PrivateTest"] * 2
    assert official().assign(make(moved)).facts["hash"] != base
    seeds = {
        official(train=["*"], val=0.3, test=0.3, seed=s).assign(make(["all"] * 60)).facts["hash"] for s in range(3)
    }
    assert len(seeds) == 3


def test_a_protocol_that_selects_on_test_must_say_so_and_is_marked() -> None:
    both = {"val": ["PrivateTest"], "test": ["PrivateTest"]}
    with pytest.raises(FerlabError, match="both val and test"):
        official(**both).assign(make(FER))
    facts = official(**both, selection="test").assign(make(FER)).facts
    assert facts["marks"] == ["selected on test"]


def test_training_samples_never_stand_in_test() -> None:
    with pytest.raises(FerlabError, match="both train and test"):
        official(test=["train"], selection="test").assign(make(FER))


def test_an_empty_role_names_the_splits_that_exist_and_the_cure() -> None:
    with pytest.raises(FerlabError, match=r"no val samples.*found all.*protocol=holdout"):
        official(train=["all"]).assign(make(["all"] * 4))


def test_a_class_that_training_never_shows_is_refused() -> None:
    with pytest.raises(FerlabError, match="no training sample of b"):
        official().assign(make(FER, labels=[0] * 6 + [0, 1, 0, 1, 0, 1]))


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 2])
def test_a_fraction_lies_between_zero_and_one(fraction: float) -> None:
    with pytest.raises(FerlabError, match="between 0 and 1"):
        official(val=fraction).assign(make(FER))


def test_exact_copies_across_roles_are_counted() -> None:
    samples = make(FER)
    x = samples.x.copy()
    x[10], x[7] = x[0], x[1]
    doubled = Samples("toy", samples.spec, x, samples.labels, samples.ids, samples.splits)
    assert official().assign(samples).facts["copies"] == {"val in train": 0, "test in train": 0, "test in val": 0}
    assert official().assign(doubled).facts["copies"] == {"val in train": 1, "test in train": 1, "test in val": 0}
