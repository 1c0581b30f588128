"""`python -m ferlab.leakage`: one model under several protocols, and how much of the number is leak."""

import shlex
from typing import Any

from ferlab.config import command, compose, entry, name_sweep, overrides, plain, refuse_parallel_sweep, run_dir
from ferlab.errors import FerlabError
from ferlab.folder import or_nothing

# ferlab.train does not know them
OWN = ("protocols", "seeds", "seed", "folds", "fold", "resume")


def leakage(config: dict[str, Any]) -> None:
    """Train what `config` composes under each of its protocols, in Hydra's folder for this run."""
    with or_nothing(run_dir(), worth="leakage.yaml"):
        _leakage(config)


def _leakage(config: dict[str, Any]) -> None:
    refuse_parallel_sweep(config)
    name_sweep("leakage")
    given = overrides()
    if any(one.startswith("protocol=") for one in given):
        raise FerlabError("leakage: protocol= beside protocols=; cure: 'protocols=[official,legacy_d2]' alone")
    names, seeds = config["protocols"], config["seeds"]
    for key, values in (("protocols", names), ("seeds", [config["seed"]] if seeds is None else seeds)):
        if not isinstance(values, list) or len(set(values)) < len(values):
            raise FerlabError(f"leakage: {key}: expected a list, each once, found {values}; cure: '{key}=[...]'")
    if len(names) < 2:
        raise FerlabError(
            f"leakage: protocols: expected two or more, the first a clean one, found {names}; "
            "cure: 'protocols=[official,legacy_d2]'"
        )
    composed = {name: _composed(name, given, config["folds"], config["fold"]) for name in names}
    folded = any(one["protocol"].get("folds") is not None for one in composed.values())
    if not folded and (config["folds"] is not None or config["fold"] is not None):
        raise FerlabError(
            f"leakage: folds and fold: none of {', '.join(names)} has folds; cure: leave them out, or kfold"
        )
    # torch takes seconds to import: --help, --cfg and mistyped options were answered before
    from ferlab.studies.leakage import leakage as run

    shared = [one for one in given if one.split("=")[0] not in OWN]

    def part_command(name: str, seed: int, fold: int | None) -> str:
        protocol = composed[name]["protocol"]
        has_folds, named = protocol.get("folds") is not None, protocol.get("fold") if fold is None else fold
        own = [f"protocol={name}", f"seed={seed}"]
        if has_folds:
            own += [] if config["folds"] is None else [f"protocol.folds={config['folds']}"]
            own += [] if named is None else [f"protocol.fold={named}"]
        pooled = has_folds and named is None
        return shlex.join(["python", "-m", "ferlab.cross_validate" if pooled else "ferlab.train", *shared, *own])

    run(
        composed,
        [config["seed"]] if seeds is None else seeds,
        run_dir(),
        command("ferlab.leakage", without=("resume",)),
        part_command,
    )


def _composed(name: str, given: list[str], folds: int | None, fold: int | None) -> dict[str, Any]:
    """Compose one protocol's runs; of a protocol that has folds so many, and all of them unless one is named."""
    config: dict[str, Any] = plain(compose("leakage", [*given, f"protocol={name}"]))
    protocol = config["protocol"]
    if protocol.get("folds") is not None:
        protocol |= {"fold": fold} | ({} if folds is None else {"folds": folds})
    return config


def main() -> None:
    """Run the entry."""
    entry("leakage", leakage)


if __name__ == "__main__":
    main()
