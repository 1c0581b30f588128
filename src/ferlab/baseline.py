"""`python -m ferlab.baseline`: classic features and a classic classifier, in a run folder like a network's."""

import shlex
from typing import Any

from ferlab.config import command, entry, name_sweep, overrides, run_dir
from ferlab.folder import or_nothing


def baseline(config: dict[str, Any]) -> None:
    """Fit what `config` composes, in Hydra's folder for this run; with folds=all every fold of the protocol."""
    with or_nothing(run_dir(), worth="config.yaml"):
        _baseline(config)


def _baseline(config: dict[str, Any]) -> None:
    # scikit-learn and torch take seconds to import: --help, --cfg and mistyped options were answered before
    from ferlab.studies.classic import run

    def fold_command(fold: int) -> str:
        given = [one for one in overrides() if one.split("=")[0] not in ("protocol.fold", "resume", "folds")]
        return shlex.join(["python", "-m", "ferlab.baseline", *given, f"protocol.fold={fold}"])

    if config["folds"] == "all":
        name_sweep("baseline")
    run(config, run_dir(), command("ferlab.baseline", without=("resume",)), fold_command)


def main() -> None:
    """Run the entry."""
    entry("baseline", baseline)


if __name__ == "__main__":
    main()
