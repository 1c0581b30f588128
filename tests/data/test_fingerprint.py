"""Fingerprints: of the content alone, remembered, never stale."""

import os
from pathlib import Path

import pytest

from fakes.zips import write_folder
from ferlab.data import fingerprint as module
from ferlab.data.fingerprint import fingerprint

pytestmark = pytest.mark.usefixtures("own_cache")


def made(path: Path, entries: dict[str, bytes]) -> list[Path]:
    write_folder(path, entries)
    return [path / name for name in entries]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    seen: list[Path] = []
    real = module._digest
    monkeypatch.setattr(module, "_digest", lambda path: (seen.append(path), real(path))[1])
    return seen


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once; a test cannot wait for the clock."""
    monkeypatch.setattr(module, "_SETTLED_NS", -(10**18))


def test_depends_on_content_and_relative_names_alone(tmp_path: Path) -> None:
    one = made(tmp_path / "one", {"a/x": b"1", "b": b"2"})
    two = made(tmp_path / "two", {"b": b"2", "a/x": b"1"})
    assert fingerprint(one, tmp_path / "one") == fingerprint(two, tmp_path / "two")
    for number, other in enumerate([{"a/x": b"1"}, {"a/x": b"1", "b": b"3"}, {"a/y": b"1", "b": b"2"}]):
        three = made(tmp_path / f"other{number}", other)
        assert fingerprint(three, tmp_path / f"other{number}") != fingerprint(one, tmp_path / "one")


def test_a_single_file_may_be_renamed(tmp_path: Path) -> None:
    (one,), (two,) = made(tmp_path, {"one.zip": b"1"}), made(tmp_path, {"two.zip": b"1"})
    assert fingerprint([one], one) == fingerprint([two], two)


@pytest.mark.usefixtures("settled")
def test_is_remembered_until_a_file_changes(tmp_path: Path, reads: list[Path]) -> None:
    paths = made(tmp_path, {"a": b"1", "b": b"2"})
    first = fingerprint(paths, tmp_path)
    assert fingerprint(paths, tmp_path) == first and len(reads) == 2
    status = paths[0].stat()
    paths[0].write_bytes(b"3")
    os.utime(paths[0], ns=(status.st_atime_ns, status.st_mtime_ns))
    # same size and same modification time: the change time tells
    assert fingerprint(paths, tmp_path) != first


def test_a_file_just_written_is_not_remembered(tmp_path: Path, reads: list[Path]) -> None:
    paths = made(tmp_path, {"a": b"1"})
    fingerprint(paths, tmp_path)
    fingerprint(paths, tmp_path)
    assert len(reads) == 2


@pytest.mark.usefixtures("settled")
def test_a_spoilt_memory_is_read_over(tmp_path: Path, own_cache: Path, reads: list[Path]) -> None:
    paths = made(tmp_path / "data", {"a": b"1"})
    first = fingerprint(paths, tmp_path / "data")
    for memo in own_cache.rglob("*.json"):
        memo.write_text("{")
    assert fingerprint(paths, tmp_path / "data") == first and len(reads) == 2


@pytest.mark.usefixtures("settled")
def test_works_without_a_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FERLAB_CACHE", str(tmp_path / "file"))
    paths = made(tmp_path / "data", {"a": b"1"})
    assert len(fingerprint(paths, tmp_path)) == 64
