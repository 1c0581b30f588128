"""candidates.csv: every candidate that a search scored, with its scores of each fold."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ferlab.classic.scoring import Scored


def write_candidates(path: Path, searched: Sequence[tuple[str | None, Sequence[Scored]]]) -> None:
    """Write the table whole or not at all.

    Args:
        path: the file, replaced if it exists.
        searched: of each label (None where there is one classifier alone) the scored candidates in order.
    """
    every = [(label, one) for label, scored in searched for one in scored]
    options = list(dict.fromkeys(name for _, one in every for name in one.candidate))
    folds = max(len(one.scores) for _, one in every)
    labelled = any(label is not None for label, _ in every)
    head = [*(["label"] if labelled else []), "round", *options, "mean", "sd"]
    head += [*(f"fold_{k}" for k in range(folds)), "seconds", "samples", "failed"]
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows([*([label] if labelled else []), *_cells(one, options, folds)] for label, one in every)
    temporary.replace(path)


def _cells(one: Scored, options: Sequence[str], folds: int) -> list[Any]:
    given = [_cell(one.candidate[name]) if name in one.candidate else "" for name in options]
    scores = [f"{score:.6f}" for score in one.scores] or [""] * folds
    mean, sd = (f"{one.mean:.6f}", f"{one.sd:.6f}") if one.scores else ("", "")
    return [one.round, *given, mean, sd, *scores, f"{one.seconds:.2f}", one.samples, one.failed or ""]


def _cell(value: Any) -> Any:
    return "null" if value is None else value
