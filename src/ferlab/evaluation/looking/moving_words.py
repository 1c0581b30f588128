"""The words that move each label most over many texts: their mean attribution, with intervals over the texts."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ferlab.evaluation.figures.style import BLUE, GREY, RED, Caption, reach, sheet
from ferlab.evaluation.words import table

LEAST, RESAMPLES, SEED, SHOWN, TOLD = 5, 1_000, 20131020, 12, 6
FIRST = 2  # numbers of words follow padding and unknown
FIELDS = ("label", "word", "texts", "occurrences", "value", "low", "high")


def moving_words(
    ids: Int[np.ndarray, "text token"],
    attributions: Float[np.ndarray, "text token output"],
    vocabulary: Sequence[str],
    names: Sequence[str],
    least: int = LEAST,
) -> list[dict[str, Any]]:
    """Return what each word adds to each label in a text that holds it, all its occurrences together.

    Args:
        ids: numbers of words, 0 padding, 1 unknown.
        attributions: in logits.
        vocabulary: the words from number 2 on.
        names: of the outputs.
        least: texts that a word must stand in.

    Returns:
        Plain values: label, word, texts, occurrences, value (mean over the texts that hold it), low and high (95 %
        bootstrap over texts); of each label first the word that surely adds most: by the lower end of its interval,
        those that take away by the upper one, whichever is further from zero.
    """
    n = len(ids)
    known = ids >= FIRST
    flat = (np.arange(n)[:, None] * (len(vocabulary) + FIRST) + ids)[known]
    size = n * (len(vocabulary) + FIRST)
    count = np.bincount(flat, minlength=size).reshape(n, -1)
    chosen = np.flatnonzero((count > 0).sum(0) >= max(least, 2))
    if not len(chosen):
        return []
    there = (count[:, chosen] > 0).astype(np.float32)
    rng = np.random.default_rng(SEED)
    draws = rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(np.float32)
    held = draws @ there
    found = []
    for output, name in enumerate(names):
        sums = np.bincount(flat, attributions[:, :, output][known], minlength=size).reshape(n, -1)[:, chosen]
        value = sums.sum(0) / there.sum(0)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.where(held > 0, draws @ sums.astype(np.float32) / held, np.nan)
        low, high = np.nanquantile(means, [0.025, 0.975], axis=0)
        sure = np.where(value > 0, np.maximum(low, 0), np.maximum(-high, 0))
        for i in np.lexsort((-np.abs(value), -sure)):
            numbers = (float(round(one[i], 6)) for one in (value, low, high))
            facts = (name, vocabulary[chosen[i] - FIRST], int(there[:, i].sum()), int(count[:, chosen[i]].sum()))
            found.append(dict(zip(FIELDS, (*facts, *numbers), strict=True)))
    return found


def strongest(found: Sequence[dict[str, Any]], name: str, most: int) -> tuple[list[Any], list[Any]]:
    """Return the words that add most to a label and those that take most away, whose intervals leave zero out."""
    own = [one for one in found if one["label"] == name]
    return [one for one in own if one["low"] > 0][:most], [one for one in own if one["high"] < 0][:most]


def write_words(found: Sequence[dict[str, Any]], path: Path) -> Path:
    """Write all words as CSV, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(found)
    temporary.replace(path)
    return path


def words_figure(found: Sequence[dict[str, Any]], names: Sequence[str], texts: int, caption: Caption) -> Figure:
    """Draw each label's strongest words in both directions, with intervals over the texts."""
    across = min(len(names), 5)
    down = -(-len(names) // across)
    wide = 0.07 * reach(tuple(str(one["word"])[:20] for one in found[:200]) or ("",))
    size = (0.6 + across * (1.9 + wide), 1.3 + down * (0.9 + 0.19 * 2 * SHOWN))
    facts = (f"{texts:,} test texts", "bars: 95 % intervals over texts")
    with sheet(*size, "Words that move each label most: what one adds to its logit", caption.line(*facts)) as figure:
        for i, name in enumerate(names):
            axes = figure.add_subplot(down, across, i + 1)
            for_it, against = strongest(found, name, SHOWN)
            shown = [*for_it, *reversed(against)]
            for place, one in enumerate(shown):
                shade = BLUE if one["value"] > 0 else RED
                axes.plot([one["low"], one["high"]], [place, place], color=shade, linewidth=1.4)
                axes.plot([one["value"]], [place], "o", color=shade, markersize=4)
            axes.axvline(0, color=GREY, linewidth=0.8)
            axes.set_yticks(range(len(shown)), [_plain(one["word"]) for one in shown])
            axes.set(title=name, xlabel="logit", ylim=(2 * SHOWN - 0.4, -0.6))
            axes.tick_params(axis="y", length=0)
            axes.xaxis.set_major_locator(MaxNLocator(3))
            axes.grid(True, axis="x")
            if not shown:
                axes.text(0.5, 0.5, "no word surely", transform=axes.transAxes, ha="center", color=GREY)
    return figure


def words_table(found: Sequence[dict[str, Any]], names: Sequence[str]) -> str:
    """Return the strongest words of each label as a table of a report."""
    told = (
        [name, *(", ".join(map(_told, some)) or "none surely" for some in strongest(found, name, TOLD))]
        for name in names
    )
    return table([["label", "for it", "against it"], *told])


def _told(one: dict[str, Any]) -> str:
    return f"`{one['word']}` {one['value']:+.3f}".replace("``", "`")


def _plain(word: str) -> str:
    """Return a word as matplotlib writes it: a dollar sign would begin a formula."""
    return word[:20].replace("$", r"\$")
