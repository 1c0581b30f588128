"""The on-disk cache: named arrays built once, written atomically, memory-mapped on reuse."""

import hashlib
import json
import logging
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from platformdirs import user_cache_dir

from ferlab.errors import FerlabError

log = logging.getLogger(__name__)

Arrays = dict[str, NDArray[Any]]
_MANIFEST = "manifest.json"
_LAYOUT = 1


def cache_root() -> Path:
    """Return the folder all caches lie in: `$FERLAB_CACHE`, else the user's cache folder of the system."""
    return Path(os.environ.get("FERLAB_CACHE") or user_cache_dir("ferlab", appauthor=False)).expanduser()


def cached(name: str, key: Mapping[str, Any], build: Callable[[], Arrays]) -> Arrays:
    """Return the arrays of `build()`, from the disk where an entry for `name` and `key` exists.

    Two processes that ask at once build once: the second waits. An entry appears by one rename, so an interrupted
    build leaves nothing; an entry that was cut short or altered is thrown away and built again.

    Args:
        name: folder inside the cache, usually the data set's name.
        key: everything the arrays depend on (content of the source, options, version of the reader), as plain
            values that JSON can hold.
        build: makes the arrays; called only where there is no sound entry. Object arrays are refused.

    Returns:
        The arrays by name, memory-mapped and read-only.

    Raises:
        FerlabError: the cache folder cannot be written.
        ValueError: an array of `build()` holds Python objects.
    """
    text = json.dumps({"layout": _LAYOUT, **key}, sort_keys=True)
    folder = cache_root() / name
    entry = folder / hashlib.sha256(text.encode()).hexdigest()[:20]
    if (arrays := _load(entry, text)) is not None:
        return arrays
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _acquire(entry.with_suffix(".lock"))
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        if (arrays := _load(entry, text)) is None:
            # under the lock, whatever a killed process left for this key belongs to nobody
            for leftover in [entry, *folder.glob(f".{entry.name}-*")]:
                shutil.rmtree(leftover, ignore_errors=True)
            _store(entry, text, build())
            arrays = _load(entry, text)
    finally:
        lock.release()
    if arrays is None:
        raise FerlabError(
            f"cache: {entry} could not be read back right after it was written; "
            "expected a local disk with room, or set FERLAB_CACHE to another folder"
        )
    return arrays


def _acquire(path: Path) -> FileLock:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=2)
    except Timeout:
        log.info("waiting for another process that is building %s", path.with_suffix(""))
        lock.acquire()
    return lock


def _unwritable(folder: Path, error: OSError) -> FerlabError:
    return FerlabError(
        f"cache: cannot write to {folder}: {error.strerror or error}; "
        "expected a writable folder with room, set FERLAB_CACHE to one"
    )


def _store(entry: Path, key: str, arrays: Arrays) -> None:
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise ValueError(f"cache: array {name!r} holds Python objects; expected numbers or fixed-width strings")
    temporary: Path | None = None
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{entry.name}-", dir=entry.parent))
        files = {}
        for number, (name, array) in enumerate(arrays.items()):
            path = temporary / f"{number}.npy"
            np.save(path, np.asarray(array, order="C"), allow_pickle=False)
            status = path.stat()
            files[name] = {
                "file": path.name,
                "size": status.st_size,
                "mtime": status.st_mtime_ns,
                "crc": _crc(path),
            }
        (temporary / _MANIFEST).write_text(json.dumps({"key": key, "arrays": files}))
        temporary.rename(entry)
    except OSError as error:
        raise _unwritable(entry.parent, error) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _load(entry: Path, key: str) -> Arrays | None:
    """Return the entry's arrays, or None where it is absent, incomplete or altered."""
    try:
        manifest = json.loads((entry / _MANIFEST).read_text())
        if manifest["key"] != key:
            return None
        arrays: Arrays = {}
        for name, fact in manifest["arrays"].items():
            path = entry / fact["file"]
            status = path.stat()
            # an untouched file is trusted; one that was touched or copied must prove its content
            if status.st_size != fact["size"] or (status.st_mtime_ns != fact["mtime"] and _crc(path) != fact["crc"]):
                log.warning("cache: %s is not as it was written; building it again", path)
                return None
            arrays[name] = np.load(path, mmap_mode="r", allow_pickle=False)
        return arrays
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("cache: %s is unreadable (%s); building it again", entry, error)
        return None


def _crc(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            value = zlib.crc32(block, value)
    return value
