"""One file over HTTP: goes on where a broken download ended, with a progress bar where somebody watches a terminal."""

import base64
import re
import shutil
import time
from pathlib import Path

import requests
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from ferlab.errors import FerlabError
from ferlab.fetching.kaggle import Login

ATTEMPTS = 5
PAUSE = 1.0
BLOCK = 1 << 18
# seconds to connect, and between two blocks
TIMEOUT = (15, 60)
_BROKEN = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


class RefusedError(Exception):
    """The server answered with an error.

    Args:
        status: HTTP status, from 400 on.
        why: the server's words.
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(f"{status} {why}".strip())
        self.status = status


def download(url: str, part: Path, login: Login | None = None) -> str | None:
    """Download `url` into `part`; what `part` holds already is not downloaded again where the server can go on.

    A connection that breaks off is taken up again, up to five times in a row without one more byte.

    Args:
        url: http or https.
        part: an unfinished file, or one that is not there yet; whatever ends the download leaves it for the next call.
        login: signs the request to the first host; where that one sends on to another, the login does not follow.

    Returns:
        The MD5 that the server declares for the whole file, 32 hexadecimal digits; None where it declares none.

    Raises:
        RefusedError: the server says no.
        FerlabError: no connection, or none that holds; no room on the disk.
        OSError: `part` cannot be written.
    """
    failures, most = 0, _size(part)
    while True:
        try:
            return _attempt(url, part, login)
        except _BROKEN as error:
            here = _size(part)
            came = here > most
            failures, most = 1 if came else failures + 1, max(here, most)
            # nothing at all at the first attempt: no connection that broke off, but none
            if failures == ATTEMPTS or (failures == 1 and not came):
                raise FerlabError(_unreachable(url, here, error)) from error
            time.sleep(PAUSE * 2 ** (failures - 1))
        except requests.RequestException as error:
            raise FerlabError(f"fetch: {url}: {error}; cure: look at the address") from error


def _attempt(url: str, part: Path, login: Login | None) -> str | None:
    have = _size(part)
    # gzip on the way would count other bytes than the file's
    headers = {"Accept-Encoding": "identity", "User-Agent": "ferlab"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with requests.get(url, headers=headers, auth=login, stream=True, timeout=TIMEOUT) as answer:
        # 416: nothing behind what is here; whether that is the right file, its checksums tell
        if have and answer.status_code == 416:
            return _md5(answer)
        if answer.status_code >= 400:
            raise RefusedError(answer.status_code, answer.reason or "")
        goes_on = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        start = have if goes_on else 0
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length else None
        _check_room(part, have, total)
        with part.open("ab" if goes_on else "wb") as file, _bar(part, start, total) as bar:
            for block in answer.iter_content(BLOCK):
                file.write(block)
                bar.advance(bar.task_ids[0], len(block))
        if total is not None and _size(part) < total:
            raise requests.ConnectionError(f"{_size(part):,} of {total:,} bytes came")
        return _md5(answer)


def _md5(answer: requests.Response) -> str | None:
    """Read what Google's storage, which Kaggle sends on to, declares: `x-goog-hash: crc32c=..., md5=...` in base 64."""
    found = re.search(r"\bmd5=([A-Za-z0-9+/]{22}==)", answer.headers.get("x-goog-hash", ""))
    return base64.b64decode(found[1]).hex() if found else None


def _bar(part: Path, start: int, total: int | None) -> Progress:
    console = Console(stderr=True)
    text = part.name.removesuffix(".part")
    amount = f"{total / 1e6:,.1f} MB" if total else "of unknown length"
    going = f", going on from {start / 1e6:,.1f} MB" if start else ""
    print(f"downloading {text}, {amount}{going}", flush=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    bar = Progress(
        *columns, TransferSpeedColumn(), TimeRemainingColumn(), console=console, disable=not console.is_terminal
    )
    bar.add_task(text, total=total, completed=start)
    return bar


def _check_room(part: Path, have: int, total: int | None) -> None:
    free = shutil.disk_usage(part.parent).free
    if total is not None and total - have > free:
        raise FerlabError(
            f"fetch: no room in {part.parent}: {(total - have) / 1e6:,.0f} MB are to come, {free / 1e6:,.0f} MB are "
            "free; cure: make room, or output=<a folder on another disk>"
        )


def _unreachable(url: str, have: int, error: Exception) -> str:
    host = url.split("/")[2]
    if have:
        return (
            f"fetch: the connection to {host} broke off and does not come back ({_reason(error)}); "
            f"{have / 1e6:,.1f} MB are here; cure: run the same command again, it goes on from there"
        )
    return (
        f"fetch: cannot reach {host} ({_reason(error)}); cure: a network connection (HTTPS_PROXY where it goes through "
        "a proxy), or download the archive elsewhere and put it into the folder as it is"
    )


def _reason(error: Exception) -> str:
    """Return the innermost words of an error that several layers wrapped."""
    while error.args and isinstance(error.args[-1], Exception):
        error = error.args[-1]
    inner = getattr(error, "reason", None)
    words = str(inner if isinstance(inner, Exception) else error)
    return words.rpartition(">: ")[2] or words


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
