"""Images made before training come from training images alone, are what was asked for, and repeat under a seed."""

from typing import Any

import numpy as np
import pytest
import torch

from ferlab.build import build
from ferlab.config import compose, plain
from ferlab.data.offline import Offline
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError
from ferlab.spec import TaskSpec
from ferlab.transforms.augment import KerasAugment
from ferlab.transforms.mixup import Mixup

LABELS = np.array([0] * 20 + [1] * 6 + [2] * 9 + [1] * 5, dtype=np.int64)
TRAIN = np.arange(35)


def samples() -> Samples:
    rng = np.random.default_rng(0)
    n = len(LABELS)
    x = rng.integers(0, 256, (n, 8, 8, 1), dtype=np.uint8)
    names = ("happy", "disgust", "sad")
    ids = np.array([f"face{k}" for k in range(n)])
    return Samples("toy", TaskSpec("multiclass", names, "image", (8, 8, 1)), x, LABELS, ids, np.full(n, "all"))


SAMPLES = samples()
FLIP = KerasAugment(horizontal_flip=True)


def test_the_rarest_class_gets_copies_of_its_training_images() -> None:
    made = Offline(FLIP, copies=3)(SAMPLES, TRAIN, 0)
    assert made.extra is not None and made.extra.x.shape == (18, 8, 8, 1)
    # the five images of the class that do not train are no originals
    assert made.extra.origin.tolist() == sorted([*range(20, 26)] * 3)
    assert made.indices.tolist() == [*TRAIN, *range(40, 58)]
    assert made.expected_counts(LABELS, 3) == [20, 24, 9]


def test_each_made_image_is_its_original_augmented() -> None:
    extra = Offline(FLIP, copies=8)(SAMPLES, TRAIN, 0).extra
    assert extra is not None
    originals = SAMPLES.x[extra.origin]
    flipped = (extra.x == originals[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (flipped | (extra.x == originals).all(axis=(1, 2, 3))).all()
    assert 0.2 < flipped.mean() < 0.8


def test_pixels_are_rounded_and_stay_in_their_range() -> None:
    class Brighter(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.float() + 10.6

    extra = Offline(Brighter(), copies=1)(SAMPLES, TRAIN, 0).extra
    assert extra is not None
    expected = np.minimum(SAMPLES.x[extra.origin].astype(int) + 11, 255)
    np.testing.assert_array_equal(extra.x, expected)


def test_a_target_is_met_evenly_and_a_full_class_gets_nothing() -> None:
    made = Offline(FLIP, classes=["disgust", "happy"], target=16)(SAMPLES, TRAIN, 0)
    assert made.expected_counts(LABELS, 3) == [20, 16, 9]
    assert made.extra is not None
    times = np.bincount(made.extra.origin, minlength=26)[20:26]
    assert times.max() - times.min() == 1


def test_few_originals_can_be_chosen() -> None:
    origins = []
    for seed in range(5):
        extra = Offline(FLIP, copies=4, from_images=2)(SAMPLES, TRAIN, seed).extra
        assert extra is not None and len(extra.x) == 8
        origins.append(tuple(np.unique(extra.origin)))
        assert len(origins[-1]) == 2
    assert len(set(origins)) > 1


def test_the_seed_decides_the_images_and_no_other_randomness_moves() -> None:
    wild = KerasAugment(rotation_range=40, horizontal_flip=True)
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    one, two, other = (Offline(wild, copies=2)(SAMPLES, TRAIN, seed).extra for seed in (0, 0, 1))
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)
    assert one is not None and two is not None and other is not None
    np.testing.assert_array_equal(one.x, two.x)
    assert not np.array_equal(one.x, other.x)


def test_images_do_not_depend_on_how_many_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    class Count(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(len(x))
            return x

    monkeypatch.setattr("ferlab.data.offline.BATCH", 5)
    extra = Offline(Count(), copies=2)(SAMPLES, TRAIN, 0).extra
    assert seen == [5, 5, 2] and extra is not None
    np.testing.assert_array_equal(extra.x, SAMPLES.x[extra.origin])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": ["bored"]}, r"no class 'bored' in data set toy: happy, disgust, sad"),
        ({"from_images": 7}, r"7 originals of disgust.*training has 6.*from_images=6"),
        ({"copies": 0}, r"rebalance\.copies.*1 or more"),
        ({"target": 0}, r"rebalance\.target.*1 or more"),
    ],
)
def test_a_mistake_is_named_with_its_cure(options: dict[str, Any], message: str) -> None:
    with pytest.raises(FerlabError, match=message):
        Offline(FLIP, **options)(SAMPLES, TRAIN, 0)


def test_a_class_without_training_images_is_refused_and_never_the_rarest() -> None:
    without = np.flatnonzero(LABELS != 1)
    with pytest.raises(FerlabError, match="disgust has no training image"):
        Offline(FLIP, classes=["disgust"])(SAMPLES, without, 0)
    assert Offline(FLIP, copies=1)(SAMPLES, without, 0).expected_counts(LABELS, 3) == [20, 0, 18]


def test_blending_classes_is_refused() -> None:
    with pytest.raises(FerlabError, match="blends images of several classes"):
        Offline(Mixup())


def test_other_sizes_are_refused() -> None:
    with pytest.raises(FerlabError, match=r"8 x 8 pixels, found 4 x 4"):
        Offline(torch.nn.MaxPool2d(2))(SAMPLES, TRAIN, 0)


def test_document_d1_makes_1056_images() -> None:
    labels = np.repeat([0, 1], [30, 12]).astype(np.int64)
    x = np.full((42, 48, 48, 1), 100, dtype=np.uint8)
    spec = TaskSpec("multiclass", ("happy", "disgust"), "image", (48, 48, 1))
    many = Samples("toy", spec, x, labels, np.arange(42).astype(str), np.full(42, "all"))
    made = build(plain(compose("train", ["rebalance=d1"]))["rebalance"])(many, np.arange(42), 0)
    assert made.expected_counts(labels, 2) == [30, 12 + 11 * 96]
    recipe = plain(compose("train", ["rebalance=d1"]))["rebalance"]["augment"]
    assert (recipe["rotation_range"], recipe["width_shift_range"], recipe["zoom_range"]) == (40, 0.2, 0.2)
    assert recipe["horizontal_flip"] is True and recipe["fill_mode"] == "nearest"


@pytest.mark.realdata
def test_disgust_of_fer2013_grows_by_1056_images() -> None:
    from ferlab.run import load_data

    values = plain(compose("train", ["data=fer2013", "rebalance=d1"]))
    data = load_data(values)
    counts = dict(zip(data.spec.labels, data.facts["class_counts"]["train after rebalancing"], strict=True))
    before = dict(zip(data.spec.labels, data.facts["class_counts"]["train"], strict=True))
    assert before["disgust"] == 436 and counts == {**before, "disgust": 436 + 1056}
    assert data.training.extra is not None and len(np.unique(data.training.extra.origin)) == 11
