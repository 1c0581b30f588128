"""`python -m ferlab.cross_validate`: every fold of a protocol trained and tested, and the test rows pooled."""

import shlex
from typing import Any

from ferlab.config import command, entry, name_sweep, overrides, refuse_parallel_sweep, run_dir
from ferlab.folder import or_nothing


def cross_validate(config: dict[str, Any]) -> None:
    """Train what `config` composes, a fold after the other, in Hydra's folder for this run."""
    with or_nothing(run_dir(), worth="config.yaml"):
        _cross_validate(config)


def _cross_validate(config: dict[str, Any]) -> None:
    refuse_parallel_sweep(config)
    name_sweep("cross_validate")
    # torch takes seconds to import: --help, --cfg and mistyped options were answered before
    from ferlab.studies.cross_validation import cross_validate as run

    given = [one for one in overrides() if one.split("=")[0] not in ("protocol.fold", "resume")]
    # ferlab.train has another protocol by default
    protocol = [] if any(one.startswith("protocol=") for one in given) else ["protocol=kfold"]

    def fold_command(fold: int) -> str:
        return shlex.join(["python", "-m", "ferlab.train", *protocol, *given, f"protocol.fold={fold}"])

    run(config, run_dir(), command("ferlab.cross_validate", without=("resume",)), fold_command)


def main() -> None:
    """Run the entry."""
    entry("cross_validate", cross_validate)


if __name__ == "__main__":
    main()
