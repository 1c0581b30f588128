"""A finished run's folder, read back: configuration, figures, how it was trained, and its rows."""

import difflib
import glob
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from ferlab.errors import FerlabError
from ferlab.evaluation.rows import Rows, read_rows

WANTED = ("model", "seed", "data", "protocol", "val", "test")


@dataclass(frozen=True)
class Run:
    """What a run folder holds, as plain values.

    Attributes:
        folder: where it lies.
        config: config.yaml.
        metrics: metrics.json; empty where the run was read with `finished=False` and has none.
        training: training.json; empty where the run has none.
    """

    folder: Path
    config: dict[str, Any]
    metrics: dict[str, Any]
    training: dict[str, Any]

    @cached_property
    def rows(self) -> Rows:
        """The run's predictions.parquet, read and checked when it is first asked for.

        Raises:
            FerlabError: what `read_rows` finds wrong.
        """
        return read_rows(self.folder / "predictions.parquet")

    @property
    def seed(self) -> int:
        """The seed it was trained with."""
        return int(self.config["seed"])

    @property
    def marks(self) -> list[str]:
        """What must be said beside any figure of this run; synthetic data first."""
        synthetic = ["SYNTHETIC DATA"] if self.metrics.get("data", {}).get("synthetic") else []
        return [*synthetic, *self.metrics.get("protocol", {}).get("marks", [])]


def read_run(path: str | Path, finished: bool = True) -> Run:
    """Read a run folder.

    Args:
        path: the folder.
        finished: refuse a run without metrics.json; else it reads with `metrics == {}`.

    Raises:
        FerlabError: not a run folder, no metrics.json, or a file that cannot be read.
    """
    folder = Path(path)
    if not (folder / "config.yaml").is_file():
        raise FerlabError(_no_run(folder))
    config = _mapping(folder / "config.yaml", yaml.safe_load, "cure: train again; the checkpoint carries its own copy")
    if not isinstance(config.get("seed"), int):
        raise FerlabError(f"{folder / 'config.yaml'}: expected the seed of a run, found {config.get('seed')!r}")
    training, metrics = folder / "training.json", folder / "metrics.json"
    again = f"cure: python -m ferlab.evaluate run={folder} writes it anew"
    if finished and not metrics.is_file():
        raise FerlabError(_incomplete(folder))
    found = _mapping(metrics, json.loads, f"cure: delete it, then {again[6:]}") if metrics.is_file() else {}
    missing = [key for key in WANTED if key not in found]
    if finished and missing:
        raise FerlabError(f"{metrics}: expected the keys {', '.join(WANTED)}; missing {', '.join(missing)}; {again}")
    return Run(folder, config, found, _mapping(training, json.loads, again) if training.is_file() else {})


def find_runs(patterns: str | Sequence[str]) -> list[Path]:
    """Return the run folders that paths and glob patterns name ("runs/**", say), each once, sorted within a pattern.

    A path without wildcard is returned as it stands, so that `read_run` can say what is wrong with it.

    Raises:
        FerlabError: nothing given, or a pattern that finds no run folder.
    """
    wanted = [patterns] if isinstance(patterns, str) else list(patterns)
    if not wanted:
        raise FerlabError(
            "runs: expected one run folder or more, found none; cure: name the folders ferlab.train wrote"
        )
    out: dict[Path, None] = {}
    for pattern in wanted:
        if not glob.has_magic(pattern) or Path(pattern).is_dir():
            out[Path(pattern)] = None
            continue
        found = sorted(
            folder
            for name in glob.glob(pattern, recursive=True)  # noqa: PTH207 (Path.glob takes no absolute one)
            if (folder := Path(name)).is_dir() and (folder / "config.yaml").is_file()
        )
        if not found:
            raise FerlabError(f"runs: no run folder (one with a config.yaml) fits {pattern!r} below {Path.cwd()}")
        out |= dict.fromkeys(found)
    return list(out)


def _no_run(folder: Path) -> str:
    wanted = "expected a folder that ferlab.train wrote"
    if folder.is_file():
        return f"{folder}: is a file; {wanted}; did you mean {folder.parent}?"
    if not folder.is_dir():
        beside = [path.name for path in folder.parent.iterdir() if path.is_dir()] if folder.parent.is_dir() else []
        near = difflib.get_close_matches(folder.name, beside, n=1)
        return f"{folder}: no such folder; {wanted}" + (f"; did you mean {folder.parent / near[0]}?" if near else "")
    inside = sorted(folder.glob("*/config.yaml"))
    text = f"{folder}: not a run folder (no config.yaml); {wanted}"
    if (folder.parent / "config.yaml").is_file():
        return f"{text}; did you mean {folder.parent}?"
    return f"{text}; it holds {len(inside)} run folders: '{folder}/*' names them all" if inside else text


def _incomplete(folder: Path) -> str:
    text = f"{folder}: an incomplete run, without metrics.json (training was killed or still goes on)"
    if (folder / "checkpoints" / "best.ckpt").is_file():
        return f"{text}; cure: python -m ferlab.evaluate run={folder}"
    return f"{text}, and without checkpoints/best.ckpt; cure: wait for it, or train again"


def _mapping(path: Path, parse: Any, cure: str) -> dict[str, Any]:
    try:
        values = parse(path.read_text(encoding="utf-8"))
    except (ValueError, yaml.YAMLError, OSError) as error:
        raise FerlabError(f"{path}: cannot be read ({str(error).splitlines()[0]}); {cure}") from error
    if not isinstance(values, dict):
        raise FerlabError(f"{path}: expected a mapping of names to values, found {type(values).__name__}; {cure}")
    return values
