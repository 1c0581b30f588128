"""Finding the run folders that a report speaks of, and what was wrong with those it leaves out."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferlab.errors import FerlabError
from ferlab.evaluation.run_folder import Run, read_run

# what lies inside a run folder, or beside it, and holds no run of its own
INSIDE = ("checkpoints", "figures", "wandb", "tensorboard")


@dataclass(frozen=True)
class LeftOut:
    """A folder that a report does not count, and why.

    Attributes:
        folder: where it lies.
        reason: in words.
    """

    folder: Path
    reason: str


@dataclass(frozen=True)
class Gathered:
    """What a search found.

    Attributes:
        runs: finished runs, by folder.
        left_out: folders that look like runs and are none that can be counted.
        root: the folder that all of them lie below; outputs name each relative to it.
    """

    runs: tuple[Run, ...]
    left_out: tuple[LeftOut, ...]
    root: Path

    def name(self, folder: Path) -> str:
        """Return a folder as outputs write it."""
        return Path(os.path.relpath(folder.absolute(), self.root)).as_posix()


def gather(patterns: str | Sequence[str], on_bad: str = "list") -> Gathered:
    """Read every run that paths or glob patterns name, however deep.

    Args:
        patterns: folders or patterns such as "runs/**"; a folder is searched to its bottom.
        on_bad: "list" tells of incomplete and broken run folders, "stop" raises at the first.

    Raises:
        FerlabError: no such folder, no run found, or with on_bad="stop" a folder that is no finished run.
    """
    if on_bad not in ("list", "stop"):
        raise FerlabError(f"on_bad: expected list or stop, found {on_bad!r}")
    wanted = [patterns] if isinstance(patterns, str) else list(patterns)
    if not wanted:
        raise FerlabError("runs: expected folders or patterns, found none; cure: python -m ferlab.report 'runs/**'")
    runs, left_out = [], []
    for folder in sorted({found.absolute() for pattern in wanted for found in _candidates(pattern)}):
        try:
            runs.append(read_run(folder))
        except FerlabError as error:
            if on_bad == "stop":
                raise
            left_out.append(LeftOut(folder, str(error)))
    if not runs:
        also = f"; left out: {len(left_out)}, the first because: {left_out[0].reason}" if left_out else ""
        raise FerlabError(
            f"runs: no finished run (a folder with config.yaml and metrics.json) in {', '.join(wanted)}{also}"
        )
    folders = [run.folder for run in runs] + [one.folder for one in left_out]
    root = Path(os.path.commonpath([folder.parent for folder in folders]))
    # the page may be shown to others: what lies above the runs is nobody's business
    short = (LeftOut(one.folder, _below(one.reason, one.folder, root)) for one in left_out)
    return Gathered(tuple(runs), tuple(short), root)


def _candidates(pattern: str) -> Iterator[Path]:
    """Yield what looks like a run folder below all that a pattern names."""
    starts = [Path(pattern)] if Path(pattern).exists() else [Path(name) for name in _expand(pattern)]
    if not starts:
        raise FerlabError(f"runs: nothing is called {pattern!r} below {Path.cwd()}; expected a run folder or a pattern")
    for start in starts:
        folder = start if start.is_dir() else start.parent
        for place, inside, files in os.walk(folder):
            inside[:] = sorted(name for name in inside if not _holds_no_run(name))
            if {"config.yaml", "metrics.json"} & set(files) and not _holds_no_run(Path(place).name):
                yield Path(place)


def _expand(pattern: str) -> list[str]:
    found = glob.glob(pattern, recursive=True)  # noqa: PTH207 (Path.glob takes no absolute one)
    # "**" also names every file and every figure's folder; only folders that could be runs are walked again
    return sorted(name for name in found if Path(name).is_dir() and not _inside_a_run(Path(name)))


def _inside_a_run(folder: Path) -> bool:
    return any(_holds_no_run(part) for part in folder.parts)


def _holds_no_run(name: str) -> bool:
    return name in INSIDE or name.startswith(("evaluation-", "."))


def _below(reason: str, folder: Path, root: Path) -> str:
    """Shorten a message: the folder stands beside it, and its cure names folders below the root."""
    return reason.removeprefix(f"{folder}: ").replace(f"{root}{os.sep}", "")
