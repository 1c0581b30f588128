"""Archives: read in place; unsafe entries named or skipped, bombs refused."""

import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from fakes.zips import cut, write_folder, write_zip
from ferlab.data.archive import FolderArchive, ZipArchive, files_of, open_archive
from ferlab.data.broken import BadEntryError, Broken
from ferlab.errors import FerlabError

ENTRIES = {"a/1.jpg": b"one", "b/2.jpg": b"two", "c.txt": b"three"}
JUNK = {"__MACOSX/a/._1.jpg": b"", "a/.DS_Store": b"", "Thumbs.db": b""}


def opened(path: Path, on_bad: str = "stop") -> tuple[ZipArchive, Broken]:
    broken = Broken("set", path, on_bad)
    return ZipArchive(path, broken), broken


def test_zip_and_folder_give_the_same(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "folder", ENTRIES | JUNK)
    packed = write_zip(tmp_path / "a.zip", ENTRIES | JUNK, zipfile.ZIP_DEFLATED)
    for path in (folder, packed):
        with open_archive(path, Broken("set", path, "stop")) as archive:
            assert {name: archive.read(name) for name in archive.names} == ENTRIES
            assert archive.names == sorted(ENTRIES)
    assert files_of(packed) == [packed]
    assert sorted(files_of(folder, ("a",))) == [folder / "a/1.jpg"]
    assert FolderArchive(folder, ("b", "c.txt", "d")).names == ["b/2.jpg", "c.txt"]


def test_linked_folders_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    write_folder(tmp_path / "elsewhere", {"1.jpg": b""})
    write_folder(tmp_path / "root", {"a/2.jpg": b""})
    (tmp_path / "root/b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "root/a/up").symlink_to(tmp_path / "root")
    assert FolderArchive(tmp_path / "root").names == ["a/2.jpg", "b/1.jpg"]


@pytest.mark.parametrize(
    "name", ["../up.jpg", "a/../../up.jpg", "/abs.jpg", "C:/abs.jpg", "C:\\abs.jpg", "..\\up.jpg", "\\abs.jpg"]
)
def test_entries_that_would_leave_the_archive(tmp_path: Path, name: str) -> None:
    path = write_zip(tmp_path / "a.zip", ENTRIES | {name: b""})
    with pytest.raises(FerlabError) as error:
        opened(path)
    assert str(path) in str(error.value) and repr(name) in str(error.value) and "data.on_bad=skip" in str(error.value)
    archive, broken = opened(path, "skip")
    with archive:
        assert archive.names == sorted(ENTRIES)
    assert len(broken.skipped) == 1


def test_an_entry_that_unpacks_to_far_more(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", ENTRIES | {"bomb.jpg": bytes(3 << 20)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(FerlabError, match=r"'bomb\.jpg': is an archive bomb: 3,\d+ bytes claim to unpack to 3,145,728"):
        opened(path)
    archive, broken = opened(path, "skip")
    assert archive.names == sorted(ENTRIES) and len(broken.skipped) == 1


def test_an_archive_that_unpacks_to_far_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferlab.data.archive.TABLE_BYTES", 1 << 20)
    many = {f"{n}.jpg": bytes(1 << 18) for n in range(64)}
    with pytest.raises(FerlabError, match=r"is an archive bomb: its 64 entries claim"):
        opened(write_zip(tmp_path / "a.zip", many, zipfile.ZIP_DEFLATED), "skip")


def test_entries_that_overlap(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"a.jpg": bytes(5000)})
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry = data[start:end]
    # one body listed under eight names
    names = b"".join(entry.replace(b"a.jpg", f"{n}.jpg".encode()) for n in range(8))
    tail = data[end : end + 8] + struct.pack("<HHII", 8, 8, len(names), start) + b"\x00\x00"
    path.write_bytes(data[:start] + names + tail)
    with pytest.raises(FerlabError, match="is an archive bomb: its 8 entries claim 40,000 packed"):
        opened(path, "skip")


def test_an_entry_that_claims_less_than_it_holds(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"a.jpg": bytes(5000)}, zipfile.ZIP_DEFLATED)
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 5000), struct.pack("<I", 10)))
    archive, _ = opened(path)
    with archive, pytest.raises(BadEntryError, match="cannot be read from the zip"):
        archive.read("a.jpg")


@pytest.mark.parametrize("share", [0, 0.3, 0.99])
def test_a_zip_cut_short(tmp_path: Path, share: float) -> None:
    path = cut(write_zip(tmp_path / "a.zip", ENTRIES), share)
    with pytest.raises(FerlabError, match=r"cannot open .*a\.zip as a zip .* download it again"):
        opened(path, "skip")


def test_a_damaged_entry(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", ENTRIES)
    path.write_bytes(path.read_bytes().replace(b"two", b"owt"))
    archive, _ = opened(path)
    with archive:
        assert archive.read("a/1.jpg") == b"one"
        with pytest.raises(BadEntryError, match="CRC"):
            archive.read("b/2.jpg")


def test_an_entry_listed_twice(tmp_path: Path) -> None:
    with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a.jpg", b"1")
        archive.writestr("a.jpg", b"2")
    with pytest.raises(FerlabError, match=r"a\.jpg: is listed twice"):
        opened(tmp_path / "a.zip")


def test_an_encrypted_entry(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"a.jpg": b"1"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(FerlabError, match=r"'a\.jpg': is encrypted"):
        opened(path)


def test_entries_too_large(tmp_path: Path) -> None:
    packed, folder = write_zip(tmp_path / "a.zip", ENTRIES), write_folder(tmp_path / "folder", ENTRIES)
    for path in (packed, folder):
        with open_archive(path, Broken("set", path, "stop")) as archive:
            assert archive.read("a/1.jpg", largest=3) == b"one"
            with pytest.raises(BadEntryError, match="is too large: expected at most 2 bytes, found 3"):
                archive.read("a/1.jpg", largest=2)


def test_a_file_that_went_away(tmp_path: Path) -> None:
    with FolderArchive(write_folder(tmp_path / "folder", ENTRIES)) as archive:
        (tmp_path / "folder/c.txt").unlink()
        with pytest.raises(BadEntryError, match="cannot be read"):
            archive.read("c.txt")


def test_unknown_on_bad() -> None:
    with pytest.raises(FerlabError, match=r"data\.on_bad: expected one of \['stop', 'skip'\], found 'ignore'"):
        Broken("set", Path("a"), "ignore")
