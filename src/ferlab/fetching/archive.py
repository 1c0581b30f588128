"""Fetch the archive of a data set: notice, download, checksums, and only then its place."""

import errno
import hashlib
import os
import tarfile
import textwrap
import zipfile
import zlib
from pathlib import Path
from typing import TypedDict

from filelock import FileLock, Timeout

from ferlab.errors import FerlabError
from ferlab.fetching.http import RefusedError, download
from ferlab.fetching.kaggle import CURE, is_there, login
from ferlab.fetching.zenodo import declared_md5


class Source(TypedDict):
    """Where an archive comes from; an option of conf/fetch/."""

    url: str
    file: str
    page: str
    train: str
    notice: str


def fetch(source: Source, output: str | None = None, accept: bool = False, sha256: str | None = None) -> Path:
    """Put an archive into a folder, unless it is there already and right.

    A download is checked before it gets its name: the MD5 and the length that the server declares, the given SHA-256,
    and every checksum inside the archive, or the first line of a bare CSV, which has none. One that fails is kept as
    <name>.wrong, an unfinished one as <name>.part.

    Args:
        source: where it comes from.
        output: the folder; None for `$FERLAB_DATA`.
        accept: the notice was read.
        sha256: that the archive has to have, 64 hexadecimal digits; None: the one that an earlier fetch noted, if any.

    Returns:
        The archive.

    Raises:
        FerlabError: no folder, not accepted, no connection, refused, no room, wrong file.
    """
    target = _folder(output) / source["file"]
    print(f"{textwrap.fill(' '.join(source['notice'].split()), 100)}\nTerms: {source['page']}\n", flush=True)
    if not accept:
        raise FerlabError("fetch: read the notice above and its terms; cure: accept=true says that you keep to them")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{target}.part.lock", timeout=0)
        with lock:
            try:
                if target.exists():
                    _check_present(target, sha256)
                else:
                    _get(source, target, sha256)
            finally:
                Path(lock.lock_file).unlink(missing_ok=True)
    except Timeout as error:
        raise FerlabError(f"fetch: another fetch of {target} is under way; cure: wait for it") from error
    except OSError as error:
        raise FerlabError(_unwritable(target.parent, error)) from error
    print(f"next: FERLAB_DATA={target.parent} python -m ferlab.train data={source['train']}")
    return target


def _folder(output: str | None) -> Path:
    given = output or os.environ.get("FERLAB_DATA")
    if not given:
        raise FerlabError(
            "fetch: no folder to put the archive into; cure: set FERLAB_DATA=<folder>, or output=<folder>"
        )
    return Path(given).expanduser().absolute()


def _get(source: Source, target: Path, sha256: str | None) -> None:
    part = target.with_name(f"{target.name}.part")
    signed = login(source["url"])
    try:
        # asked first: a record that no longer holds the file is known before a byte of it comes
        declared = declared_md5(source["url"])
        stored = download(source["url"], part, signed)
    except RefusedError as error:
        raise FerlabError(_refused(error, source, target, signed is not None)) from error
    if (
        wrong := _difference(part, "md5", declared or stored)
        or _difference(part, "sha256", sha256)
        or _damage(part, target.suffix)
    ):
        aside = part.replace(target.with_name(f"{target.name}.wrong"))
        raise FerlabError(
            f"fetch: what was downloaded is not the right file: {wrong}; it is kept as {aside} and was not put in "
            f"place; cure: run the same command again, it begins anew, or look at {source['page']} for a new version"
        )
    digest = _digest(part, "sha256")
    part.replace(target)
    _note(target).write_text(f"{digest}  {target.name}\n")
    print(f"{target}: {target.stat().st_size:,} bytes, whole; sha256 {digest}")


def _check_present(target: Path, sha256: str | None) -> None:
    noted = _note(target)
    expected = sha256 or (noted.read_text().split()[0] if noted.is_file() else None)
    # a file that somebody else put there has no note: then the checksums inside it have to do
    wrong = _difference(target, "sha256", expected) if expected else _damage(target, target.suffix)
    if wrong:
        raise FerlabError(
            f"fetch: {target} is there already and is not the right file: {wrong}; it was left as it is; "
            "cure: move it away and run the same command again"
        )
    print(f"{target} is there already and right (sha256 {_digest(target, 'sha256')}): nothing was downloaded")


def _note(target: Path) -> Path:
    """Return where the SHA-256 stands, in the format of sha256sum."""
    return target.with_name(f"{target.name}.sha256")


def _difference(path: Path, kind: str, expected: str | None) -> str | None:
    found = _digest(path, kind) if expected else ""
    return None if not expected or found == expected.lower() else f"expected {kind} {expected}, found {found}"


def _digest(path: Path, kind: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def _damage(path: Path, suffix: str) -> str | None:
    """Read an archive through; returns what is wrong with it."""
    if suffix == ".csv":
        return _no_table(path)
    try:
        if suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                entry = archive.testzip()
            return f"its entry {entry} is damaged" if entry else None
        with tarfile.open(path, "r:gz") as tar:
            for member in tar:
                if file := tar.extractfile(member):
                    while file.read(1 << 20):
                        pass
        return None
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, OSError, ValueError) as error:
        kind = "zip" if suffix == ".zip" else "tar.gz"
        with path.open("rb") as file:
            head = file.read(40)
        return f"expected a whole {kind}, found {path.stat().st_size:,} bytes that begin with {head!r} ({error})"


def _no_table(path: Path) -> str | None:
    """Look at a table's first line: it has no checksums inside, and what reads it counts its rows."""
    with path.open("rb") as file:
        head = file.readline(4096)
    named = b"," in head and not head.lstrip().startswith(b"<") and b"\0" not in head
    return None if named else f"expected a CSV, found {path.stat().st_size:,} bytes that begin with {head[:40]!r}"


def _refused(error: RefusedError, source: Source, target: Path, signed: bool) -> str:
    host = source["url"].split("/")[2]
    by_hand = f"or download it in a browser from {source['page']} and save it as {target}"
    if error.status in (401, 403) and not is_there(source["url"]):
        return f"fetch: {host} does not give it out ({error}); cure: look at {source['page']}; {by_hand}"
    if error.status in (401, 403) and not signed:
        return f"fetch: {host} asks for a login ({error}) and none was found; cure: {CURE}; {by_hand}"
    if error.status in (401, 403):
        return (
            f"fetch: {host} refuses your login ({error}); cure: accept the terms on {source['page']} while logged in, "
            f"or a new login: {CURE}; {by_hand}"
        )
    if error.status == 404:
        return f"fetch: {host} has nothing at {source['url']} ({error}); cure: look at {source['page']}; {by_hand}"
    return f"fetch: {host} cannot serve it now ({error}); cure: run the same command again later; {by_hand}"


def _unwritable(folder: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"fetch: no room left in {folder} ({error.strerror}); what came is kept; cure: make room and run the same "
            "command again, it goes on from there"
        )
    return f"fetch: cannot write to {folder} ({error.strerror or error}); cure: output=<a folder of yours>"
