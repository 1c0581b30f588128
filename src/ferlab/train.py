"""`python -m ferlab.train`: train, select, test and explain a model; one run folder with every figure."""

from omegaconf import DictConfig

from ferlab.config import command, entry, plain, run_dir


def train(config: DictConfig) -> None:
    """Train what `config` composes, in Hydra's folder for this run."""
    # torch takes seconds to import: --help, --cfg and mistyped options were answered before
    from ferlab.run import train as run

    run(plain(config), run_dir(), command("ferlab.train"))


def main() -> None:
    """Run the entry."""
    entry("train", train)


if __name__ == "__main__":
    main()
