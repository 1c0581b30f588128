"""`python -m ferlab.compare A B [C ...]`: which of several runs on the same rows is better."""

from typing import Any

from ferlab.config import entry, positional, verbatim
from ferlab.errors import expect_whole


def compare(config: dict[str, Any]) -> None:
    """Compare the runs that `config` names."""
    expect_whole(resamples=config["resamples"])
    from ferlab.evaluation.pages.comparing import compare as run

    run(**config)


def main() -> None:
    """Run the entry."""
    positional("runs")
    verbatim("output")
    entry("compare", compare)


if __name__ == "__main__":
    main()
