"""Small classic runs on synthetic faces, for tests of the classic road."""

from pathlib import Path
from typing import Any

import numpy as np

from ferlab.classic.fitting import Recipe
from ferlab.classic.folds import Material
from ferlab.config import compose, plain

SMALL = ["data.n_train=150", "data.n_val=60", "data.n_test=60", "data.size=24", "data.classes=[happy,sad,surprise]"]
SMALL += ["features=raw", "figures=false"]


def config(*overrides: str) -> dict[str, Any]:
    """Compose a classic configuration on few and small synthetic faces."""
    small = [] if any(one.startswith("data=") for one in overrides) else SMALL
    values: dict[str, Any] = plain(compose("baseline", [*small, *overrides]))
    return values


def fit(folder: Path, *overrides: str) -> dict[str, Any]:
    """Fit in `folder`; returns what went into metrics.json."""
    from ferlab.classic.run import baseline

    return baseline(config(*overrides), folder, "python -m ferlab.baseline")


def recipe(*overrides: str, labels: tuple[str, ...] = ("a", "b", "c"), **more: Any) -> Recipe:
    """Return the recipe that a configuration describes."""
    values = config(*overrides)
    return Recipe(values["scaling"], values["reduction"], values["classifier"], labels, **more)


def clouds(each: int = 40, features: int = 6, apart: float = 1.5, seed: int = 0) -> Material:
    """Return three overlapping clouds of points."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(3), each)
    centres = apart * rng.normal(size=(3, features))
    x = (centres[y] + rng.normal(size=(len(y), features))).astype(np.float32)
    rows = np.arange(len(y))
    return Material(x, y, rows, np.ones(len(y), bool), None, "the training part")
