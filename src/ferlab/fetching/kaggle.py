"""The login to Kaggle, found where Kaggle's own tools look for it."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.auth import HTTPBasicAuth

from ferlab.errors import FerlabError

HOST = "www.kaggle.com"
CURE = (
    "make a token on https://www.kaggle.com/settings/api and set KAGGLE_API_TOKEN=<token>, or KAGGLE_USERNAME and "
    "KAGGLE_KEY, or save kaggle.json in ~/.kaggle"
)
Login = Callable[[PreparedRequest], PreparedRequest]


def login(url: str) -> Login | None:
    """Return what signs a request to `url`; None for another host than Kaggle's, or where no login is found.

    Looked at in turn: KAGGLE_API_TOKEN (a token, or a file that holds it), KAGGLE_USERNAME with KAGGLE_KEY, and
    access_token and kaggle.json in KAGGLE_CONFIG_DIR or ~/.kaggle.

    Raises:
        FerlabError: kaggle.json is none.
    """
    if not is_there(url):
        return None
    if token := os.environ.get("KAGGLE_API_TOKEN"):
        return _bearer(_read(Path(token)) or token)
    name, key = os.environ.get("KAGGLE_USERNAME"), os.environ.get("KAGGLE_KEY")
    if name and key:
        return HTTPBasicAuth(name, key)
    folder = Path(os.environ.get("KAGGLE_CONFIG_DIR") or Path.home() / ".kaggle")
    if token := _read(folder / "access_token"):
        return _bearer(token)
    file = folder / "kaggle.json"
    if not (text := _read(file)):
        return None
    try:
        held = json.loads(text)
        return HTTPBasicAuth(held["username"], held["key"])
    except (ValueError, KeyError, TypeError) as error:
        raise FerlabError(
            f'fetch: {file}: expected {{"username": ..., "key": ...}}, found none; cure: {CURE}'
        ) from error


def is_there(url: str) -> bool:
    """Tell whether `url` lies at Kaggle."""
    return urlsplit(url).hostname == HOST


def _bearer(token: str) -> Login:
    def sign(request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return sign


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, ValueError):
        return ""
