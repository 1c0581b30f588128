"""Samples of several labels at once, made of random numbers, and the road on them."""

from pathlib import Path
from typing import Any

import numpy as np

from ferlab.data.datamodule import DataModule
from ferlab.data.samples import Samples
from ferlab.evaluation.rows import Rows, write_rows
from ferlab.spec import TaskSpec

TRAITS = ("EXT", "NEU", "AGR")


class Patches:
    """Small grey pictures; a label is true where its corner is bright, the last label of chance alone."""

    def __init__(self, n: int = 120, seed: int = 0) -> None:
        self.n, self.seed = n, seed

    def load(self) -> Samples:
        rng = np.random.default_rng(self.seed)
        labels = rng.integers(0, 2, (self.n, len(TRAITS)))
        x = rng.integers(0, 120, (self.n, 24, 24, 1))
        x[:, :12, :12] += 90 * labels[:, 0, None, None, None]
        x[:, 12:, 12:] += 90 * labels[:, 1, None, None, None]
        return Samples(
            "patches",
            TaskSpec("multilabel", TRAITS, "image", (24, 24, 1)),
            x.astype(np.uint8),
            labels.astype(np.int64),
            np.array([f"p{i:03}" for i in range(self.n)]),
            np.full(self.n, "all"),
            columns={"half": np.where(np.arange(self.n) < self.n // 2, "first", "second")},
        )


def load_patches(config: dict[str, Any]) -> DataModule:
    """Stand in for `ferlab.run.load_data`."""
    from ferlab.build import build

    return DataModule(
        Patches(),
        build(config["protocol"]),
        build(config["rebalance"]),
        batch_size=config["batch_size"],
        eval_batch_size=config["eval_batch_size"],
        seed=config["seed"],
    )


def make_rows(
    path: Path,
    n: int = 200,
    traits: tuple[str, ...] = TRAITS,
    seed: int = 0,
    skill: float = 1.0,
    authors: int | None = None,
    thresholds: dict[str, float] | None = None,
    noise: int | None = None,
) -> Rows:
    """Write rows of `n` samples, every second of them validation.

    Args:
        path: the file.
        n: samples.
        traits: labels.
        seed: of the labels.
        skill: how far the logits of yes and no lie apart.
        authors: how many wrote them; None: nobody is known.
        thresholds: of each label; None: .5.
        noise: seed of the probabilities; None: that of the labels.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, (n, len(traits)))
    if noise is not None:
        rng = np.random.default_rng(noise)
    p = 1 / (1 + np.exp(-(rng.normal(size=labels.shape) + skill * (labels - 0.5))))
    meta = {
        "spec": TaskSpec("multilabel", traits, "text", ()).to_dict(),
        "data": "made",
        "synthetic": False,
        "people": ["author"] if authors else [],
        "protocol": {"name": "holdout", "hash": "0", "marks": [], "counts": {}},
        "thresholds": thresholds or dict.fromkeys(traits, 0.5),
    }
    columns = {"length": np.arange(n) % 7} | ({"author": np.arange(n) // 2 % authors} if authors else {})
    splits = np.where(np.arange(n) % 2 == 0, "test", "val")
    return write_rows(path, np.array([f"s{i}" for i in range(n)]), splits, labels, p, meta, columns)
