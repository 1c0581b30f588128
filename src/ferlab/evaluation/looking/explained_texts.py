"""Test texts, what the model said of them, and what each of their words added to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Int64
from torch import nn

from ferlab.evaluation.rows import Rows
from ferlab.explain.tokens import token_attributions

PART = 16


@dataclass(frozen=True)
class Answers:
    """What a model said of texts, an output a column.

    Attributes:
        names: of the outputs: labels, classes, or of a binary task its positive class alone.
        ids: of the texts.
        true: whether the output's label is true of the text.
        said: whether the model says so.
        probabilities: of it.
    """

    names: tuple[str, ...]
    ids: tuple[str, ...]
    true: Bool[np.ndarray, "text output"]
    said: Bool[np.ndarray, "text output"]
    probabilities: Float[np.ndarray, "text output"]

    def take(self, chosen: Int64[np.ndarray, "chosen"]) -> "Answers":
        """Return those of some texts."""
        ids = tuple(self.ids[i] for i in chosen)
        return Answers(self.names, ids, self.true[chosen], self.said[chosen], self.probabilities[chosen])


def answers(rows: Rows) -> Answers:
    """Return what rows of one split say, text by text.

    Args:
        rows: of a multilabel task a row a text and label, text by text.
    """
    spec = rows.meta["spec"]
    names, kind = tuple(spec["labels"]), spec["kind"]
    if kind == "multilabel":
        shape = (-1, len(names))
        samples = tuple(rows.columns["sample"][:: len(names)].tolist())
        true, said = rows.labels.reshape(shape) == 1, rows.preds.reshape(shape) == 1
        return Answers(names, samples, true, said, rows.probabilities[:, 1].reshape(shape))
    each = np.arange(len(names))
    true, said = rows.labels[:, None] == each, rows.preds[:, None] == each
    first = 1 if kind == "binary" else 0
    ids = tuple(rows.ids.tolist())
    return Answers(names[first:], ids, true[:, first:], said[:, first:], rows.probabilities[:, first:])


def attributed(
    net: nn.Module, ids: Int[np.ndarray, "text token"], method: str
) -> Float[np.ndarray, "text token output"]:
    """Return what each word adds to each output, in logits, some texts at a time."""
    device = next(net.parameters()).device
    parts = [
        token_attributions(net, torch.from_numpy(np.asarray(ids[i : i + PART])).long().to(device), method).cpu().numpy()
        for i in range(0, len(ids), PART)
    ]
    return np.concatenate(parts)


def by_piece(
    places: Sequence[tuple[int, ...]], values: Float[np.ndarray, "word output"]
) -> list[Float[np.ndarray, "output"] | None]:
    """Return the sum of the words that each piece of a text became, None where it became none."""
    return [values[list(found)].sum(0) if found else None for found in places]
