"""`python -m ferlab.train`: train, select, test and explain a model; one run folder with every figure."""

from typing import Any

from ferlab.config import command, entry, refuse_parallel_sweep, run_dir
from ferlab.folder import or_nothing


def train(config: dict[str, Any]) -> None:
    """Train what `config` composes, in Hydra's folder for this run."""
    with or_nothing(run_dir(), worth="config.yaml"):
        refuse_parallel_sweep(config)
        # torch takes seconds to import: --help, --cfg and mistyped options were answered before
        from ferlab.run import train as run

        run(config, run_dir(), command("ferlab.train"))


def main() -> None:
    """Run the entry."""
    entry("train", train)


if __name__ == "__main__":
    main()
