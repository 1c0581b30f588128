"""The fetch entry on a local server: notice, checksums, place, what is there already, and each refusal's cure."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from fakes.essays import essays, original
from fakes.fer2013 import faces, table, tree, write_tar
from fakes.web import Web, serve
from fakes.zips import write_zip
from ferlab.config import compose, conf_dir, plain
from ferlab.data.essays import Essays
from ferlab.data.fer2013 import Fer2013
from ferlab.errors import FerlabError
from ferlab.fetching import http, kaggle
from ferlab.fetching.archive import fetch

ENTRY = [sys.executable, "-m", "ferlab.fetch"]


@pytest.fixture(autouse=True)
def no_login_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "no login"))
    monkeypatch.setattr(http, "PAUSE", 0.0)
    monkeypatch.setattr(http, "BLOCK", 1000)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    archive = write_zip(tmp_path / "made.zip", tree(faces(2)))
    with serve(Web(archive.read_bytes())) as web:
        yield web


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "sets"


def get(web: Web, folder: Path, *words: str, accept: bool = True, sha256: str | None = None) -> Path:
    source = plain(compose("fetch", ["data=fer2013", f"fetch.url={web.address}/file", *words]))["fetch"]
    return fetch(source, str(folder), accept, sha256)


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_fetched_whole_and_read_by_training(web: Web, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = get(web, folder)
    assert target.read_bytes() == web.body
    assert listed(folder) == ["fer2013.zip", "fer2013.zip.sha256"]
    digest = hashlib.sha256(web.body).hexdigest()
    assert (folder / "fer2013.zip.sha256").read_text() == f"{digest}  fer2013.zip\n"
    out = capsys.readouterr().out
    assert out.index("FER-2013 (Goodfellow") < out.index("downloading")
    assert out.endswith(f"next: FERLAB_DATA={folder} python -m ferlab.train data=fer2013\n")
    assert len(Fer2013(root=str(folder), check_counts=False).load().x) == 42


def test_the_challenges_table(web: Web, folder: Path, tmp_path: Path) -> None:
    web.body = write_tar(tmp_path / "made.tar.gz", table(faces(2))).read_bytes()
    get(web, folder, "fetch=fer2013_table")
    assert listed(folder) == ["fer2013.tar.gz", "fer2013.tar.gz.sha256"]
    assert len(Fer2013(root=str(folder), check_counts=False).load().x) == 42


def test_the_essays_bare_table(web: Web, folder: Path) -> None:
    web.body = original(essays(8))
    target = get(web, folder, "fetch=essays")
    assert target == folder / "essays.csv" and target.read_bytes() == web.body
    assert len(Essays(root=str(folder), check_counts=False).load()) == 8
    # what is there already is looked at in the same way
    assert get(web, folder, "fetch=essays") == target
    target.unlink()
    (folder / "essays.csv.sha256").unlink()
    web.body = b"<!DOCTYPE html><html>sorry, gone</html>"
    with pytest.raises(FerlabError, match=r"expected a CSV, found 39 bytes that begin with b'<!DOCTYPE"):
        get(web, folder, "fetch=essays")
    assert listed(folder) == ["essays.csv.wrong"]


def test_goes_on_after_a_process_that_ended(web: Web, folder: Path) -> None:
    web.cuts = [5000, *[0] * 10]
    with pytest.raises(FerlabError, match="run the same command again"):
        get(web, folder)
    assert listed(folder) == ["fer2013.zip.part"]
    web.cuts, web.requests = [], []
    assert get(web, folder).read_bytes() == web.body
    assert [headers.get("Range") for headers in web.requests] == ["bytes=5000-"]


def test_what_is_there_and_right_is_left(web: Web, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    get(web, folder)
    web.requests = []
    get(web, folder)
    # put there by hand: no note beside it
    (folder / "fer2013.zip.sha256").unlink()
    get(web, folder)
    assert web.requests == []
    assert capsys.readouterr().out.count("is there already and right") == 2


@pytest.mark.parametrize("noted", [True, False])
def test_what_is_there_and_wrong_is_named_and_left(web: Web, folder: Path, noted: bool) -> None:
    target = get(web, folder)
    if not noted:
        (folder / "fer2013.zip.sha256").unlink()
    target.write_bytes(web.body[:3000])
    expected = "expected sha256" if noted else "expected a whole zip, found 3,000 bytes"
    with pytest.raises(FerlabError, match=f"is there already and is not the right file: {expected}.*move it away"):
        get(web, folder)
    assert target.read_bytes() == web.body[:3000]


def wrong_md5(web: Web) -> dict[str, Any]:
    web.declares = "md5=1B2M2Y8AsgTpgAmY7PhCfg=="
    return {}


def wrong_sha256(web: Web) -> dict[str, Any]:
    return {"sha256": "0" * 64}


def damaged_inside(web: Web) -> dict[str, Any]:
    place = web.body.index(b"train/happy/") + 60
    web.body = web.body[:place] + bytes([web.body[place] ^ 255]) + web.body[place + 1 :]
    return {}


def login_page(web: Web) -> dict[str, Any]:
    web.body = b"<!DOCTYPE html><title>Sign in</title>"
    return {}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (wrong_md5, "expected md5 d41d8cd98f00b204e9800998ecf8427e, found"),
        (wrong_sha256, "expected sha256 0000"),
        (damaged_inside, "its entry train/happy/.* is damaged"),
        (login_page, "expected a whole zip, found 37 bytes that begin with b'<!DOCTYPE html>"),
    ],
)
def test_a_wrong_file_is_kept_aside_and_not_put_in_place(web: Web, folder: Path, spoil: Any, said: str) -> None:
    right = web.body
    options = spoil(web)
    with pytest.raises(FerlabError, match=f"not the right file: {said}"):
        get(web, folder, **options)
    assert listed(folder) == ["fer2013.zip.wrong"]
    # and the next fetch begins anew
    web.body, web.declares = right, None
    assert get(web, folder).read_bytes() == right


def test_a_known_sha256_is_kept_to(web: Web, folder: Path) -> None:
    digest = hashlib.sha256(web.body).hexdigest()
    get(web, folder, sha256=digest.upper())
    with pytest.raises(FerlabError, match="expected sha256 1111"):
        get(web, folder, sha256="1" * 64)


def test_the_login_goes_to_kaggle_and_not_to_its_storage(
    web: Web, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", "name")
    monkeypatch.setenv("KAGGLE_KEY", "key")
    monkeypatch.setattr(kaggle, "HOST", "127.0.0.1")
    with serve(Web(web.body), "localhost") as storage:
        web.storage, storage.cuts = f"{storage.address}/signed", [4000]
        assert get(web, folder).read_bytes() == web.body
        assert [headers.get("Authorization") for headers in web.requests] == ["Basic bmFtZTprZXk="] * 2
        assert [headers.get("Range") for headers in storage.requests] == [None, "bytes=4000-"]
        assert not any("Authorization" in headers for headers in storage.requests)


@pytest.mark.parametrize(
    ("status", "login", "said"),
    [
        (401, False, "asks for a login .* none was found; cure: make a token .*KAGGLE_API_TOKEN.*browser"),
        (403, False, "asks for a login .* none was found"),
        (401, True, "refuses your login .*cure: accept the terms on https://www.kaggle.com/datasets/msambare"),
        (403, True, "refuses your login"),
        (
            404,
            False,
            "has nothing at .*cure: look at https://www.kaggle.com/datasets/msambare.*save it as .*fer2013.zip",
        ),
        (503, True, "cannot serve it now .*run the same command again later"),
    ],
)
def test_each_refusal_has_a_cure(
    web: Web, folder: Path, status: int, login: bool, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kaggle, "HOST", "127.0.0.1")
    if login:
        monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_1")
    web.status = status
    with pytest.raises(FerlabError, match=said):
        get(web, folder)
    assert listed(folder) == []


def test_a_full_disk(web: Web, folder: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    folder.mkdir(parents=True)
    (folder / "fer2013.zip.part").symlink_to("/dev/full")
    with pytest.raises(FerlabError, match=r"no room left in .*cure: make room and run the same command again"):
        get(web, folder)


def test_a_folder_that_cannot_be_one(web: Web, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FerlabError, match=r"cannot write to .*file.*cure: output=<a folder of yours>"):
        get(web, tmp_path / "file" / "below")


def test_two_at_once(web: Web, folder: Path) -> None:
    folder.mkdir(parents=True)
    with (
        FileLock(folder / "fer2013.zip.part.lock"),
        pytest.raises(FerlabError, match=r"another fetch of .* is under way"),
    ):
        get(web, folder)


def test_nothing_is_downloaded_without_a_yes(web: Web, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FerlabError, match="accept=true says that you keep to them"):
        get(web, folder, accept=False)
    assert web.requests == []
    assert not folder.exists()
    assert "Terms: https://www.kaggle.com/datasets/msambare/fer2013" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(path.stem for path in (conf_dir() / "fetch").iterdir()))
def test_every_source_is_complete(name: str) -> None:
    source = plain(compose("fetch", ["data=fer2013", f"fetch={name}"]))["fetch"]
    assert set(source) == {"url", "file", "page", "train", "notice"}
    assert "research" in source["notice"]
    assert compose("train", [f"data={source['train']}"])
    # a name that the data set looks for
    module = import_module(f"ferlab.data.{source['train']}")
    assert source["file"] in module._LOOKED_FOR


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data=fer2031", "accept=true"], ["no option 'fer2031'", "did you mean 'fer2013'?", "affectnet"]),
        (["data=synthetic_faces", "accept=true"], ["no option 'synthetic_faces' in group fetch", "affectnet"]),
        (["data=fer2013", "accept=true"], ["set FERLAB_DATA=<folder>, or output=<folder>"]),
    ],
    ids=["mistyped", "nothing to fetch", "no folder"],
)
def test_mistakes_are_answered_in_one_message(tmp_path: Path, words: list[str], said: list[str]) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "FERLAB_DATA"}
    done = subprocess.run([*ENTRY, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not [word for word in said if word not in done.stderr], done.stderr
    assert not list(tmp_path.iterdir())


def test_the_command_fetches(web: Web, folder: Path) -> None:
    words = ["data=fer2013", "accept=true", f"output={folder}", f"fetch.url={web.address}/file"]
    done = subprocess.run([*ENTRY, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (folder / "fer2013.zip").read_bytes() == web.body
    assert "next: FERLAB_DATA=" in done.stdout
