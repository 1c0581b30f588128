"""SyntheticFaces as a data set: determinism, counts, options, errors."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from ferlab.data.synthetic.faces import VERSION, SyntheticFaces
from ferlab.errors import FerlabError

FER_ORDER = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
BLOCKS = [
    [140, 81, 75, 132, 92, 101, 101, 106, 63, 110, 99, 76, 42, 86, 75, 36],
    [111, 126, 147, 106, 107, 112, 126, 115, 112, 139, 160, 122, 106, 108, 112, 109],
]
SMALL = {"n_train": 60, "n_val": 12, "n_test": 12, "size": 32}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FERLAB_CACHE", str(tmp_path))
    yield


def test_what_is_loaded() -> None:
    samples = SyntheticFaces(**SMALL).load()
    assert samples.synthetic and samples.name == "synthetic_faces" and "synthetic" in " ".join(samples.notes)
    assert samples.spec.labels == FER_ORDER and samples.spec.kind == "multiclass" and samples.spec.shape == (32, 32, 1)
    assert samples.x.shape == (84, 32, 32, 1) and samples.x.dtype == np.uint8 and samples.x.flags["C_CONTIGUOUS"]
    assert {s: int((samples.splits == s).sum()) for s in ("train", "val", "test")} == {
        "train": 60,
        "val": 12,
        "test": 12,
    }
    assert samples.ids[12] == "synthetic/train/000012" and len(set(samples.ids)) == 84
    assert samples.masks is not None and samples.masks.shape == (84, 32, 32) and set(np.unique(samples.masks)) == {0, 1}
    for name, values in samples.columns.items():
        assert len(values) == 84, name
    assert 0 < samples.columns["hand"].sum() < 42 and samples.columns["hand"].dtype == bool
    intensity = samples.columns["intensity"]
    assert 0.6 <= intensity.min() < 0.7 and 0.9 < intensity.max() <= 1.0


def test_the_same_seed_gives_the_same_faces_and_another_seed_others() -> None:
    index = np.arange(6)
    first, again = (SyntheticFaces(**SMALL).draw_batch("train", index) for _ in range(2))
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])
    other = SyntheticFaces(**SMALL, seed=1).draw_batch("train", index)
    assert all((first["x"][i] != other["x"][i]).mean() > 0.5 for i in index)


def test_splits_share_no_face() -> None:
    samples = SyntheticFaces(**SMALL).load()
    assert len(np.unique(np.asarray(samples.x).reshape(len(samples), -1), axis=0)) == len(samples)


def test_a_larger_set_begins_with_the_smaller_one() -> None:
    options = {"size": 24, "n_val": 5, "n_test": 5, "imbalance": 0.5, "label_noise": 0.3}
    small, large = (SyntheticFaces(n_train=n, **options).load() for n in (17, 140))
    np.testing.assert_array_equal(small.x[:17], large.x[:17])
    np.testing.assert_array_equal(small.labels[:17], large.labels[:17])
    np.testing.assert_array_equal(small.x[17:], large.x[140:])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=1, max_size=5, unique=True), st.sampled_from(["train", "val", "test"]))
def test_a_face_does_not_depend_on_its_batch(index: list[int], split: str) -> None:
    data = SyntheticFaces(size=24)
    together = data.draw_batch(split, np.array(index))
    alone = data.draw_batch(split, np.array(index[-1:]))
    for name, values in alone.items():
        np.testing.assert_array_equal(values[0], together[name][-1])


def test_classes_are_balanced_by_default() -> None:
    counts = np.bincount(SyntheticFaces(n_train=700, n_val=7, n_test=7, size=24, contempt=True).load().labels[:700])
    assert len(counts) == 8 and counts.min() >= 84 and counts.max() <= 91


def test_imbalance_follows_fer2013_and_keeps_every_class() -> None:
    samples = SyntheticFaces(n_train=500, n_val=100, n_test=100, size=24, imbalance=1.0).load()
    shares = np.bincount(samples.labels[:500]) / 500
    np.testing.assert_allclose(shares, np.array([3995, 436, 4097, 7215, 4830, 3171, 4965]) / 28709, atol=0.012)
    assert all(set(samples.labels[samples.splits == split]) == set(range(7)) for split in ("train", "val", "test"))


def test_label_noise_swaps_the_asked_share_outside_test_and_leaves_the_pictures_alone() -> None:
    options = {"n_train": 400, "n_val": 50, "n_test": 100, "size": 24}
    clean, noisy = (SyntheticFaces(**options, label_noise=noise).load() for noise in (0.0, 0.25))
    true = noisy.columns["true_label"]
    swapped = np.array(noisy.spec.labels)[noisy.labels] != true
    np.testing.assert_array_equal(true, np.array(clean.spec.labels)[clean.labels])
    np.testing.assert_array_equal(noisy.x, clean.x)
    assert not swapped[noisy.splits == "test"].any()
    # 450 draws at 0.25: four standard deviations are 0.08
    assert abs(swapped[noisy.splits != "test"].mean() - 0.25) < 0.08
    assert len(set(noisy.labels[swapped])) == 7
    assert any("label noise" in note for note in noisy.notes)


def test_a_subset_is_relabelled_in_the_given_order() -> None:
    samples = SyntheticFaces(**SMALL, classes=["happy", "sad", "angry"]).load()
    assert samples.spec.labels == ("happy", "sad", "angry") and set(samples.labels) == {0, 1, 2}
    assert set(samples.columns["true_label"]) == {"happy", "sad", "angry"}
    assert SyntheticFaces(classes=["happy", "contempt"]).spec.kind == "binary"
    assert SyntheticFaces(classes=["happy", "sad"], kind="multiclass").spec.outputs == 2


def test_rgb_is_the_same_picture_in_colour() -> None:
    index = np.arange(8)
    grey = SyntheticFaces(size=40).draw_batch("val", index)
    colour = SyntheticFaces(size=40, grey=False).draw_batch("val", index)
    np.testing.assert_array_equal(grey["label"], colour["label"])
    assert colour["x"].shape == (8, 40, 40, 3)
    spread = colour["x"].max(axis=-1).astype(int) - colour["x"].min(axis=-1)
    assert spread.mean() > 10
    for a, b in zip(grey["x"][..., 0], colour["x"] @ np.array([0.299, 0.587, 0.114]), strict=True):
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.85


@pytest.mark.parametrize("size", [24, 33, 96])
def test_a_face_looks_alike_at_any_size(size: int) -> None:
    index = np.arange(6)
    # averaged to a common 8 x 8 grid, where grain and edges hardly count
    grids = []
    for side in (size, 48):
        pictures = SyntheticFaces(size=side).draw_batch("test", index)["x"][..., 0].astype(float)
        place = (np.arange(side) * 8) // side
        grids.append(
            np.array([[[p[place == r][:, place == c].mean() for c in range(8)] for r in range(8)] for p in pictures])
        )
    assert np.abs(grids[0] - grids[1]).mean() < 8


def test_pictures_are_well_exposed() -> None:
    pictures = SyntheticFaces().draw_batch("train", np.arange(100))["x"].reshape(100, -1)
    assert 80 < pictures.mean() < 150
    assert pictures.std(axis=1).min() > 10
    assert ((pictures == 0).mean(), (pictures == 255).mean()) < (0.05, 0.05)


def test_the_drawing_changes_only_with_its_version() -> None:
    # the mean of each of 4 x 4 blocks: where this fails, the drawing changed; raise VERSION, or old caches live on
    faces = SyntheticFaces().draw_batch("train", np.arange(2))
    blocks = faces["x"].reshape(2, 4, 12, 4, 12).mean(axis=(2, 4)).reshape(2, 16)
    golden = (3, BLOCKS, (494, 574))
    assert golden[0] == VERSION
    np.testing.assert_allclose(blocks, golden[1], atol=1)
    np.testing.assert_allclose(faces["mask"].sum(axis=(1, 2)), golden[2], atol=3)


def test_the_yaml_holds_every_option_with_its_default() -> None:
    options = OmegaConf.to_container(OmegaConf.load(Path(__file__).parents[3] / "conf/data/synthetic_faces.yaml"))
    assert isinstance(options, dict)
    assert options.pop("_target_") == f"{SyntheticFaces.__module__}.{SyntheticFaces.__qualname__}"
    defaults = {n: p.default for n, p in inspect.signature(SyntheticFaces.__init__).parameters.items() if n != "self"}
    assert options == defaults | {"intensity": list(defaults["intensity"])}


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"size": 23}, "size"),
        ({"n_train": 0}, "n_train"),
        ({"classes": ["happy", "bored"]}, "bored"),
        ({"classes": ["happy", "happy"]}, "classes"),
        ({"classes": ["happy"]}, "classes"),
        ({"imbalance": 1.5}, "imbalance"),
        ({"label_noise": 1.0}, "label_noise"),
        ({"intensity": [0.8, 0.2]}, "intensity"),
        ({"intensity": [0.8]}, "intensity"),
        ({"kind": "ordinal"}, "kind"),
        ({"kind": "binary"}, "two labels"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_bad_option_is_named(options: dict[str, object], word: str) -> None:
    with pytest.raises(FerlabError, match=word):
        SyntheticFaces(**options)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_linear_classifier_stays_low_but_above_chance() -> None:
    from sklearn.linear_model import LogisticRegression

    samples = SyntheticFaces(n_train=2000, n_val=10, n_test=800).load()
    x = np.asarray(samples.x).reshape(len(samples), -1).astype(np.float32)
    train, test = samples.splits == "train", samples.splits == "test"
    x = (x - x[train].mean(axis=0)) / (x[train].std(axis=0) + 1e-3)
    probe = LogisticRegression(C=1e-3, max_iter=1000, tol=1e-2).fit(x[train], samples.labels[train])
    assert 0.2 < probe.score(x[test], samples.labels[test]) < 0.5
