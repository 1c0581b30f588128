"""`python -m ferlab.evaluate RUN_DIR`: predict again from a run's checkpoint, measure, and compare with the run."""

from typing import Any

from ferlab.config import entry, positional, verbatim


def evaluate(config: dict[str, Any]) -> None:
    """Evaluate the run that `config` names."""
    from ferlab.repeat import evaluate as run

    run(**config)


def main() -> None:
    """Run the entry."""
    positional("run", many=False)
    verbatim("run")
    entry("evaluate", evaluate)


if __name__ == "__main__":
    main()
