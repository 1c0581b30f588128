"""Copies are found however they were changed, and pictures of other things are not taken for copies."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.pictures import blocks
from ferlab.data import copies as module
from ferlab.data.affectnet import AffectNet
from ferlab.data.copies import THRESHOLD, Copies, find_copies, same_content
from ferlab.data.fer2013 import Fer2013
from ferlab.data.synthetic.faces import SyntheticFaces

Images = NDArray[np.uint8]


@pytest.fixture(scope="module")
def faces() -> Images:
    return np.array(SyntheticFaces(n_train=90, n_val=10, n_test=10).load().x)


def moved(image: Images, right: int, down: int) -> Images:
    table = np.array([[1, 0, right], [0, 1, down]], np.float32)
    return cv2.warpAffine(image, table, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE).reshape(image.shape)


def jpeg(image: Images, quality: int) -> Images:
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_UNCHANGED).reshape(image.shape)


CHANGES = {
    "mirrored": lambda image: image[:, ::-1],
    "shifted": lambda image: moved(image, 2, -1),
    "brighter": lambda image: np.clip(image.astype(int) + 25, 0, 255).astype(np.uint8),
    "flatter": lambda image: (image * 0.6 + 40).astype(np.uint8),
    "encoded": lambda image: jpeg(image, 60),
    "blurred": lambda image: cv2.GaussianBlur(image, (0, 0), 0.8).reshape(image.shape),
    "mirrored, shifted, encoded": lambda image: jpeg(moved(np.ascontiguousarray(image[:, ::-1]), -1, 2), 75),
}


def pairs(found: Copies) -> set[tuple[int, int]]:
    return {(int(i), int(j)) for i, j in found.pairs}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found(faces: Images, change: str) -> None:
    changed = np.stack([CHANGES[change](image) for image in faces[:10]])
    found = find_copies(np.concatenate([faces, changed]), "faces")
    n = len(faces)
    assert {(i, n + i) for i in range(10)} <= pairs(found)
    # all faces are different people: what else was taken would be wrong
    assert len(found.pairs) <= 11
    assert not found.exact.any()
    of_made = np.isin(found.pairs[:, 1], np.arange(n, n + 10))
    assert found.mirrored[of_made].all() == ("mirrored" in change)


def test_pairs_exactness_scores_and_clusters_of_exact_and_near_copies(faces: Images) -> None:
    near = jpeg(faces[5], 60)
    x = np.concatenate([faces, faces[5:6], near[None], faces[7:8]])
    n = len(faces)
    found = find_copies(x, "faces")
    assert {(5, n), (5, n + 1), (n, n + 1), (7, n + 2)} <= pairs(found)
    kinds = {(int(i), int(j)): bool(e) for (i, j), e in zip(found.pairs, found.exact, strict=True)}
    assert kinds[5, n] and kinds[7, n + 2] and not kinds[5, n + 1] and not kinds[n, n + 1]
    assert (found.scores[found.exact] == 1).all() and (found.scores >= THRESHOLD).all()
    assert len(found.clusters) == len(x)
    assert len({found.clusters[k] for k in (5, n, n + 1)}) == 1 and found.clusters[7] == found.clusters[n + 2]
    _, first = np.unique(found.clusters, return_index=True)
    assert (np.diff(first) > 0).all() and found.clusters[0] == 0


def test_pairs_are_sorted_once_each_and_the_smaller_first(faces: Images) -> None:
    found = find_copies(np.concatenate([faces, faces[:20], faces[:20, :, ::-1]]), "faces")
    i, j = found.pairs.T
    assert (i < j).all() and len(pairs(found)) == len(found.pairs)
    assert found.pairs.tolist() == sorted(found.pairs.tolist())


def test_blank_images_are_exact_copies_only() -> None:
    x = np.stack([np.full((48, 48, 1), grey, np.uint8) for grey in (0, 0, 255, 128)] + [blocks(k) for k in range(30)])
    x[3, 20, 20] = 129
    found = find_copies(x, "blanks")
    assert pairs(found) == {(0, 1)} and found.exact.all()


@pytest.mark.parametrize("shape", [(24, 24, 1), (96, 96, 3), (60, 40, 3)], ids=str)
def test_any_size_and_colour(shape: tuple[int, int, int]) -> None:
    height, width, channels = shape
    face = SyntheticFaces(n_train=60, n_val=1, n_test=1, size=64, grey=channels == 1).load().x
    x = np.stack([cv2.resize(image, (width, height)).reshape(shape) for image in face])
    x = np.concatenate([x, x[:3, :, ::-1]])
    assert {(0, 62), (1, 63), (2, 64)} <= pairs(find_copies(x, "sizes"))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_images(count: int) -> None:
    x = np.stack([blocks(0)] * count)
    assert len(find_copies(x, "few").pairs) == count * (count - 1) // 2


def test_each_content_is_compared_once(faces: Images, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.concatenate([faces[:50], faces[:2]])
    first = find_copies(x, "faces")
    assert list((own_cache / "copies").glob("*/manifest.json"))

    def never(*_: object) -> None:
        raise AssertionError("compared again")

    monkeypatch.setattr(module, "_find", never)
    again = find_copies(x.copy(), "another name")
    assert again.pairs.tolist() == first.pairs.tolist() and again.clusters.tolist() == first.clusters.tolist()
    with pytest.raises(AssertionError, match="compared again"):
        find_copies(x[::-1], "faces")


@pytest.mark.slow
def test_faces_of_different_people_are_hardly_ever_copies() -> None:
    x = SyntheticFaces().load().x
    found = find_copies(x, "synthetic_faces")
    # of 15.7 million pairs; a drawn face has little detail of its own
    assert not found.exact.any() and len(found.pairs) < 30
    assert np.bincount(found.clusters).max() <= 4


@pytest.mark.realdata
@pytest.mark.slow
def test_exact_copies_across_the_splits_of_fer2013() -> None:
    samples = Fer2013().load()
    found = find_copies(samples.x, samples.name)
    sides = samples.splits[found.pairs[found.exact]]
    for split, count in (("PrivateTest", 288), ("PublicTest", 280)):
        mixed = (np.sort(sides, axis=1) == sorted(["train", split])).all(1)
        of_split = found.pairs[found.exact][mixed][samples.splits[found.pairs[found.exact][mixed]] == split]
        assert len(np.unique(of_split)) == count
    # one photograph many times over, no chain of different ones
    assert np.bincount(found.clusters).max() < 40


@pytest.mark.realdata
@pytest.mark.slow
def test_exact_copies_across_the_splits_of_affectnet() -> None:
    samples = AffectNet().load()
    found = find_copies(samples.x, samples.name)
    exact = found.pairs[found.exact]
    counts = {}
    for split in ("valid", "test"):
        mixed = exact[(np.sort(samples.splits[exact], axis=1) == sorted(["train", split])).all(1)]
        counts[split] = len(np.unique(mixed[samples.splits[mixed] == split]))
    assert counts == {"valid": 73, "test": 28}


def test_samples_of_any_kind_are_told_apart_by_their_content() -> None:
    x = np.arange(60, dtype=np.int16).reshape(6, 10)
    x[4], x[5] = x[1], x[1]
    found = same_content(x)
    assert found.pairs.tolist() == [[1, 4], [1, 5], [4, 5]] and found.exact.all()
    assert found.clusters.tolist() == [0, 1, 2, 3, 1, 1]
    assert same_content(x[:4]).pairs.shape == (0, 2)
