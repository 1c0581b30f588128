"""Going on with a run that stopped: its checkpoints and curves are carried into the new run's folder."""

import csv
import shutil
from pathlib import Path
from typing import Any

import torch

from ferlab import checkpoint
from ferlab.errors import FerlabError
from ferlab.fine_tuning.stage import read as read_stages
from ferlab.task import Task

SAME = ("spec", "model", "loss", "optimizer", "scheduler", "fine_tuning")


def carry_over(resume: str, task: Task, folder: Path) -> Path:
    """Copy a run's checkpoints into a new run's folder, so that the best one so far stays a candidate.

    Args:
        resume: a run folder, or a full checkpoint (last.ckpt) in one.
        task: what the new run trains.
        folder: the new run's folder.

    Returns:
        The checkpoint in `folder` to go on from.

    Raises:
        FerlabError: nothing to resume from, weights without the optimizer's state, or another configuration.
    """
    path = Path(resume)
    path = path / "checkpoints" / "last.ckpt" if path.is_dir() else path
    stored = checkpoint.read(path)
    if "optimizer_states" not in stored:
        raise FerlabError(f"resume: {path} holds weights alone; cure: resume from checkpoints/last.ckpt")
    for part in SAME:
        mine, theirs = task.hparams[part], stored["hyper_parameters"].get(part)
        if part == "fine_tuning":
            mine, theirs = read_stages(mine), read_stages(theirs)
        if mine != theirs:
            raise FerlabError(
                f"resume: {path} was trained with another {part}: expected {mine}, found {theirs}; "
                "cure: repeat the overrides of that run (its report.md shows the command)"
            )
    # where its first weights came from stays true
    task.hparams["facts"]["pretrained"] = (stored["hyper_parameters"].get("facts") or {}).get("pretrained")
    target = folder / "checkpoints"
    target.mkdir(parents=True, exist_ok=True)
    if (best := path.with_name("best.ckpt")).is_file():
        shutil.copy(best, target / "best.ckpt")
    # Lightning forgets the best score so far when the folder that its state names is another
    old, new = str(path.parent.resolve()), str(target.resolve())
    torch.save({**stored, "callbacks": _moved(stored["callbacks"], old, new)}, target / "last.ckpt")
    return target / "last.ckpt"


def join_curves(resume: str, folder: Path) -> None:
    """Put the earlier run's logged epochs in front of the new run's metrics.csv."""
    path = Path(resume)
    before = (path if path.is_dir() else path.parent.parent) / "metrics.csv"
    after = folder / "metrics.csv"
    if not before.is_file() or not after.is_file():
        return
    tables = [list(csv.DictReader(file.read_text().splitlines())) for file in (before, after)]
    begun = min((int(row["epoch"]) for row in tables[1]), default=0)
    rows = [row for row in tables[0] if int(row["epoch"]) < begun] + tables[1]
    temporary = after.with_name(".metrics.csv")
    with temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, sorted({name for row in rows for name in row}))
        writer.writeheader()
        writer.writerows(rows)
    temporary.replace(after)


def _moved(state: Any, old: str, new: str) -> Any:
    if isinstance(state, str):
        return new + state.removeprefix(old) if state.startswith(old) else state
    if isinstance(state, dict):
        return {_moved(key, old, new): _moved(value, old, new) for key, value in state.items()}
    return state
