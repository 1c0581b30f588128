"""Which runs are one row: those that differ in their seed alone; and what tells the rows of one model apart."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ferlab.errors import FerlabError
from ferlab.evaluation.recipes import recipe
from ferlab.evaluation.run_folder import Run
from ferlab.evaluation.settings import settings
from ferlab.evaluation.verdict import compare_seeds
from ferlab.reporting.gather import Gathered, LeftOut


@dataclass(frozen=True)
class Group:
    """The runs of one row.

    Attributes:
        runs: of one configuration, by seed.
        name: the first run's folder, as outputs write it.
        setting: the parts of the configuration in which rows of the same model and data differ.
    """

    runs: tuple[Run, ...]
    name: str
    setting: str = ""

    @property
    def first(self) -> Run:
        """The run that speaks for what all have in common."""
        return self.runs[0]

    @property
    def document(self) -> dict[str, Any] | None:
        """The document's row and figure, as the last run that names one gives it."""
        return next((found for run in reversed(self.runs) if (found := run.metrics.get("document"))), None)

    @property
    def verdict(self) -> dict[str, Any] | None:
        """Ours beside the document's: `compare_seeds`' result."""
        document = self.document
        return compare_seeds([{**run.metrics, "document": document} for run in self.runs])

    @property
    def marks(self) -> list[str]:
        """What must be said beside any figure of the row."""
        marks = [*self.first.marks]
        for flag, words in (("interrupted", "interrupted before its end"), ("fast_dev_run", "fast_dev_run: no result")):
            if self.first.training.get(flag) and not any(flag in mark for mark in marks):
                marks.append(words)
        recipes = [recipe(run.config) for run in self.runs]
        mixed = [part for part in recipes[0] if any(one.get(part) != recipes[0][part] for one in recipes)]
        return [*marks, f"runs differ in {', '.join(mixed)}"] if mixed else marks


def group(found: Gathered, by: str = "seeds", ignore: Sequence[str] = ()) -> tuple[list[Group], list[LeftOut]]:
    """Merge runs over their seeds.

    Runs of another protocol hash, number of test samples, class list, marks or configuration never meet. Of two runs
    with the same seed and configuration the later folder counts: it is no second draw.

    Args:
        found: the runs.
        by: "seeds", or "run" for a row each.
        ignore: parts of the configuration in which runs of one row may differ; their rows then say so.

    Returns:
        The rows, in the order of their first folders, and the runs that a later one replaced.

    Raises:
        FerlabError: `by` is neither, or `ignore` names what no configuration has.
    """
    if by not in ("seeds", "run"):
        raise FerlabError(f"by: expected seeds or run, found {by!r}")
    parts = sorted({part for run in found.runs for part in run.config})
    if unknown := sorted(set(ignore) - set(parts)):
        raise FerlabError(f"ignore: no configuration has {', '.join(unknown)}; there are {', '.join(parts)}")
    kin: dict[str, dict[int, Run]] = defaultdict(dict)
    replaced = []
    for number, run in enumerate(found.runs):
        seeds = kin[str(number) if by == "run" else _key(run, ignore)]
        if run.seed in seeds:
            reason = f"seed {run.seed} of the same configuration again in {found.name(run.folder)}; by=run shows both"
            replaced.append(LeftOut(seeds[run.seed].folder, reason))
        seeds[run.seed] = run
    groups = [
        Group(tuple(runs[seed] for seed in sorted(runs)), found.name(runs[min(runs)].folder)) for runs in kin.values()
    ]
    kin_of = defaultdict(list)
    for i, one in enumerate(groups):
        kin_of[one.first.metrics["model"], one.first.metrics["data"]["name"]].append(i)
    for members in kin_of.values():
        words = settings([recipe(groups[i].first.config) for i in members])
        for i, setting in zip(members, words, strict=True):
            groups[i] = replace(groups[i], setting=setting)
    return groups, replaced


def _key(run: Run, ignore: Sequence[str]) -> str:
    metrics = run.metrics
    protocol = metrics["protocol"]
    document = metrics.get("document") or {}
    same: list[Any] = [
        metrics["model"],
        metrics["data"]["name"],
        protocol.get("hash"),
        metrics["test"]["n"],
        metrics["test"]["labels"],
        Group((run,), "").marks,
        [document.get(key) for key in ("row", "metric", "reported")],
        {part: values for part, values in recipe(run.config).items() if part not in ignore},
    ]
    return json.dumps(same, sort_keys=True, default=str)
