"""Made run folders in the format that a finished run leaves behind."""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from ferlab.evaluation.measure import measure
from ferlab.evaluation.rows import Rows, write_rows

NAMES = ("happy", "sad", "angry")
SHAPE = (24, 24, 1)


@cache
def rows(right: float, n: int, seed: int) -> Rows:
    """Predictions of `n` test samples and as many validation samples, a share of `right` of each correct."""
    rng = np.random.default_rng(seed)
    labels = np.tile(np.arange(n) % 3, 2)
    hit = np.tile(rng.permutation(n) < round(right * n), 2)
    preds = np.where(hit, labels, (labels + 1) % 3)
    p = np.full((2 * n, 3), 0.2, dtype=np.float32)
    p[np.arange(2 * n), preds] = 0.6
    ids = np.array([f"{i:05d}" for i in range(2 * n)])
    return Rows(ids, np.repeat(["test", "val"], n), labels, preds, p, NAMES, {})


@cache
def measures(right: float, n: int, seed: int, split: str) -> dict[str, Any]:
    return measure(rows(right, n, seed), split, resamples=50)


def write_run(
    folder: Path,
    right: float = 0.6,
    seed: int = 0,
    model: str = "cnn10",
    data: str = "faces",
    n: int = 300,
    protocol: str = "a1b2c3d4e5f6",
    marks: tuple[str, ...] = (),
    document: dict[str, Any] | None = None,
    synthetic: bool = False,
    training: dict[str, Any] | None = None,
    predictions: bool = False,
    figures: tuple[str, ...] = (),
    **config: Any,
) -> Path:
    """Write config.yaml, metrics.json, training.json, and what else is asked for."""
    folder.mkdir(parents=True)
    values: dict[str, Any] = {
        "seed": seed,
        "data": {"_target_": "ferlab.data.fer2013.Fer2013", "root": None},
        "protocol": {"_target_": "ferlab.data.protocol.Protocol", "name": "official"},
        "model": {
            "name": model,
            "net": {"_target_": "ferlab.models.mlp.Mlp", "units": [8]},
            "preprocess": {"_target_": "ferlab.transforms.image.Preprocess", "size": None},
        },
        "optimizer": {"_target_": "ferlab.optim.Adam", "lr": 0.001},
        "callbacks": {"early_stopping": None},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(values | config))
    metrics = {
        "model": model,
        "seed": seed,
        "data": {"name": data, "synthetic": synthetic, "labels": list(NAMES), "notes": []},
        "protocol": {
            "name": "official",
            "hash": protocol,
            "counts": {"train": 1000, "val": n, "test": n},
            "selection": "val",
            "copies": {"val in train": 1, "test in train": 2, "test in val": 3},
            "marks": list(marks),
        },
        "checkpoint": {"chosen_epoch": 5, "monitor": "val/accuracy"},
        "document": document,
        "val": copy.deepcopy(measures(right, n, seed, "val")),
        "test": copy.deepcopy(measures(right, n, seed, "test")),
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))
    told = {"command": "python -m ferlab.train", "epochs": 7, "samples_per_second": 1000.0, "seconds": 60.0}
    (folder / "training.json").write_text(json.dumps(told | (training or {})))
    if predictions:
        made = rows(right, n, seed)
        spec = {"kind": "multiclass", "labels": list(NAMES), "modality": "image", "shape": list(SHAPE)}
        meta = {"spec": spec, "synthetic": synthetic, "data": data, "protocol": metrics["protocol"]}
        write_rows(folder / "predictions.parquet", made.ids, made.splits, made.labels, made.probabilities, meta)
    for name in figures:
        (folder / "figures").mkdir(exist_ok=True)
        cv2.imwrite(str(folder / "figures" / f"{name}.png"), np.full((60, 80, 3), 200, np.uint8))
    return folder
