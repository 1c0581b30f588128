"""Run folders compared: what they are called, what sets them apart, and their differences with intervals."""

import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from ferlab.errors import FerlabError
from ferlab.evaluation.comparison import compare_rows
from ferlab.evaluation.pages.comparison_page import render, write
from ferlab.evaluation.recipes import apart, recipe
from ferlab.evaluation.resampling import check_metric
from ferlab.evaluation.run_folder import Run, find_runs, read_run

GROUPS = ("runs", "seeds")


def compare(
    runs: Sequence[str], metric: str, split: str, output: str | None, groups: str, resamples: int
) -> dict[str, Any]:
    """Compare run folders; print the result and write comparison.json, comparison.md and comparison.png.

    Args:
        runs: folders or glob patterns.
        metric: out of `metrics_of`.
        split: "val" or "test".
        output: the folder of the files; None writes none.
        groups: "runs", every pair of runs; "seeds", every pair of configurations, over their seeds.
        resamples: bootstrap draws.

    Raises:
        FerlabError: folders that are no finished runs, fewer than two, other rows, an unknown metric or option.
    """
    if groups not in GROUPS:
        raise FerlabError(f"groups: expected one of {', '.join(GROUPS)}, found {groups!r}")
    if split not in ("val", "test"):
        raise FerlabError(f"split: expected val or test, found {split!r}")
    if resamples < 100:
        raise FerlabError(f"resamples: expected 100 or more, found {resamples}")
    named = name_runs([read_run(folder) for folder in find_runs(runs)])
    check_metric(metric, next(iter(named.values())).rows.names)
    sides = over_configurations(named) if groups == "seeds" else None
    if sides is not None and len(sides) < 2:
        raise FerlabError(
            f"compare: groups=seeds: all {len(named)} runs are seeds of one configuration; cure: groups=runs, or add "
            "runs of another configuration"
        )
    with Console().status("comparing"):
        rows = {name: run.rows for name, run in named.items()}
        result = compare_rows(rows, metric, split, sides, resamples)
    result["runs"] = {
        name: {"folder": str(run.folder), "seed": run.seed, "protocol": _protocol(run), "marks": run.marks}
        for name, run in named.items()
    }
    result["notes"] = notes(named)
    Console().print(*render(result), sep="\n")
    if output is not None:
        for path in write(result, Path(output), str(next(iter(named.values())).metrics["data"]["name"])):
            print(path)
    return result


def name_runs(runs: Sequence[Run]) -> dict[str, Run]:
    """Name each run by the shortest that tells all apart: model, what it is set to, its seed, else the folder.

    Runs of one model whose configurations differ are told apart by what differs, never by their seeds alone.
    """
    settings = _settings(runs)

    def configured(run: Run) -> str:
        return " ".join(part for part in (str(run.metrics["model"]), settings[run.folder]) if part)

    tries: list[Callable[[Run], str]] = [
        configured,
        lambda run: f"{configured(run)} s{run.seed}",
        lambda run: run.folder.resolve().name,
        lambda run: str(run.folder),
    ]
    for name in tries:
        found = {name(run): run for run in runs}
        if len(found) == len(runs):
            return found
    raise FerlabError(f"compare: one folder stands twice in {', '.join(str(run.folder) for run in runs)}")


def over_configurations(named: dict[str, Run]) -> dict[str, list[str]]:
    """Return group -> run names, runs whose configurations differ in the seed alone in one group."""
    groups: dict[str, list[str]] = {}
    for name, run in named.items():
        groups.setdefault(_configuration(run), []).append(name)
    out: dict[str, list[str]] = {}
    for names in groups.values():
        seeds = [named[name].seed for name in names]
        if len(set(seeds)) < len(seeds):
            raise FerlabError(
                f"compare: groups=seeds: {', '.join(names)} have one configuration and the seeds {seeds}; a run "
                "repeated with its seed is no other seed; cure: leave out one"
            )
        # "none-s0" and "none-s1" are "none"
        bare = [re.sub(rf"[ _-]*s(eed)?{named[name].seed}\b", "", name) for name in names]
        short = os.path.commonprefix(bare).rstrip(" -_") or names[0]  # noqa: RUF071 (letters are meant)
        out[short if short not in out else names[0]] = names
    return out


def notes(named: dict[str, Run]) -> list[str]:
    """Return what a reader must know beside the numbers: marks, other protocols, seeds alone."""
    out = [f"{name}: {'; '.join(run.marks)}" for name, run in named.items() if run.marks]
    protocols: dict[str, list[str]] = {}
    for name, run in named.items():
        protocols.setdefault(_protocol(run), []).append(name)
    if len(protocols) > 1:
        listed = "; ".join(f"{protocol}: {', '.join(names)}" for protocol, names in protocols.items())
        out.append(
            f"other protocols over the same rows ({listed}): training data or selection differ, not the model alone"
        )
    if len({_configuration(run) for run in named.values()}) == 1:
        out.append("the runs differ in their seed alone: what differs between them is training chance")
    return out


def _protocol(run: Run) -> str:
    protocol = run.metrics["protocol"]
    return f"{protocol.get('name', '?')} {protocol.get('hash', '')}".strip()


def _configuration(run: Run) -> str:
    """Return what runs that are seeds of one configuration have in common, as one text."""
    same = [run.metrics["model"], run.metrics["protocol"].get("hash"), run.marks, recipe(run.config)]
    return json.dumps(same, sort_keys=True, default=str)


def _settings(runs: Sequence[Run]) -> dict[Path, str]:
    """Say of each run in what it differs from the others of its model."""
    out: dict[Path, str] = {}
    for model in dict.fromkeys(str(run.metrics["model"]) for run in runs):
        kin = [run for run in runs if str(run.metrics["model"]) == model]
        out |= dict(zip([run.folder for run in kin], apart(kin), strict=True))
    return out
