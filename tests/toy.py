"""A small made data set and configurations on it, for tests of the road."""

from pathlib import Path
from typing import Any

from ferlab.config import compose, plain

SMALL = ["data.n_train=96", "data.n_val=48", "data.n_test=48", "data.size=24", "batch_size=32"]


def config(*overrides: str) -> dict[str, Any]:
    """Compose a training configuration on few and small synthetic faces."""
    small = [] if any(one.startswith("data=") for one in overrides) else SMALL
    values: dict[str, Any] = plain(compose("train", [*small, "trainer.precision=32-true", *overrides]))
    return values


def train(folder: Path, *overrides: str) -> dict[str, Any]:
    """Train in `folder`; returns what went into metrics.json."""
    from ferlab.run import train as run

    return run(config(*overrides), folder, "python -m ferlab.train")


def plain_summary(*overrides: str) -> dict[str, Any]:
    """Compose the configuration of the summary entry."""
    values: dict[str, Any] = plain(compose("summary", overrides))
    return values
