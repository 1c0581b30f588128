"""Content hash of files and folders, remembered by their size and times so that a start need not read them again."""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from ferlab.cache import cache_root

# a file changed this recently could change again within the clock's tick: its hash is not remembered
_SETTLED_NS = 2_000_000_000


def fingerprint(files: Iterable[Path], base: Path) -> str:
    """Return a hash of the files' content and of their paths relative to `base`.

    The same content elsewhere has the same fingerprint. Reading is skipped where every file's size, change times and
    inode are as at the last call.

    Args:
        files: the files, in any order.
        base: what their paths are taken relative to; for one single file give the file itself, and its name is not
            part of the hash.

    Returns:
        64 hexadecimal digits.

    Raises:
        OSError: a file cannot be read.
    """
    ordered = sorted(files)
    state = hashlib.sha256()
    newest = 0
    for path in ordered:
        s = path.stat()
        state.update(f"{path}\0{s.st_size}\0{s.st_mtime_ns}\0{s.st_ctime_ns}\0{s.st_ino}\n".encode())
        newest = max(newest, s.st_mtime_ns, s.st_ctime_ns)
    signature = state.hexdigest()
    where = hashlib.sha256("\0".join(map(str, [base.absolute(), *ordered])).encode()).hexdigest()[:20]
    memo = cache_root() / "fingerprints" / f"{where}.json"
    try:
        known = json.loads(memo.read_text())
        if known["signature"] == signature:
            return str(known["content"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    content = hashlib.sha256()
    for path in ordered:
        content.update(f"{os.path.relpath(path, base)}\0{_digest(path)}\n".encode())
    if time.time_ns() - newest > _SETTLED_NS:
        _remember(memo, {"signature": signature, "content": content.hexdigest()})
    return content.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remember(memo: Path, fact: dict[str, str]) -> None:
    """Write by rename; a cache folder that cannot be written only costs the next start its hashing."""
    try:
        memo.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=memo.parent, suffix=".part")
        with os.fdopen(descriptor, "w") as file:
            json.dump(fact, file)
        Path(temporary).replace(memo)
    except OSError:
        pass
