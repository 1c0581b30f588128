"""A run folder's beginning, and its end where nothing came of it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from ferlab.errors import FerlabError


def begin(config: dict[str, Any], folder: Path) -> set[str]:
    """Make the folder and write config.yaml.

    Returns:
        Names of what lay in it before, which is the user's.

    Raises:
        FerlabError: a folder that holds a run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = {path.name for path in folder.iterdir()}
    try:
        with (folder / "config.yaml").open("x") as file:
            yaml.safe_dump(config, file, sort_keys=False)
    except FileExistsError as error:
        raise FerlabError(f"{folder} holds a run already; refused to overwrite it; cure: start again") from error
    return before


@contextmanager
def or_nothing(folder: Path, worth: str) -> Iterator[None]:
    """Take away what was begun in a folder where the work in it comes to no end: refused, broken off, interrupted.

    Args:
        folder: where the work writes; need not exist.
        worth: name of what makes the folder worth keeping.
    """
    before = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    try:
        yield
    except BaseException:
        if folder.is_dir():
            discard(folder, before, worth)
        raise


def discard(folder: Path, before: set[str], worth: str) -> None:
    """Take away a run folder in which nothing came of the run, and the day's below `runs` where it is empty.

    Args:
        folder: the run folder.
        before: names of what lay in it before the run; it stays.
        worth: name of what makes the folder worth keeping.
    """
    if (folder / worth).exists():
        return
    for path in folder.iterdir():
        if path.name in before:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    try:
        folder.rmdir()
        for parent in list(folder.parents)[:2]:
            if parent.name != "runs" and parent.parent.name != "runs":
                break
            parent.rmdir()
    except OSError:
        return
