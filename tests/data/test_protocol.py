"""Who is train, val and test."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferlab.build import build
from ferlab.config import compose, plain
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


def test_the_hash_tells_clips_normalised_by_speaker_from_others() -> None:
    samples = make(FER)
    found = {official(normalise=who).assign(samples).facts["hash"] for who in (None, "actor", "author")}
    assert len(found) == 3


def test_a_protocol_that_selects_on_test_must_say_so_and_is_marked() -> None:
    both = {"val": ["PrivateTest"], "test": ["PrivateTest"]}
    with pytest.raises(FerlabError, match="both val and test"):
        official(**both).assign(make(FER))
    facts = official(**both, selection="test").assign(make(FER)).facts
    assert facts["marks"] == ["selected on test"]


def test_the_test_samples_can_be_named_as_validation_where_they_are_drawn() -> None:
    samples = make(["all"] * 60)
    got = official(train=["*"], val="test", test=0.2, selection="test").assign(samples)
    assert got.indices["val"].tolist() == got.indices["test"].tolist() and got.facts["counts"]["train"] == 48
    assert got.facts["marks"] == ["selected on test"]
    with pytest.raises(FerlabError, match="both val and test"):
        official(train=["*"], val="test", test=0.2).assign(samples)


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


def doubled(pairs: list[tuple[int, int]], **changes: object) -> Samples:
    samples = make(FER)
    x = samples.x.copy()
    for i, j in pairs:
        x[i] = x[j]
    return replace(samples, x=x, **changes)  # type: ignore[arg-type]


def test_dropping_copies_leaves_the_other_roles_as_they_were() -> None:
    # 0 and 7 are copies of test images, 3 of a validation image
    samples = doubled([(0, 10), (7, 11), (3, 8)])
    got = official(drop_copies={"train": ["test"], "val": ["test"]}).assign(samples)
    assert got.indices["train"].tolist() == [1, 2, 3, 4, 5] and got.indices["val"].tolist() == [6, 8, 9]
    assert got.indices["test"].tolist() == [10, 11]
    assert got.facts["dropped"] == {"train": 1, "val": 1}
    assert got.facts["copies"] == {"val in train": 1, "test in train": 0, "test in val": 0}
    assert got.facts["hash"] != official().assign(samples).facts["hash"]
    assert official(drop_copies={"train": []}).assign(samples).facts["dropped"] == {"train": 0}
    both = official(drop_copies={"train": ["val", "test"], "val": ["test"]}, on_leak="stop").assign(samples)
    assert both.indices["train"].tolist() == [1, 2, 4, 5]
    with pytest.raises(FerlabError, match="'exam'"):
        official(drop_copies={"train": ["exam"]}).assign(samples)


def test_on_leak_stop_names_the_pairs() -> None:
    with pytest.raises(FerlabError, match=r"2 in all(.|\n)*train s0 = test s10 \(exact copy\)(.|\n)*drop_copies"):
        official(on_leak="stop").assign(doubled([(0, 10), (7, 1)]))
    official(on_leak="stop").assign(doubled([(0, 1)]))
    with pytest.raises(FerlabError, match=r"on_leak: expected one of"):
        official(on_leak="warn").assign(make(FER))


def test_each_sample_says_whether_training_shows_a_copy_of_it() -> None:
    got = official().assign(doubled([(0, 10), (7, 11)]))
    assert got.columns["copy_in_train"][[10, 11, 7]].tolist() == ["exact", "none", "none"]
    assert got.columns["copies"][0] == got.columns["copies"][10] != got.columns["copies"][11]


def speakers(values: list[str], **changes: object) -> Samples:
    samples = make(["all"] * len(values))
    return replace(samples, columns={"actor": np.array(values)}, people=("actor",), **changes)  # type: ignore[arg-type]


def test_a_person_in_two_roles_stops_the_run_unless_the_protocol_declares_it() -> None:
    samples = speakers([str(i // 10) for i in range(120)])
    with pytest.raises(FerlabError, match=r"values of actor stand in train and in .*protocol\.group=actor"):
        official(train=["*"], val=0.2, test=0.2).assign(samples)
    declared = official(train=["*"], val=0.2, test=0.2, shared_groups={"actor": "speakers in both halves"})
    facts = declared.assign(samples).facts
    assert facts["marks"] == ["speakers in both halves"] and facts["crossing"] == ["actor"]
    with pytest.raises(FerlabError, match=r"column 'speaker'; toy has actor"):
        official(train=["*"], val=0.2, test=0.2, shared_groups={"speaker": "x"}).assign(samples)


def test_a_declared_column_is_marked_where_nobody_is_known_to_be_a_person() -> None:
    samples = replace(speakers([str(i // 10) for i in range(120)]), people=())
    declared = {"actor": "speakers in both halves"}
    crossing = official(train=["*"], val=0.2, test=0.2, shared_groups=declared).assign(samples)
    assert crossing.facts["marks"] == ["speakers in both halves"]
    whole = official(train=["*"], val=0.25, test=0.25, group="actor", shared_groups=declared).assign(samples)
    assert whole.facts["marks"] == []


@given(seed=st.integers(0, 20))
def test_groups_stay_whole(seed: int) -> None:
    samples = speakers([str(i // 10) for i in range(240)])
    got = official(train=["*"], val=0.25, test=0.25, group="actor", seed=seed).assign(samples)
    who = {role: set(samples.columns["actor"][i].tolist()) for role, i in got.indices.items()}
    assert not who["train"] & who["test"] and not who["train"] & who["val"] and not who["val"] & who["test"]
    assert sum(map(len, got.indices.values())) == 240 and len(who["test"]) == 6
    assert got.facts["group"] == "actor" and got.facts["marks"] == []


def test_an_official_split_is_checked_for_a_named_group() -> None:
    samples = replace(make(FER), columns={"site": np.array(["a"] * 6 + ["b"] * 5 + [""])})
    with pytest.raises(FerlabError, match="values of site stand in val and in test, b among them"):
        official(group="site").assign(samples)
    with pytest.raises(FerlabError, match=r"group=place: no such column; toy has site, copies"):
        official(group="place").assign(samples)


@pytest.mark.parametrize("unknown", ["", np.nan])
def test_an_empty_cell_is_a_group_of_its_own(unknown: object) -> None:
    samples = replace(make(FER), columns={"site": np.array([unknown] * 12)})
    assert official(group="site").assign(samples).facts["marks"] == []


def test_a_split_is_named_in_a_list() -> None:
    with pytest.raises(FerlabError, match=r"protocol\.val: expected a list of splits, found 'PublicTest'"):
        official(val="PublicTest").assign(make(FER))


def kfold(**changes: object) -> Protocol:
    return official(**({"train": ["*"], "val": 0.2, "test": None, "folds": 4, "fold": 0} | changes))


def test_every_sample_is_tested_in_one_fold() -> None:
    samples = make(["all"] * 103)
    parts = [kfold(fold=k).assign(samples) for k in range(4)]
    tested = np.concatenate([part.indices["test"] for part in parts])
    assert sorted(tested) == list(range(103))
    for k, part in enumerate(parts):
        assert part.facts["fold"] == {"index": k, "of": 4}
        assert sorted(np.concatenate(list(part.indices.values()))) == list(range(103))
        assert np.ptp(np.bincount(samples.labels[part.indices["test"]])) <= 1
    assert len({part.facts["hash"] for part in parts}) == 4
    assert kfold().count_folds(samples) == 4


def test_folds_by_group_keep_copies_together() -> None:
    samples = make(["all"] * 40)
    x = samples.x.copy()
    x[20:] = x[:20]
    twice = replace(samples, x=x)
    for k in range(4):
        facts = kfold(fold=k, group="copies").assign(twice).facts
        assert facts["copies"] == {"val in train": 0, "test in train": 0, "test in val": 0}
    assert kfold().assign(twice).facts["copies"]["test in train"] > 0


def test_folds_can_be_named_or_one_a_group() -> None:
    samples = speakers([str(i // 10 + 1) for i in range(60)])
    named = kfold(folds=[[1, 6], [2, 3], [4, 5]], group="actor", fold=1)
    assert set(samples.columns["actor"][named.assign(samples).indices["test"]]) == {"2", "3"}
    each = kfold(folds="each", group="actor", fold=5)
    assert each.count_folds(samples) == 6 and set(samples.columns["actor"][each.assign(samples).indices["test"]]) == {
        "6"
    }
    for folds, message in (
        ([[1, 2], [2, 3]], r"\['2'\] stand in two folds"),
        ([[1, 2, 3], [4, 5, 6, 7]], r"\['7'\] have no sample"),
        ([[1, 2], [3, 4]], r"\['5', '6'\] are in no fold"),
        ("all", r"found 'all'"),
        (1, r"expected 2 or more, found 1"),
    ):
        with pytest.raises(FerlabError, match=message):
            kfold(folds=folds, group="actor").assign(samples)


def test_mistakes_in_folds_name_the_cure() -> None:
    samples = make(["all"] * 40)
    with pytest.raises(FerlabError, match=r"expected 0 to 3, found 4.*cross_validate"):
        kfold(fold=4).assign(samples)
    with pytest.raises(FerlabError, match=r"either test, or folds and fold"):
        kfold(fold=None).assign(samples)
    with pytest.raises(FerlabError, match=r"expected 50 or more samples, found 40"):
        kfold(folds=50).assign(samples)
    with pytest.raises(FerlabError, match=r"names groups; expected protocol.group"):
        kfold(folds="each").assign(samples)
    with pytest.raises(FerlabError, match=r"official has no folds; cure: protocol=kfold"):
        official().count_folds(samples)


def actors() -> Samples:
    samples = make(["all"] * 240)
    who = np.repeat(np.arange(1, 25), 10)
    return replace(samples, columns={"actor": who}, people=("actor",))


@pytest.mark.parametrize(("name", "folds"), [("emobox6", 6), ("actor5", 5), ("loso", 24), ("emobox6_normalised", 6)])
def test_speech_protocols_test_every_actor_once_and_never_one_that_trained(name: str, folds: int) -> None:
    samples, tested = actors(), []
    for fold in range(folds):
        got = build(plain(compose("train", [f"protocol={name}", f"protocol.fold={fold}"]))["protocol"]).assign(samples)
        who = {role: set(samples.columns["actor"][i].tolist()) for role, i in got.indices.items()}
        assert not who["train"] & who["test"] and not who["val"] & (who["train"] | who["test"])
        assert len(who["val"]) in (3, 4, 5)
        tested += sorted(who["test"])
        assert got.facts["fold"] == {"index": fold, "of": folds}
        if name == "actor5":
            # odd actors are men
            assert abs(sum(1 if actor % 2 else -1 for actor in who["test"])) <= 1
    assert sorted(tested) == list(range(1, 25))


@pytest.mark.parametrize(
    ("name", "marks"),
    [("random80", ["speakers in both halves"]), ("ancestor", ["selected on test", "speakers in both halves"])],
)
def test_random_splits_over_speakers_are_marked(name: str, marks: list[str]) -> None:
    got = build(plain(compose("train", [f"protocol={name}"]))["protocol"]).assign(actors())
    assert got.facts["marks"] == marks and got.facts["counts"]["test"] == 48


def test_a_missing_actor_is_named() -> None:
    few = actors()
    keep = np.flatnonzero(few.columns["actor"] != 11)
    without = replace(
        few,
        x=few.x[keep],
        labels=few.labels[keep],
        ids=few.ids[keep],
        splits=few.splits[keep],
        columns={"actor": few.columns["actor"][keep]},
    )
    with pytest.raises(FerlabError, match=r"emobox6: groups \['11'\] have no sample"):
        build(plain(compose("train", ["protocol=emobox6"]))["protocol"]).assign(without)
