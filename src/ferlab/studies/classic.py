"""A classic run: one fold of its protocol, or all of them pooled."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ferlab.classic.run import baseline
from ferlab.errors import FerlabError
from ferlab.studies.cross_validation import cross_validate


def run(config: dict[str, Any], folder: Path, command: str, fold_command: Callable[[int], str]) -> dict[str, Any]:
    """Fit one classic model, or with `folds` "all" one a fold, pooled.

    Args:
        config: conf/baseline.yaml composed and resolved, plain values.
        folder: where the run goes.
        command: what repeats all of it.
        fold_command: what repeats one fold alone.

    Raises:
        FerlabError: any mistake that `baseline` reports, or `resume` of a single run.
    """
    kept = {key: value for key, value in config.items() if key not in ("folds", "resume")}
    if config["folds"] == "all":
        return cross_validate({**kept, "resume": config["resume"]}, folder, command, fold_command, baseline)
    if config["folds"] != "one":
        raise FerlabError(f"folds: expected one or all, found {config['folds']!r}")
    if config["resume"]:
        raise FerlabError("resume: a single classic run has nothing to go on from; cure: folds=all, or leave it out")
    return baseline(kept, folder, command)
