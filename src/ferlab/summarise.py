"""Counting what a composed model is made of, without reading any data where the data set's facts are known."""

import json
from typing import Any

from rich.console import Console

from ferlab.build import build
from ferlab.errors import FerlabError
from ferlab.fine_tuning import freezing
from ferlab.fine_tuning.stage import read as read_stages
from ferlab.models.measure import example_of, measure, render
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
    preprocess = build(_with_words(config["model"]["preprocess"], config["words"]), shape)
    net = build(config["model"]["net"], preprocess.output_shape, outputs)
    freezing.apply(net, read_stages(config["fine_tuning"])[0])
    summary = measure(net, preprocess.output_shape, example_of(preprocess))
    if config["format"] == "json":
        print(json.dumps(summary.to_dict()))
    else:
        title = f"{config['model']['name']}, {_seen(shape, preprocess.output_shape)}, {outputs} outputs"
        Console().print(render(summary, title))
    return summary.to_dict()


def _with_words(preprocess: dict[str, Any], words: int) -> dict[str, Any]:
    """Give a preprocessing of texts as many words as the summary is to count: which ones, training texts decide."""
    if "vocabulary" not in preprocess or preprocess["vocabulary"] is not None:
        return preprocess
    return {**preprocess, "vocabulary": [f"word{i}" for i in range(words)], "documents": [1] * words, "texts": 1}


def _seen(shape: tuple[int, ...], seen: tuple[int, ...]) -> str:
    if not shape:
        return f"{seen[0]:,} tokens of {seen[1]:,} numbers"
    depth, rows, columns = seen
    return f"{rows}x{columns}x{depth} pixels" if len(shape) == 3 else f"{depth} x {rows} mels x {columns} frames"


def _sizes(config: dict[str, Any]) -> tuple[tuple[int, ...], int]:
    """Return the shape of a raw sample and the number of outputs."""
    shape, labels = config["shape"], config["labels"]
    if shape is not None and labels is not None:
        if len(shape) not in (0, 1, 3) or labels < 1:
            raise FerlabError(
                "shape, labels: expected [height,width,channels] of images, [samples] of sounds or [] of texts, and "
                f"1 or more, found {shape}, {labels}"
            )
        return tuple(shape), 1 if config["data"].get("kind") == "binary" else labels
    source = build(config["data"])
    spec: TaskSpec = source.spec if hasattr(source, "spec") else source.load().spec
    return tuple(spec.shape if shape is None else shape), labels or spec.outputs
