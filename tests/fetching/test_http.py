"""Downloads from a local server: whole, broken off, refused, without a connection, without room."""

import hashlib
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.web import Web, serve
from ferlab.errors import FerlabError
from ferlab.fetching import http as module
from ferlab.fetching.http import RefusedError, download

BODY = os.urandom(700_000)


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setattr(module, "PAUSE", 0.0)
    monkeypatch.setattr(module, "BLOCK", 50_000)
    with serve(Web(BODY)) as web:
        yield web


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "faces.zip.part"


def ranges(web: Web) -> list[str | None]:
    return [headers.get("Range") for headers in web.requests]


def test_whole(web: Web, part: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert download(web.address, part) == hashlib.md5(BODY).hexdigest()
    assert part.read_bytes() == BODY
    assert ranges(web) == [None]
    assert "downloading faces.zip, 0.7 MB" in capsys.readouterr().out


def test_a_cut_connection_is_taken_up_where_it_broke(web: Web, part: Path) -> None:
    web.cuts = [200_000, 300_000]
    download(web.address, part)
    assert part.read_bytes() == BODY
    assert ranges(web) == [None, "bytes=200000-", "bytes=500000-"]


def test_a_later_call_goes_on_from_what_is_there(web: Web, part: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part.write_bytes(BODY[:123_456])
    download(web.address, part)
    assert part.read_bytes() == BODY
    assert ranges(web) == ["bytes=123456-"]
    assert "going on from 0.1 MB" in capsys.readouterr().out


def test_a_part_that_is_whole_is_not_downloaded_again(web: Web, part: Path) -> None:
    part.write_bytes(BODY)
    download(web.address, part)
    assert part.read_bytes() == BODY
    assert ranges(web) == [f"bytes={len(BODY)}-"]


def test_a_server_that_cannot_go_on_is_read_from_the_start(web: Web, part: Path) -> None:
    web.ranges, web.cuts = False, [200_000]
    download(web.address, part)
    assert part.read_bytes() == BODY
    assert ranges(web) == [None, "bytes=200000-"]


def test_a_connection_that_always_breaks_ends_in_words_and_keeps_what_came(web: Web, part: Path) -> None:
    web.cuts = [100_000, *[0] * 10]
    with pytest.raises(FerlabError, match=r"broke off and does not come back.*0\.1 MB are here; cure: run the same"):
        download(web.address, part)
    assert part.read_bytes() == BODY[:100_000]
    assert len(web.requests) == module.ATTEMPTS


def test_no_connection_is_said_at_once(part: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(FerlabError, match=rf"cannot reach 127\.0\.0\.1:{port} \(.*refused.*; cure: a network"):
        download(f"http://127.0.0.1:{port}/x", part)
    assert not part.exists()


def test_no_such_address(part: Path) -> None:
    with pytest.raises(FerlabError, match=r"fetch: nowhere: .*cure: look at the address"):
        download("nowhere", part)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 503])
def test_refused(web: Web, part: Path, status: int) -> None:
    web.status = status
    with pytest.raises(RefusedError, match=str(status)) as caught:
        download(web.address, part)
    assert caught.value.status == status
    assert not part.exists()


def test_no_room_is_known_before_a_byte_comes(web: Web, part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**6, 10**6 - 1000, 1000))
    with pytest.raises(FerlabError, match=r"no room in .*: 1 MB are to come, 0 MB are free; cure: make room"):
        download(web.address, part)
    assert not part.exists()


@pytest.mark.parametrize("declares", ["", "crc32c=AAAAAA==", "md5=short"])
def test_a_server_without_md5(web: Web, part: Path, declares: str) -> None:
    web.declares = declares
    assert download(web.address, part) is None
