"""The MD5 that Zenodo's record declares, and a fetch that keeps to it."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.ravdess import entries
from fakes.web import Web, serve
from fakes.zips import write_zip
from ferlab.config import compose, plain
from ferlab.data.ravdess import Ravdess
from ferlab.data.ravdess_names import every_name
from ferlab.errors import FerlabError
from ferlab.fetching import zenodo
from ferlab.fetching.archive import Source, fetch
from ferlab.fetching.zenodo import declared_md5

RECORD, FILE = "/api/records/1188976", "Audio_Speech_Actors_01-24.zip"


def record(**sums: str) -> bytes:
    files = [{"key": name, "checksum": checksum, "size": 1} for name, checksum in sums.items()]
    return json.dumps({"id": 1188976, "files": files}).encode()


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    archive = write_zip(tmp_path / "made.zip", entries(names=every_name(2, 1)))
    monkeypatch.setattr(zenodo, "HOST", "127.0.0.1")
    with serve(Web(archive.read_bytes(), declares="")) as web:
        web.pages[RECORD] = record(**{FILE: f"md5:{hashlib.md5(web.body).hexdigest()}", "other.zip": "md5:0"})
        yield web


def source(web: Web) -> Source:
    made = plain(compose("fetch", ["data=ravdess"]))["fetch"]
    made["url"] = made["url"].replace("https://zenodo.org", web.address)
    return made


def test_fetched_checked_and_read(web: Web, tmp_path: Path) -> None:
    target = fetch(source(web), str(tmp_path / "data"), accept=True)
    assert target.name == FILE and target.read_bytes() == web.body
    assert len(Ravdess(str(tmp_path / "data"), check_counts=False).load()) == 60


def test_another_file_is_kept_aside(web: Web, tmp_path: Path) -> None:
    web.pages[RECORD] = record(**{FILE: f"md5:{'0' * 32}"})
    with pytest.raises(FerlabError, match="not the right file: expected md5 0000"):
        fetch(source(web), str(tmp_path / "data"), accept=True)
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [f"{FILE}.wrong"]


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (record(**{"Audio_Speech.zip": f"md5:{'0' * 32}"}), "found None; the record holds Audio_Speech.zip"),
        (record(**{FILE: "sha256:00"}), "expected the MD5 of .*, found sha256:00"),
        (b"<html>", "expected a record with a list of files"),
        (b"[]", "expected a record with a list of files"),
    ],
)
def test_a_record_without_it_is_known_before_the_download(web: Web, tmp_path: Path, page: bytes, said: str) -> None:
    web.pages[RECORD] = page
    with pytest.raises(FerlabError, match=said):
        fetch(source(web), str(tmp_path / "data"), accept=True)
    assert len(web.requests) == 1 and not list((tmp_path / "data").iterdir())


@pytest.mark.parametrize(
    ("status", "said"),
    [(404, "has nothing at"), (403, "does not give it out .*look at https://zenodo.org"), (429, "cannot serve it now")],
)
def test_refusals(web: Web, tmp_path: Path, status: int, said: str) -> None:
    web.pages, web.status = {}, status
    with pytest.raises(FerlabError, match=said):
        fetch(source(web), str(tmp_path / "data"), accept=True)


def test_other_hosts_have_no_records_and_other_addresses_no_file(web: Web) -> None:
    assert declared_md5("https://www.kaggle.com/api/v1/x") is None
    with pytest.raises(FerlabError, match=r"expected https://.*/api/records/<number>/files/<name>/content"):
        declared_md5(f"{web.address}/record/1188976")
    with pytest.raises(FerlabError, match=r"cannot reach 127\.0\.0\.1 for the checksum"):
        declared_md5(f"http://127.0.0.1:9{RECORD}/files/{FILE}/content")
