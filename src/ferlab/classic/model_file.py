"""A classic model's file: plain values in ferlab.json, fitted objects beside it as skops writes them, one zip of both.

Loading one runs no code that it brings: it is read by skops, and only where it names nothing but trusted types.
"""

import json
import os
import pickle
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ferlab.classic.trusted import BEYOND, refused
from ferlab.errors import FerlabError

NAME, VALUES = "model.skops", "ferlab.json"
FORMAT = 1
# arrays of numbers hardly get smaller by more than the least effort, trees and words do by that already
EFFORT = 1


def write_model(path: Path, values: Mapping[str, Any], fitted: Any, limit: bool | int | float = True) -> None:
    """Write a model whole or not at all.

    Args:
        path: the file, replaced if it exists.
        values: plain values that JSON can hold; `format` is added.
        fitted: dicts and lists of arrays and of fitted objects of trusted types.
        limit: megabytes that `fitted` may take; True: any number.

    Raises:
        FerlabError: it takes more, or something in it is of a type that could not be read again.
    """
    from skops import io  # type: ignore[import-untyped]

    if limit is not True and (size := megabytes(fitted)) > limit:
        raise FerlabError(
            f"it would take {size:,.3g} MB, more than keep_model={limit:g}; cure: keep_model=true, or fewer features "
            "(reduction=pca)"
        )

    def fill(temporary: Path) -> None:
        io.dump(fitted, temporary, compression=zipfile.ZIP_DEFLATED, compresslevel=EFFORT)
        with zipfile.ZipFile(temporary, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(VALUES, json.dumps({"format": FORMAT, **values}, allow_nan=False))
            if strange := refused(archive):
                raise FerlabError(
                    f"what was fitted holds {', '.join(strange)}, which no model file may; cure: keep_model=false"
                )

    _whole(path, fill)


def check_limit(limit: Any) -> None:
    """Refuse what is no limit of a model's size.

    Raises:
        FerlabError: neither true, false nor megabytes.
    """
    if not isinstance(limit, bool | int | float) or not limit >= 0:
        raise FerlabError(f"keep_model: expected true, false or megabytes, 0 or more, found {limit!r}")


def megabytes(fitted: Any) -> float:
    """Return what fitted objects take before compression; nothing is copied."""
    parts: list[pickle.PickleBuffer] = []
    rest = len(pickle.dumps(fitted, protocol=5, buffer_callback=parts.append))
    return (rest + sum(part.raw().nbytes for part in parts)) / 2**20


def read_values(path: Path) -> dict[str, Any]:
    """Return the plain values of a model file; nothing fitted is loaded.

    Raises:
        FerlabError: no such file, no model of ferlab.baseline, or one of another format.
    """
    if not path.is_file():
        raise FerlabError(f"checkpoint: no file {path}; expected a {NAME} that ferlab.baseline wrote")
    try:
        with zipfile.ZipFile(path) as archive:
            values = json.loads(archive.read(VALUES))
    except KeyError as error:
        raise FerlabError(f"checkpoint: {path} was not written by ferlab.baseline (no {VALUES} in it)") from error
    except _BROKEN as error:
        raise _broken(path, error) from error
    found = values.get("format") if isinstance(values, dict) else None
    if found != FORMAT:
        by = values.get("ferlab", "unknown") if isinstance(values, dict) else "unknown"
        raise FerlabError(
            f"checkpoint: {path}: expected a model of format {FORMAT}, found {found!r}, written by ferlab {by}; "
            "cure: that version of ferlab, or the command in the run's report.md, which fits it again"
        )
    return dict(values)


def read_fitted(path: Path) -> tuple[Any, list[str]]:
    """Return a model file's fitted objects, and what must be said of how they were read.

    Raises:
        FerlabError: it names types that are not trusted, or cannot be read.
    """
    from skops import io

    try:
        with zipfile.ZipFile(path) as archive:
            strange = refused(archive)
        if strange:
            raise FerlabError(
                f"checkpoint: {path} holds {', '.join(strange)}, refused: a classic model is made of "
                "scikit-learn's and ferlab's own types alone; cure: a file that ferlab.baseline wrote here"
            )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fitted = io.load(path, trusted=list(BEYOND))
    except FerlabError:
        raise
    except Exception as error:  # a file may break skops, numpy, scipy and scikit-learn each in its own way
        raise _broken(path, error) from error
    return fitted, sorted({str(one.message).splitlines()[0] for one in caught if "version" in str(one.message)})


def amend(path: Path, change: Mapping[str, Any]) -> None:
    """Put plain values in place of earlier ones of the same names, whole or not at all.

    Raises:
        FerlabError: no model file.
    """
    values = {**read_values(path), **change}

    def fill(temporary: Path) -> None:
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, True, EFFORT) as new:
            for name in old.namelist():
                if name != VALUES:
                    new.writestr(name, old.read(name))
            new.writestr(VALUES, json.dumps(values, allow_nan=False))

    _whole(path, fill)


def is_model(path: Path) -> bool:
    """Tell whether a file is meant to be a classic model's, by its name or by what lies in it."""
    if path.suffix == ".skops":
        return True
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return VALUES in archive.namelist()


_BROKEN = (zipfile.BadZipFile, OSError, ValueError, EOFError)


def _broken(path: Path, error: Exception) -> FerlabError:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return FerlabError(f"checkpoint: {path} cannot be read as a classic model, broken or cut short ({reason})")


def _whole(path: Path, fill: Callable[[Path], None]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fill(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
