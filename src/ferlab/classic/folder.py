"""A run folder's beginning, and its end where nothing came of it."""

import shutil
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from ferlab.errors import FerlabError, expect_whole


def begin(config: dict[str, Any], folder: Path) -> None:
    """Make the folder and write config.yaml.

    Raises:
        FerlabError: no seed, or a folder that holds a run.
    """
    expect_whole(seed=config["seed"])
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with (folder / "config.yaml").open("x") as file:
            yaml.safe_dump(config, file, sort_keys=False)
    except FileExistsError as error:
        raise FerlabError(f"{folder} holds a run already; refused to overwrite it; cure: start again") from error


def discard(folder: Path) -> None:
    """Take away a run folder in which nothing was fitted or scored, and the day's where it is empty."""
    if (folder / "candidates.csv").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.parent.rmdir()
    except OSError:
        return
