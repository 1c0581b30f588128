"""Images of one's own: class folders, split folders, a zip of them, a CSV."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.pictures import blocks, colours, encode
from fakes.zips import write_folder, write_zip
from ferlab.data.image_folder import ImageFolder
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError

pytestmark = pytest.mark.usefixtures("own_cache")

PLAIN = {f"{label}/{n}.png": encode(blocks(n), ".png") for n, label in enumerate(["sad", "happy", "angry", "sad"])}
SPLIT = {f"{split}/{name}": data for split in ("train", "val") for name, data in PLAIN.items()}
CSV = "path,label,split,person\nsad/0.png,sad,train,007\nhappy/1.png,happy,test,\nsad/3.png,sad,test,a b\n"


def load(root: Path, **options: Any) -> Samples:
    return ImageFolder(str(root), **{"size": None} | options).load()


@pytest.mark.parametrize("form", ["folder", "zip", "zip with a wrapper"])
@pytest.mark.parametrize("files", [PLAIN, SPLIT])
def test_folders(tmp_path: Path, form: str, files: dict[str, bytes]) -> None:
    extra = files | {"readme.txt": b"", ".DS_Store": b""}
    if form == "folder":
        path = write_folder(tmp_path / "data", extra)
    else:
        path = write_zip(
            tmp_path / "a.zip", {("my set/" if "wrapper" in form else "") + n: d for n, d in extra.items()}
        )
    for _ in range(2):
        samples = load(path)
        assert samples.spec.labels == ("angry", "happy", "sad") and samples.spec.shape == (48, 48, 1)
        assert samples.ids.tolist() == sorted(files)
        for sample, label, split, x in zip(samples.ids, samples.labels, samples.splits, samples.x, strict=True):
            assert samples.spec.labels[label] in str(sample).split("/")
            assert split == (str(sample).split("/")[0] if files is SPLIT else "all")
            np.testing.assert_array_equal(x, blocks(int(Path(str(sample)).stem)))


def test_deeper_folders_keep_their_class(tmp_path: Path) -> None:
    samples = load(write_folder(tmp_path, {f"{top}/day 1/{n}": d for n, d in PLAIN.items() for top in "ab"}))
    assert samples.spec.labels == ("a", "b") and samples.spec.kind == "binary"


def test_csv(tmp_path: Path) -> None:
    write_folder(tmp_path, PLAIN | {"set.csv": CSV.encode()})
    for _ in range(2):
        samples = load(tmp_path / "set.csv")
        assert samples.ids.tolist() == ["sad/0.png", "happy/1.png", "sad/3.png"]
        assert samples.splits.tolist() == ["train", "test", "test"]
        assert samples.labels.tolist() == [1, 0, 1] and samples.spec.labels == ("happy", "sad")
        assert samples.columns["person"].tolist() == ["007", "", "a b"]
        np.testing.assert_array_equal(samples.x, np.stack([blocks(n) for n in (0, 1, 3)]))
    one = load(tmp_path / "set.csv", classes=["sad", "happy"])
    assert one.labels.tolist() == [0, 1, 0] and isinstance(one.x, np.memmap)


def test_csv_in_another_folder_without_splits(tmp_path: Path) -> None:
    write_folder(tmp_path / "images", PLAIN)
    text = b"\xef\xbb\xbflabel,path\r\n10,../images/sad/0.png\r\n9,../images/sad/3.png\r\n"
    lists = write_folder(tmp_path / "lists", {"set.csv": text})
    samples = load(lists / "set.csv")
    assert samples.spec.labels == ("9", "10") and samples.labels.tolist() == [1, 0]
    assert samples.splits.tolist() == ["all", "all"]


def test_a_changed_image_is_read_again(tmp_path: Path) -> None:
    write_folder(tmp_path, PLAIN | {"set.csv": CSV.encode()})
    for source in (tmp_path, tmp_path / "set.csv"):
        (tmp_path / "sad/0.png").write_bytes(encode(blocks(0), ".png"))
        before = load(source)
        (tmp_path / "sad/0.png").write_bytes(encode(blocks(9), ".png"))
        after = load(source)
        changed = after.ids == "sad/0.png"
        np.testing.assert_array_equal(after.x[changed][0], blocks(9))
        np.testing.assert_array_equal(after.x[~changed], before.x[~changed])


def test_size_and_colour(tmp_path: Path) -> None:
    mixed = PLAIN | {"sad/colour.png": encode(colours(1), ".png")}
    write_folder(tmp_path, mixed)
    assert load(tmp_path, size=96).spec.shape == (96, 96, 3)
    assert load(tmp_path, size=[24, 32], grey=True).spec.shape == (24, 32, 1)
    assert ImageFolder(str(tmp_path)).load().spec.shape == (96, 96, 3)
    with pytest.raises(FerlabError, match="differ in size"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "found 0 images in no folder"),
        ({"a.png": b""}, "found 1 images in no folder"),
        (SPLIT | PLAIN, r"split folders \['train', 'val'\] stand beside \['angry', 'happy', 'sad'\]"),
        (PLAIN | {"a.png": b""}, r"a\.png: lies in no class folder"),
        (SPLIT | {"train/a.png": b""}, r"train/a\.png: lies in no class folder"),
        (PLAIN | {"sad/a.jpg": b"x"}, r"sad/a\.jpg: is no image"),
        ({n: d for n, d in PLAIN.items() if "sad" in n}, r"two or more distinct labels, found \['sad'\]"),
    ],
)
def test_wrong_folders(tmp_path: Path, own_cache: Path, files: dict[str, bytes], why: str) -> None:
    root = tmp_path / "data"
    root.mkdir()
    with pytest.raises(FerlabError, match=why):
        load(write_folder(root, files))
    # one class alone is sound data, only no task
    assert bool(list(own_cache.rglob("*.npy"))) == ("two or more" in why)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("sad/0.png", "line 5: expected 4 columns, found 1"),
        (",sad,train,", "line 5: has no path"),
        ("sad/0.png,,train,", "line 5: has no label"),
        ("sad/0.png,sad,,", "line 5: has no split"),
        ("sad/0.png,sad,train,", "line 5: repeats the path sad/0.png"),
        ("sad/none.png,sad,train,", r"sad/none\.png: cannot be read \(No such file"),
    ],
)
def test_wrong_rows(tmp_path: Path, line: str, why: str) -> None:
    write_folder(tmp_path, PLAIN | {"set.csv": f"{CSV}{line}\n".encode()})
    with pytest.raises(FerlabError, match=rf"set\.csv: {why}"):
        load(tmp_path / "set.csv")
    for _ in range(2):
        samples = load(tmp_path / "set.csv", on_bad="skip")
        assert len(samples) == 3 and samples.notes[0].startswith("1 broken entry of set.csv skipped")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"a,b\n1,2\n", r"expected the columns path,label"),
        (b"", r"expected the columns path,label.*found \[\]"),
        (b"path,label,label\n", "once each"),
        (b"path,label\n", "no usable row"),
        (b"path,label\n\xff,a\n", "cannot be read as a CSV in UTF-8"),
    ],
)
def test_wrong_tables(tmp_path: Path, text: bytes, why: str) -> None:
    (tmp_path / "set.csv").write_bytes(text)
    with pytest.raises(FerlabError, match=why):
        load(tmp_path / "set.csv")


@pytest.mark.parametrize("root", [None, "absent", "file.txt"])
def test_wrong_roots(tmp_path: Path, root: str | None) -> None:
    (tmp_path / "file.txt").touch()
    with pytest.raises(FerlabError, match=r"data\.root.*<class>/<image>"):
        ImageFolder(root and str(tmp_path / root)).load()


def test_a_name_is_a_word() -> None:
    with pytest.raises(FerlabError, match=r"data\.name"):
        ImageFolder("a", name="../up")
