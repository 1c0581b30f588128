"""`python -m ferlab.slices RUN by=COLUMN`: a metric of every part of a run's rows, and whether the parts differ."""

from typing import Any

from ferlab.config import entry, positional, verbatim
from ferlab.errors import expect_whole


def slices(config: dict[str, Any]) -> None:
    """Slice the run that `config` names."""
    expect_whole(resamples=config["resamples"], bins=config["bins"])
    from ferlab.evaluation.pages.slicing import slices as run

    run(**config)


def main() -> None:
    """Run the entry."""
    positional("run", many=False)
    verbatim("run", "by", "table", "output")
    entry("slices", slices)


if __name__ == "__main__":
    main()
