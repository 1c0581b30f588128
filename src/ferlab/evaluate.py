"""`python -m ferlab.evaluate run=RUN_DIR`: predict again from a run's checkpoint, measure, and compare with the run."""

from omegaconf import DictConfig

from ferlab.config import entry, plain


def evaluate(config: DictConfig) -> None:
    """Evaluate the run that `config` names."""
    from ferlab.run import evaluate as run

    run(**plain(config))


def main() -> None:
    """Run the entry."""
    entry("evaluate", evaluate)


if __name__ == "__main__":
    main()
