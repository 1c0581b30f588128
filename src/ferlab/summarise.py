"""Counting what a composed model is made of, without reading any data where the data set's facts are known."""

import json
from typing import Any

from rich.console import Console

from ferlab.build import build
from ferlab.errors import FerlabError
from ferlab.fine_tuning import freezing
from ferlab.fine_tuning.stage import read as read_stages
from ferlab.models.measure import measure, render
from ferlab.spec import TaskSpec


def summarise(config: dict[str, Any]) -> dict[str, Any]:
    """Print a model's layers and totals, as a table or as JSON.

    Args:
        config: conf/summary.yaml composed and resolved.

    Returns:
        What the JSON form holds.

    Raises:
        FerlabError: an unknown format, or a data set whose shape cannot be known.
    """
    if config["format"] not in ("table", "json"):
        raise FerlabError(f"format: expected table or json, found {config['format']!r}")
    shape, outputs = _sizes(config)
    preprocess = build(config["model"]["preprocess"], shape)
    net = build(config["model"]["net"], preprocess.output_shape, outputs)
    freezing.apply(net, read_stages(config["fine_tuning"])[0])
    summary = measure(net, preprocess.output_shape)
    if config["format"] == "json":
        print(json.dumps(summary.to_dict()))
    else:
        depth, rows, columns = preprocess.output_shape
        seen = f"{rows}x{columns}x{depth} pixels" if len(shape) == 3 else f"{depth} x {rows} mels x {columns} frames"
        title = f"{config['model']['name']}, {seen}, {outputs} outputs"
        Console().print(render(summary, title))
    return summary.to_dict()


def _sizes(config: dict[str, Any]) -> tuple[tuple[int, ...], int]:
    """Return the shape of a raw sample and the number of outputs."""
    shape, labels = config["shape"], config["labels"]
    if shape is not None and labels is not None:
        if len(shape) not in (1, 3) or labels < 1:
            raise FerlabError(
                "shape, labels: expected [height,width,channels] of images or [samples] of sounds, and 1 or more, "
                f"found {shape}, {labels}"
            )
        return tuple(shape), 1 if config["data"].get("kind") == "binary" else labels
    source = build(config["data"])
    spec: TaskSpec = source.spec if hasattr(source, "spec") else source.load().spec
    return tuple(shape or spec.shape), labels or spec.outputs
