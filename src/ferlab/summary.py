"""`python -m ferlab.summary experiment=d4/cnn10`: layers, shapes, parameters and multiply-adds of a model."""

from typing import Any

from ferlab.config import entry


def summary(config: dict[str, Any]) -> None:
    """Summarise the model that `config` composes, for the data that it names."""
    from ferlab.summarise import summarise

    summarise(config)


def main() -> None:
    """Run the entry."""
    entry("summary", summary)


if __name__ == "__main__":
    main()
