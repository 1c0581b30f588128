"""Where a login to Kaggle is found, and that it goes to Kaggle alone."""

from pathlib import Path

import pytest
from requests import Request

from ferlab.errors import FerlabError
from ferlab.fetching.kaggle import HOST, login

URL = f"https://{HOST}/api/v1/datasets/download/a/b"
BASIC = "Basic bmFtZTprZXk="  # name:key


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    return tmp_path


def sent(url: str = URL) -> str | None:
    request = Request("GET", url).prepare()
    signed = login(url)
    if signed:
        signed(request)
    return request.headers.get("Authorization")


def test_none() -> None:
    assert sent() is None


def test_token(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_1")
    assert sent() == "Bearer KGAT_1"
    (home / "token").write_text("KGAT_2\n")
    monkeypatch.setenv("KAGGLE_API_TOKEN", str(home / "token"))
    assert sent() == "Bearer KGAT_2"


def test_name_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", "name")
    assert sent() is None
    monkeypatch.setenv("KAGGLE_KEY", "key")
    assert sent() == BASIC


def test_files(home: Path) -> None:
    (home / "kaggle.json").write_text('{"username": "name", "key": "key"}')
    assert sent() == BASIC
    (home / "access_token").write_text("KGAT_3")
    assert sent() == "Bearer KGAT_3"


@pytest.mark.parametrize("text", ["{", "[]", '{"username": "name"}'])
def test_a_file_that_holds_no_login(home: Path, text: str) -> None:
    (home / "kaggle.json").write_text(text)
    with pytest.raises(FerlabError, match=r"kaggle\.json: expected .*cure: make a token"):
        sent()


def test_goes_to_kaggle_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_1")
    assert sent("https://mirror.example.org/fer2013.zip") is None
    assert sent("https://www.kaggle.com.example.org/fer2013.zip") is None
