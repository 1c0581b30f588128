"""An audit: what is wrong with a data set, found before a model is trained on it."""

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ferlab.auditing.balance import class_balance
from ferlab.auditing.draw import draw_sheets
from ferlab.auditing.duplicates import contradicting_pairs, contradictions, count_copies, split_names
from ferlab.auditing.made_pairs import measure_recall
from ferlab.auditing.page import cost, page, print_summary
from ferlab.auditing.pixels import light, look_at_light
from ferlab.auditing.texts import look_at_texts
from ferlab.auditing.texts_page import text_findings, text_page
from ferlab.auditing.votes import look_at_votes
from ferlab.build import build
from ferlab.data.copies import Copies, find_copies
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError
from ferlab.evaluation.words import noun
from ferlab.memory import peak_memory


class _Stopwatch:
    """Seconds of each step, by name; the processor's own of all, which other programs do not lengthen."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._start = self._last = time.monotonic()
        self._processor = time.process_time()

    def lap(self, step: str) -> None:
        now = time.monotonic()
        self.seconds[step] = round(now - self._last, 2)
        self._last = now

    def cost(self) -> dict[str, Any]:
        return {
            "seconds": {**self.seconds, "all": round(time.monotonic() - self._start, 2)},
            "processor_seconds": round(time.process_time() - self._processor, 2),
            "peak_memory_mb": round(peak_memory() / 2**20),
        }


def audit(config: dict[str, Any], folder: Path, command: str) -> dict[str, Any]:
    """Audit a data set; write audit.json, audit.md and, of images, sheets/.

    Args:
        config: conf/audit.yaml composed and resolved.
        folder: where the files go; is made.
        command: what repeats this audit.

    Returns:
        What went into audit.json.

    Raises:
        FerlabError: neither images nor texts, or a mistake in the configuration or the data.
    """
    if not isinstance(config["examples"], int) or config["examples"] < 1:
        raise FerlabError(f"examples: expected a whole number, 1 or more, found {config['examples']!r}")
    watch = _Stopwatch()
    samples: Samples = build(config["data"]).load()
    watch.lap("read")
    if samples.spec.modality == "text":
        return _audit_texts(samples, folder, command, watch)
    if samples.spec.modality != "image":
        raise FerlabError(f"audit: {samples.name} holds {samples.spec.modality}; expected images or texts")
    copies = find_copies(samples.x, samples.name)
    watch.lap("copies")
    votes, voted = look_at_votes(samples, config["votes"], config["data"].get("root"))
    balance = class_balance(samples)
    seen = light(samples.x)
    lit, lists = look_at_light(seen)
    watch.lap("light and labels")
    recall = measure_recall(samples.x, copies)
    watch.lap("recall")
    result: dict[str, Any] = {
        "data": _facts(samples),
        "copies": count_copies(samples, copies),
        "contradictions": contradictions(samples, copies, lists["constant"]),
        "recall": recall,
        "light": lit,
        "balance": balance,
        "votes": votes,
        "command": command,
    }
    folder.mkdir(parents=True, exist_ok=True)
    sheets: list[Path] = []
    if config["sheets"]:
        sheets = draw_sheets(folder / "sheets", samples, copies, seen, lists, voted, config["examples"])
    watch.lap("sheets")
    result["ids"] = _ids(samples, copies, {**lists, **voted})
    result["cost"] = watch.cost()
    _write(folder / "audit.json", json.dumps(result, indent=1, allow_nan=False) + "\n")
    _write(folder / "audit.md", page(result, [path.relative_to(folder) for path in sheets]))
    print_summary(result, folder, Console())
    return result


def _audit_texts(samples: Samples, folder: Path, command: str, watch: _Stopwatch) -> dict[str, Any]:
    result: dict[str, Any] = {"data": _facts(samples), **look_at_texts(samples), "command": command}
    watch.lap("texts")
    result["cost"] = watch.cost()
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "audit.json", json.dumps(result, indent=1, allow_nan=False) + "\n")
    _write(folder / "audit.md", text_page(result, cost(result)))
    print_summary(result, folder, Console(), text_findings(result))
    return result


def _facts(samples: Samples) -> dict[str, Any]:
    return {
        "name": samples.name,
        "synthetic": samples.synthetic,
        f"{noun(samples.spec.modality)}": len(samples),
        "shape": list(samples.x.shape[1:]),
        "labels": list(samples.spec.labels),
        "splits": {name: int((samples.splits == name).sum()) for name in split_names(samples)},
        "notes": list(samples.notes),
    }


def _ids(samples: Samples, copies: Copies, lists: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return every finding with the ids behind it."""
    ids = samples.ids.astype(str)
    sizes = np.bincount(copies.clusters)
    return {
        "exact_pairs": ids[copies.pairs[copies.exact]].tolist(),
        "near_pairs": [
            [*pair, round(score, 3)]
            for pair, score in zip(
                ids[copies.pairs[~copies.exact]].tolist(), copies.scores[~copies.exact].tolist(), strict=True
            )
        ],
        "contradicting_exact_pairs": ids[contradicting_pairs(samples, copies, lists["constant"])].tolist(),
        "largest_group": ids[copies.clusters == sizes.argmax()].tolist() if sizes.max() > 1 else [],
        **{name: ids[positions].tolist() for name, positions in lists.items()},
    }


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.replace(path)
