"""`python -m ferlab.leakage`: one model under several protocols, and how much of the number is leak."""

import shlex
from typing import Any

from ferlab.config import command, compose, entry, name_sweep, overrides, plain, refuse_parallel_sweep, run_dir
from ferlab.errors import FerlabError

# ferlab.train does not know them
OWN = ("protocols", "seeds", "seed", "resume")


def leakage(config: dict[str, Any]) -> None:
    """Train what `config` composes under each of its protocols, in Hydra's folder for this run."""
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
    composed = {name: plain(compose("leakage", [*given, f"protocol={name}"])) for name in names}
    # torch takes seconds to import: --help, --cfg and mistyped options were answered before
    from ferlab.studies.leakage import leakage as run

    shared = [one for one in given if one.split("=")[0] not in OWN]

    def part_command(name: str, seed: int) -> str:
        return shlex.join(["python", "-m", "ferlab.train", *shared, f"protocol={name}", f"seed={seed}"])

    run(
        composed,
        [config["seed"]] if seeds is None else seeds,
        run_dir(),
        command("ferlab.leakage", without=("resume",)),
        part_command,
    )


def main() -> None:
    """Run the entry."""
    entry("leakage", leakage)


if __name__ == "__main__":
    main()
