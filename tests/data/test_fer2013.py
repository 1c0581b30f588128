"""FER-2013 from every form in which it is handed round; official counts on the real archive."""

import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes import fer2013 as fake
from fakes.zips import cut, write_folder, write_zip
from ferlab.data.fer2013 import CLASSES, Fer2013
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError

MADE = fake.faces(2)
TREE = fake.tree(MADE)


def load(root: Path, **options: Any) -> Samples:
    return Fer2013(str(root), **{"check_counts": False} | options).load()


def content(samples: Samples) -> list[tuple[str, str, bytes]]:
    """Split, class and pixels of every sample, in an order that no source decides."""
    names = np.array(samples.spec.labels)[samples.labels]
    return sorted(zip(map(str, samples.splits), map(str, names), (x.tobytes() for x in samples.x), strict=True))


def write(kind: str, root: Path) -> None:
    root.mkdir()
    text = fake.table(MADE)
    if kind in ("fer2013.zip", "archive.zip"):
        write_zip(root / kind, TREE)
    elif kind == "wrapped zip":
        write_zip(root / "fer2013.zip", {f"fer2013/{name}": data for name, data in TREE.items()})
    elif kind in ("fer2013/", "."):
        write_folder(root / kind, TREE)
    elif kind == "fer2013.tar.gz":
        fake.write_tar(root / kind, text)
    elif kind == "fer2013.csv":
        (root / kind).write_bytes(text)
    elif kind == "fer2013/fer2013.csv":
        write_folder(root, {kind: text})
    elif kind == "fer2013.csv.zip":
        write_zip(root / kind, {"fer2013.csv": text}, zipfile.ZIP_DEFLATED)
    elif kind == "icml_face_data.csv":
        (root / kind).write_bytes(fake.table(MADE, kind))
    elif kind == "challenge zip":
        name = "challenges-in-representation-learning-facial-expression-recognition-challenge.zip"
        inside = {"train.csv": b"emotion,pixels\n", "icml_face_data.csv": fake.table(MADE, "icml_face_data.csv")}
        write_zip(root / name, inside, zipfile.ZIP_DEFLATED)
    else:
        cells = [line.split(b",") for line in text.splitlines()]
        lines = [b'%s,"%s",%s\r\n' % tuple(row) for row in cells]
        (root / "fer2013.csv").write_bytes(b"\xef\xbb\xbf" + b"".join(lines))


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize(
    "kind",
    [
        "fer2013.zip",
        "archive.zip",
        "wrapped zip",
        "fer2013/",
        ".",
        "fer2013.csv",
        "fer2013/fer2013.csv",
        "fer2013.csv.zip",
        "icml_face_data.csv",
        "challenge zip",
        "fer2013.tar.gz",
        "quoted, with a mark and Windows lines",
    ],
)
def test_every_form_gives_the_same(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write(kind, tmp_path / "data")
    monkeypatch.setenv("FERLAB_DATA", str(tmp_path / "data"))
    samples = Fer2013(check_counts=False).load()
    splits = {"Training": "train", "PublicTest": "PublicTest", "PrivateTest": "PrivateTest"}
    assert content(samples) == sorted((splits[f.usage], fake.CLASSES[f.label], f.image.tobytes()) for f in MADE)
    assert samples.spec.labels == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert samples.spec.shape == (48, 48, 1) and samples.spec.kind == "multiclass"
    assert len(set(samples.ids)) == len(MADE) and samples.notes == ()
    again = Fer2013(check_counts=False).load()
    assert isinstance(again.x, np.memmap)
    assert content(again) == content(samples) and again.ids.tolist() == samples.ids.tolist()


@pytest.mark.usefixtures("own_cache")
def test_ids_are_paths_or_rows(tmp_path: Path) -> None:
    write("wrapped zip", tmp_path / "zip")
    assert load(tmp_path / "zip").ids.tolist() == sorted(TREE)
    write("fer2013.csv", tmp_path / "csv")
    ids = load(tmp_path / "csv" / "fer2013.csv").ids.tolist()
    assert ids == [f"{face.usage}/{row:05d}" for row, face in enumerate(MADE)]


@pytest.mark.usefixtures("own_cache")
def test_options(tmp_path: Path) -> None:
    for source in ("fer2013.zip", "fer2013.csv"):
        write(source, tmp_path / source)
        samples = load(tmp_path / source, classes=["sad", "happy"], size=[24, 32], grey=False)
        assert samples.spec.shape == (24, 32, 3) and samples.spec.kind == "binary"
        assert samples.spec.labels == ("sad", "happy") and np.bincount(samples.labels).tolist() == [6, 6]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": ["happy", "joy"]}, r"unknown \['joy'\]; its classes are \['angry', 'disgust'"),
        ({"size": 0}, r"data\.size: .* found 0"),
        ({"size": [48, 48, 1]}, r"data\.size: .* found \[48, 48, 1\]"),
        ({"on_bad": "ignore"}, r"data\.on_bad: expected one of \['stop', 'skip'\]"),
        ({"kind": "binary"}, "binary task has two labels"),
        ({"kind": "multilabel"}, r"data\.kind: .* found 'multilabel'"),
    ],
)
@pytest.mark.usefixtures("own_cache")
def test_options_that_make_no_sense(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    write("fer2013.zip", tmp_path / "data")
    with pytest.raises(FerlabError, match=message):
        load(tmp_path / "data", **options)


@pytest.mark.parametrize("form", ["fer2013.zip", "fer2013.csv"])
@pytest.mark.usefixtures("own_cache")
def test_counts_are_checked(tmp_path: Path, form: str) -> None:
    write(form, tmp_path / "data")
    for _ in range(2):
        with pytest.raises(FerlabError, match=r"expected \{'train': 28709, .* found \{'train': 14.*check_counts=false"):
            load(tmp_path / "data", check_counts=True)


@pytest.mark.parametrize("root", ["unset", "absent", "empty", "other archive.zip"])
def test_a_missing_archive(tmp_path: Path, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if root != "unset":
        monkeypatch.setenv("FERLAB_DATA", str(tmp_path / root))
    if root in ("empty", "other archive.zip"):
        (tmp_path / root).mkdir()
    if root == "other archive.zip":
        write_zip(tmp_path / root / "archive.zip", {"YOLO_format/train/labels/1.txt": b"0"})
    with pytest.raises(FerlabError) as error:
        Fer2013().load()
    message = str(error.value)
    assert "fer2013.zip" in message and "icml_face_data.csv" in message and "https://" in message
    assert "data=synthetic_faces" in message and "FERLAB_DATA" in message
    assert root == "unset" or str(tmp_path / root) in message


@pytest.mark.parametrize(
    ("entry", "data", "why"),
    [
        ("train/joy/Training_1.jpg", b"", "has an unknown class: .* found 'joy'"),
        ("train/happy/1.jpg", b"", "expected train|test/<class>"),
        ("train/happy/Training_1.jpg", b"GIF89a", "is no image"),
        ("train/happy/Training_1.jpg", TREE[MADE[0].entry][:200], "truncated JPEG"),
        ("../train/happy/Training_1.jpg", b"", r"has '\.\.' in its path"),
        (f"copy/{MADE[0].entry}", TREE[MADE[0].entry], "repeats the id"),
    ],
)
def test_a_broken_entry(tmp_path: Path, own_cache: Path, entry: str, data: bytes, why: str) -> None:
    path = write_zip(tmp_path / "fer2013.zip", TREE | {entry: data})
    with pytest.raises(FerlabError, match=why) as error:
        load(path)
    assert str(path) in str(error.value) and "data.on_bad=skip" in str(error.value)
    # an entry's path may be shortened to the part that counts, its end is always told
    assert Path(entry).name in str(error.value) or Path(MADE[0].entry).name in str(error.value)
    assert not list(own_cache.rglob("*.npy"))
    for _ in range(2):
        samples = load(path, on_bad="skip")
        assert len(samples) == len(MADE) and samples.notes[0].startswith("1 broken entry of fer2013.zip skipped: ")
    with pytest.raises(FerlabError, match=why):
        load(path)


@pytest.mark.usefixtures("own_cache")
def test_skipped_entries_may_be_missing_from_the_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferlab.data.fer2013.COUNTS", {"train": 14, "PublicTest": 14, "PrivateTest": 14})
    harmed = TREE | {MADE[0].entry: b"", MADE[1].entry: b""}
    path = write_zip(tmp_path / "fer2013.zip", harmed)
    assert len(load(path, on_bad="skip", check_counts=True)) == 40
    del harmed[MADE[2].entry]
    write_zip(path, harmed)
    with pytest.raises(FerlabError, match=r"found \{'train': 11"):
        load(path, on_bad="skip", check_counts=True)


def test_a_truncated_zip(tmp_path: Path, own_cache: Path) -> None:
    path = cut(write_zip(tmp_path / "fer2013.zip", TREE))
    with pytest.raises(FerlabError, match=r"cannot open .*fer2013\.zip as a zip"):
        load(path, on_bad="skip")
    assert not list(own_cache.rglob("*.npy"))


@pytest.fixture(scope="module")
def real() -> Samples:
    return Fer2013().load()


@pytest.mark.realdata
def test_real_counts(real: Samples) -> None:
    counts = {s: np.bincount(real.labels[real.splits == s]).tolist() for s in ("train", "PublicTest", "PrivateTest")}
    assert counts["train"] == [3995, 436, 4097, 7215, 4830, 3171, 4965]
    assert counts["PublicTest"] == [467, 56, 496, 895, 653, 415, 607]
    assert counts["PrivateTest"] == [491, 55, 528, 879, 594, 416, 626]
    assert real.x.shape == (35_887, 48, 48, 1) and real.spec.labels == CLASSES
    assert 120 < real.x[::50].mean() < 140


@pytest.mark.realdata
def test_real_archive_as_csv_and_time_of_a_cached_start(real: Samples, tmp_path: Path) -> None:
    usage = {"train": "Training"}
    part = np.arange(0, len(real), 25)
    usages = [usage.get(str(real.splits[i]), str(real.splits[i])) for i in part]
    made = [fake.Face(u, int(real.labels[i]), int(i), real.x[i]) for u, i in zip(usages, part, strict=True)]
    (tmp_path / "fer2013.csv").write_bytes(fake.table(made))
    table = load(tmp_path)
    np.testing.assert_array_equal(table.x, real.x[part])
    np.testing.assert_array_equal(table.labels, real.labels[part])
    np.testing.assert_array_equal(table.splits, real.splits[part])
    start = time.perf_counter()
    Fer2013().load()
    assert time.perf_counter() - start < 1
