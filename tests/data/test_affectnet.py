"""AffectNet's YOLO format: pairing of images and labels, and each way it can be wrong."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes import affectnet as fake
from fakes.pictures import colours
from fakes.zips import write_folder, write_zip
from ferlab.data.affectnet import CLASSES, AffectNet
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError

MADE = fake.entries(2)
FIRST = "YOLO_format/train/images/ffhq_1.jpg"
LABEL = "YOLO_format/train/labels/ffhq_1.txt"


def load(root: Path, **options: Any) -> Samples:
    return AffectNet(str(root), **options).load()


def test_the_fake_holds_both_kinds_of_files() -> None:
    assert FIRST in MADE and LABEL in MADE and any(name.endswith(".png") for name in MADE)


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("kind", ["affectnet_yolo.zip", "archive.zip", "YOLO_format/", "affectnet/YOLO_format/", "."])
def test_every_form_gives_the_same(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "data"
    root.mkdir()
    if kind.endswith(".zip"):
        write_zip(root / kind, MADE)
    else:
        write_folder(root / kind, fake.entries(2, top=""))
    monkeypatch.setenv("FERLAB_DATA", str(root))
    for _ in range(2):
        samples = AffectNet().load()
        assert samples.spec.labels == ("anger", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise")
        assert samples.spec.shape == (96, 96, 3) and samples.notes == ()
        by_id = dict(zip(map(str, samples.ids), range(len(samples)), strict=True))
        for number in range(48):
            split = ("train", "valid", "test")[number // 16]
            at = by_id[f"{split}/{f'ffhq_{number}' if number % 2 else f'image{number:07d}'}"]
            assert samples.splits[at] == split and samples.labels[at] == number % 8
            assert np.abs(samples.x[at].astype(int) - colours(number)).max() <= (3 if number % 3 else 0)


@pytest.mark.usefixtures("own_cache")
def test_options(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", MADE)
    samples = load(path, classes=["happy", "sad"], size=48, grey=True)
    assert samples.spec.shape == (48, 48, 1) and samples.spec.outputs == 1
    assert np.bincount(samples.labels).tolist() == [6, 6] and "happy, sad of 8" in samples.notes[0]


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("names", ["[Happy, Sad]", "{a: 1", "8", None])
def test_names_are_those_of_the_set(tmp_path: Path, names: str | None) -> None:
    text = "nc: 8\n" if names is None else f"names: {names}\n"
    with pytest.raises(FerlabError, match=r"data\.yaml: expected"):
        load(write_zip(tmp_path / "a.zip", MADE | {"YOLO_format/data.yaml": text.encode()}))


@pytest.mark.usefixtures("own_cache")
def test_the_order_of_names_is_the_files(tmp_path: Path) -> None:
    turned = dict(enumerate(reversed(fake.NAMES)))
    files = MADE | {"YOLO_format/data.yaml": f"names: {turned}\n".encode()}
    samples = load(write_zip(tmp_path / "a.zip", files))
    assert samples.spec.labels == CLASSES[::-1]
    del files["YOLO_format/data.yaml"]
    assert load(write_zip(tmp_path / "b.zip", files)).spec.labels == CLASSES


@pytest.mark.parametrize(
    ("change", "entry", "why"),
    [
        ({LABEL: None}, FIRST, "has no label"),
        ({FIRST: None}, LABEL, "is a label without an image"),
        ({LABEL: b"8 0.5 0.5 1 1"}, LABEL, "unknown class id: expected 0 to 7, found '8'"),
        ({LABEL: b"-1 0.5 0.5 1 1"}, LABEL, "unknown class id"),
        ({LABEL: b"happy"}, LABEL, "unknown class id"),
        ({LABEL: b" \n"}, LABEL, "is empty"),
        ({LABEL: b"1 0 0 1 1\n2 0 0 1 1\n"}, LABEL, "names several classes"),
        ({FIRST: MADE[FIRST][:-9]}, FIRST, "truncated JPEG"),
        ({FIRST.replace("jpg", "png"): MADE[FIRST]}, FIRST.replace("jpg", "png"), "repeats the id train/ffhq_1"),
        ({"/etc/passwd": b"x"}, "/etc/passwd", "absolute path"),
    ],
)
def test_a_broken_entry(tmp_path: Path, own_cache: Path, change: dict[str, Any], entry: str, why: str) -> None:
    files = {name: data for name, data in (MADE | change).items() if data is not None}
    path = write_zip(tmp_path / "a.zip", files)
    with pytest.raises(FerlabError, match=why) as error:
        load(path)
    assert str(path) in str(error.value) and entry in str(error.value)
    assert not list(own_cache.rglob("*.npy"))
    samples = load(path, on_bad="skip")
    lost = 0 if entry == "/etc/passwd" or "repeats" in why else 1
    assert len(samples) == 48 - lost and samples.notes[0].startswith("1 broken entry of a.zip skipped")


@pytest.mark.usefixtures("own_cache")
def test_several_boxes_of_one_class(tmp_path: Path) -> None:
    samples = load(write_zip(tmp_path / "a.zip", MADE | {LABEL: b"1 0 0 1 1\r\n1 .5 .5 1 1\r\n"}))
    assert samples.labels[samples.ids == "train/ffhq_1"].tolist() == [1]


def test_a_missing_archive(tmp_path: Path) -> None:
    write_zip(tmp_path / "archive.zip", {"train/happy/Training_1.jpg": b""})
    with pytest.raises(FerlabError) as error:
        load(tmp_path)
    for part in (str(tmp_path), "affectnet_yolo.zip", "YOLO_format/", "https://", "data=synthetic_faces"):
        assert part in str(error.value)


@pytest.mark.realdata
@pytest.mark.slow
def test_real_counts_and_time_of_a_cached_start() -> None:
    samples = AffectNet().load()
    counts = {s: np.bincount(samples.labels[samples.splits == s]).tolist() for s in ("train", "valid", "test")}
    assert counts["train"] == [2339, 1996, 2242, 2021, 2154, 1616, 1914, 2819]
    assert counts["valid"] == [712, 618, 672, 622, 791, 514, 603, 874]
    assert counts["test"] == [383, 332, 327, 318, 399, 250, 278, 468]
    assert samples.x.shape == (25_262, 96, 96, 3) and len(set(samples.ids)) == 25_262
    # skin is redder than blue in either order of the other two
    red, _, blue = samples.x[::100].mean(axis=(0, 1, 2))
    assert red > blue
    start = time.perf_counter()
    AffectNet().load()
    assert time.perf_counter() - start < 1
