"""Each finding on samples made to have it, the statistics against scipy and statsmodels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from fakes import fer2013 as fake
from fakes.pictures import blocks
from ferlab.auditing.balance import class_balance
from ferlab.auditing.duplicates import contradictions, count_copies, split_names
from ferlab.auditing.made_pairs import CHANGES, measure_recall
from ferlab.auditing.pixels import LEAST_SPREAD, light, look_at_light, robust_z
from ferlab.auditing.votes import look_at_votes
from ferlab.data.copies import find_copies
from ferlab.data.fer2013 import Fer2013
from ferlab.data.fer2013_votes import CANDIDATES
from ferlab.data.samples import Samples
from ferlab.data.synthetic.faces import SyntheticFaces
from ferlab.errors import FerlabError
from ferlab.spec import TaskSpec

NONE = np.empty(0, np.int64)


def made(x: np.ndarray, labels: list[int], splits: list[str], classes: int = 3) -> Samples:
    names = tuple("abcdefgh"[:classes])
    ids = np.array([f"{split}/{k:03d}" for k, split in enumerate(splits)])
    spec = TaskSpec("multiclass", names, "image", x.shape[1:])
    return Samples("made", spec, x, np.array(labels), ids, np.array(splits))


def copied() -> Samples:
    """Twelve pictures: 0, 4 and 8 the same; 9 is 1 in a mirror; 10 and 11 are black."""
    x = np.stack(
        [blocks(k) for k in range(8)] + [blocks(0), blocks(1)[:, ::-1]] + [np.zeros((48, 48, 1), np.uint8)] * 2
    )
    x[4] = x[0]
    labels = [0, 1, 2, 0, 0, 1, 2, 0, 2, 1, 0, 1]
    return made(x, labels, ["train"] * 6 + ["test"] * 6)


def test_copies_are_counted_within_and_across_splits_and_by_class() -> None:
    samples = copied()
    found = count_copies(samples, find_copies(samples.x, "made"))
    assert found["pairs"] == {"exact": 4, "near": 1, "mirrored": 1}
    assert found["groups"] == {"number": 3, "images": 7, "largest": 3}
    train, across, test = found["between"]
    assert [entry["splits"] for entry in found["between"]] == [["train", "train"], ["train", "test"], ["test", "test"]]
    assert (train["exact_pairs"], train["near_pairs"]) == (1, 0)
    assert (across["exact_pairs"], across["near_pairs"]) == (2, 1)
    assert across["images"] == {"train": {"of": 6, "exact": 2, "near": 1}, "test": {"of": 6, "exact": 1, "near": 1}}
    assert (test["exact_pairs"], test["near_pairs"]) == (1, 0)
    assert found["by_class"]["a"] == {"images": 5, "exact": 3, "near": 0, "in_another_split": 2}
    assert found["by_class"]["b"] == {"images": 4, "exact": 1, "near": 2, "in_another_split": 2}


def test_contradicting_labels_without_blank_images() -> None:
    samples = copied()
    copies = find_copies(samples.x, "made")
    found = contradictions(samples, copies, np.array([10, 11]))
    assert found["exact"] == {
        "groups": 1,
        "of_groups": 1,
        "images": 3,
        "pairs": 2,
        "of_pairs": 3,
        "confused": {"a / c": 2},
    }
    assert found["all"]["of_groups"] == 2 and found["all"]["groups"] == 1
    with_blank = contradictions(samples, copies, NONE)
    assert with_blank["exact"]["confused"] == {"a / c": 2, "a / b": 1}


def test_no_copies_no_findings() -> None:
    samples = made(np.stack([blocks(k) for k in range(5)]), [0, 1, 2, 0, 1], ["all"] * 5)
    copies = find_copies(samples.x, "made")
    assert contradictions(samples, copies, NONE)["all"] == dict.fromkeys(
        ("groups", "of_groups", "images", "pairs", "of_pairs"), 0
    ) | {"confused": {}}
    assert count_copies(samples, copies)["groups"] == {"number": 0, "images": 0, "largest": 1}


def test_training_stands_first_among_the_splits() -> None:
    samples = made(np.zeros((3, 8, 8, 1), np.uint8), [0, 1, 2], ["test", "val", "train"])
    assert split_names(samples) == ["train", "test", "val"]


@pytest.mark.parametrize("channels", [1, 3])
def test_light_is_mean_and_deviation_of_the_grey_image(channels: int) -> None:
    x = np.random.default_rng(0).integers(0, 256, (300, 20, 16, channels), np.uint8)
    grey = x.astype(float).mean(-1).reshape(300, -1)
    assert np.allclose(light(x), np.stack([grey.mean(1), grey.std(1)], axis=1), atol=1e-3)


def test_constant_images_have_no_contrast_at_all_whatever_their_size() -> None:
    x = np.stack([np.full((224, 224, 3), grey, np.uint8) for grey in (0, 77, 255)])
    assert (light(x)[:, 1] == 0).all()


def test_robust_z_agrees_with_scipy_and_forgives_small_differences() -> None:
    values = np.random.default_rng(0).normal(100, 30, 501)
    mad = stats.median_abs_deviation(values, scale="normal")
    # 1.4826 is the rounded reciprocal of the normal's third quartile
    assert np.allclose(robust_z(values), (values - np.median(values)) / mad, rtol=1e-4)
    assert np.allclose(robust_z(np.array([100.0, 100, 100, 100, 104])), [0, 0, 0, 0, 4 / LEAST_SPREAD])


def test_blank_and_odd_images_are_told_apart() -> None:
    x = np.random.default_rng(0).integers(60, 196, (200, 16, 16, 1), np.uint8)
    x[0], x[1, :8], x[1, 8:] = 0, 100, 104
    x[2], x[3], x[4, :8], x[4, 8:] = x[2] // 4, 255 - x[3] // 4, 0, 255
    facts, lists = look_at_light(light(x))
    named = {name: positions.tolist() for name, positions in lists.items()}
    assert named == {
        "constant": [0],
        "nearly_blank": [1],
        "dark": [2],
        "bright": [3],
        "flat": sorted([2, 3], key=lambda i: light(x)[i, 1]),
        "harsh": [4],
    }
    assert facts["counts"] == {name: len(positions) for name, positions in named.items()}


def test_equalised_pictures_are_noticed() -> None:
    even = np.random.default_rng(0).permuted(np.tile(np.arange(256, dtype=np.uint8), (50, 1)), axis=1)
    assert look_at_light(light(even.reshape(50, 16, 16, 1)))[0]["equalised"] == 1
    narrow = np.random.default_rng(0).integers(60, 196, (50, 16, 16, 1), np.uint8)
    assert look_at_light(light(narrow))[0]["equalised"] == 0


def test_class_balance_agrees_with_scipy_and_statsmodels() -> None:
    from statsmodels.stats.contingency_tables import Table

    table = np.array([[40, 20, 5], [10, 12, 9]])
    labels = [k for row in table for k, count in enumerate(row) for _ in range(count)]
    splits = ["train"] * int(table[0].sum()) + ["test"] * int(table[1].sum())
    found = class_balance(made(np.zeros((len(labels), 8, 8, 1), np.uint8), labels, splits))
    assert found["counts"] == {"train": {"a": 40, "b": 20, "c": 5}, "test": {"a": 10, "b": 12, "c": 9}}
    assert found["ratio"] == {"train": 8.0, "test": 12 / 9}
    theirs = Table(table, shift_zeros=False).test_nominal_association()
    assert found["test"]["chi_square"] == pytest.approx(theirs.statistic)
    assert found["test"]["p"] == pytest.approx(theirs.pvalue) and found["test"]["degrees"] == 2
    assert found["test"]["cramers_v"] == pytest.approx((theirs.statistic / table.sum()) ** 0.5)


def test_class_balance_of_one_split_and_of_missing_classes() -> None:
    x = np.zeros((4, 8, 8, 1), np.uint8)
    assert class_balance(made(x, [0, 0, 1, 2], ["all"] * 4))["test"] is None
    missing = class_balance(made(x, [0, 0, 1, 1], ["train", "test", "train", "test"]))
    assert missing["ratio"] == {"train": None, "test": None} and missing["test"]["degrees"] == 1


def test_chi_square_rejects_equal_splits_as_often_as_it_should() -> None:
    rng = np.random.default_rng(0)
    x = np.zeros((600, 8, 8, 1), np.uint8)
    splits = ["train"] * 400 + ["test"] * 200
    rejected = [
        class_balance(made(x, rng.choice(3, 600, p=[0.5, 0.3, 0.2]).tolist(), splits))["test"]["p"] < 0.05
        for _ in range(400)
    ]
    assert 0.02 < np.mean(rejected) < 0.08


def test_recall_of_made_copies_has_intervals_and_finds_what_it_should() -> None:
    x = np.array(SyntheticFaces(n_train=400, n_val=10, n_test=10).load().x)
    found = measure_recall(x, find_copies(x, "faces"), count=30)
    assert set(found) == set(CHANGES)
    for kind in ("mirrored", "shifted by 1 pixel", "brighter by 40 of 255", "JPEG, quality 60"):
        assert found[kind]["value"] >= 0.9 and found[kind]["n"] == 30
    assert all(one["low"] <= one["value"] <= one["high"] and one["interval"] == "Wilson" for one in found.values())
    # so much is another picture; a method that found these would take any two faces for copies
    assert found["turned by 6 degrees"]["value"] < 0.9


def voted(folder: Path, counts: dict[int, dict[str, int]]) -> tuple[Samples, dict[str, Any]]:
    """The original table with ten votes for every label, but for the rows in `counts`."""
    faces = fake.faces()
    (folder / "fer2013.csv").write_bytes(fake.table(faces))
    agree = dict(
        zip(fake.CLASSES, ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"), strict=True)
    )
    lines = ["Usage,Image name," + ",".join(CANDIDATES)]
    for row, face in enumerate(faces):
        own = counts.get(row, {agree[fake.CLASSES[face.label]]: 10})
        lines.append(f"{face.usage},fer{row:07d}.png," + ",".join(str(own.get(name, 0)) for name in CANDIDATES))
    (folder / "fer2013new.csv").write_text("\n".join(lines) + "\n")
    samples = Fer2013(str(folder), check_counts=False).load()
    facts, lists = look_at_votes(samples, None, str(folder))
    return samples, {"facts": facts, **{name: [str(i) for i in samples.ids[p]] for name, p in lists.items()}}


def test_what_the_votes_say(tmp_path: Path) -> None:
    _, found = voted(
        tmp_path,
        {
            0: {"NF": 6, "anger": 4},
            1: {"unknown": 7, "disgust": 3},
            2: {"fear": 4, "surprise": 4, "sadness": 2},
            3: {"sadness": 8, "happiness": 2},
            4: {"contempt": 5, "sadness": 4, "neutral": 1},
            5: {"surprise": 5, "fear": 5},
        },
    )
    assert found["not_a_face"] == ["Training/00000"] and found["unknown"] == ["Training/00001"]
    assert found["disagreement"] == ["Training/00002"]
    assert found["contradicted"] == ["Training/00003", "Training/00004"]
    assert found["facts"]["contradicted_as"] == {"happy -> sadness": 1, "sad -> contempt": 1}
    assert found["facts"]["by_class"]["happy"]["contradicted"] == 1 and found["facts"]["images"] == 21
    assert found["facts"]["votes_each"] == [10]


def test_a_line_says_why_there_are_no_votes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLAB_DATA", str(tmp_path))
    (tmp_path / "fer2013.csv").write_bytes(fake.table(fake.faces()))
    samples = Fer2013(check_counts=False).load()
    facts, lists = look_at_votes(samples, None, None)
    assert "fer2013new.csv" in facts["none"] and lists == {}
    assert "not on made" in look_at_votes(copied(), None, None)[0]["none"]
    with pytest.raises(FerlabError, match=r"fer2013new\.csv"):
        look_at_votes(samples, str(tmp_path / "fer2013new.csv"), None)
