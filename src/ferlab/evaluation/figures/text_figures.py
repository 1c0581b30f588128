"""Figures of texts: how long they are, by label, and their most frequent words before and after cleaning."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from jaxtyping import Bool, Int
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from ferlab.evaluation.figures.style import BLUE, GREY, ORANGE, Caption, reach, sheet
from ferlab.text.tokens import sentences, straightened

MOST, COLUMNS, LONGEST = 100, 4, 18


def plain_words(text: str) -> list[str]:
    """Return the words of a raw text in lower case, signs left out: what stands before any cleaning."""
    return [word.lower() for sentence in sentences(straightened(text)) for word in sentence if word[0].isalnum()]


def lengths_figure(
    lengths: Int[np.ndarray, "text"],
    read: Int[np.ndarray, "text"],
    true: Bool[np.ndarray, "text output"],
    names: Sequence[str],
    tokens: int,
    caption: Caption,
) -> Figure:
    """Draw how long texts are, as written and as the model gets them, and box plots for those with and without a label.

    Args:
        lengths: words of each text as written.
        read: words that cleaning leaves.
        true: whether a label (or class) is true of a text.
        names: of the labels.
        tokens: how many words the model reads at most.
        caption: for the footer.
    """
    cut = f"{100 * (read > tokens).mean():.0f} % of them longer than the {tokens:,} words that the model reads"
    footer = caption.line(f"train n = {len(lengths):,}", cut, "boxes: quartiles; whiskers: 5 % to 95 %")
    height = max(4.2, 1.8 + 0.5 * len(names))
    with sheet(11.5 + 0.07 * reach(tuple(names)), height, "Length of the training texts", footer) as figure:
        left, right = figure.subplots(1, 2)
        # the longest text would squeeze all others into one bar
        top = max(float(np.quantile(some, 0.995)) for some in (lengths, read))
        top = max(top, 1.0)
        bins, words = np.linspace(0, top, 41).tolist(), f"words (the last bar: {top:,.0f} or more)"
        left.hist(lengths.clip(max=top), bins, color=BLUE, alpha=0.75, label=f"as written, median {_middle(lengths)}")
        left.hist(read.clip(max=top), bins, histtype="step", color="black", label=f"cleaned, median {_middle(read)}")
        # far behind the longest text the line would leave them a corner of the panel
        if tokens <= 1.5 * top:
            left.axvline(tokens, color=GREY, linestyle="--", linewidth=1, label=f"read at most, {tokens:,}")
            top = max(top, tokens * 1.02)
        left.set(xlabel=words, ylabel="texts", xlim=(0, top))
        left.legend(loc="upper left", bbox_to_anchor=(0, -0.17), ncols=3, columnspacing=1, handlelength=1.4)
        for side, (mask, shade, label) in enumerate(((true, ORANGE, "yes"), (~true, BLUE, "no"))):
            groups = [lengths[mask[:, i]] for i in range(len(names))]
            drawn = right.boxplot(
                [group if len(group) else np.array([np.nan]) for group in groups],
                positions=np.arange(len(names)) + (0.19 if side else -0.19),
                widths=0.32,
                orientation="horizontal",
                whis=(5, 95),
                showfliers=False,
                patch_artist=True,
                manage_ticks=False,
                medianprops={"color": "black"},
                label=label,
            )
            for box in drawn["boxes"]:
                box.set_facecolor(shade)
        right.set_yticks(range(len(names)), list(names))
        right.invert_yaxis()
        right.set(xlabel="words as written")
        right.set_xlim(0, None)
        right.grid(True, axis="x")
        right.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
        for axes in (left, right):
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    return figure


def frequent_words_figure(
    before: Iterable[Sequence[str]], after: Iterable[Sequence[str]], texts: int, caption: Caption
) -> Figure:
    """Draw the 100 most frequent words before and after cleaning.

    Args:
        before: the words of each text as written.
        after: as cleaning leaves them.
        texts: how many there are.
        caption: for the footer.
    """
    footer = caption.line(f"{texts:,} training texts", "log scale")
    title = f"The {MOST} most frequent words, before and after cleaning"
    with sheet(12.5, 11.6, title, footer) as figure:
        grid = figure.subplots(2, COLUMNS, squeeze=False, sharex="row")
        for row, (words, shade, name) in enumerate(((before, BLUE, "before"), (after, ORANGE, "after"))):
            counts = Counter(chain.from_iterable(words))
            # ties by the alphabet: the order of the texts does not matter
            top = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:MOST]
            each = MOST // COLUMNS
            for column, axes in enumerate(grid[row]):
                part = top[column * each : (column + 1) * each]
                values = [n for _, n in part]
                axes.hlines(range(len(part)), 1, values, color=shade, linewidth=1)
                axes.plot(values, range(len(part)), "o", color=shade, markersize=3.5)
                axes.set_yticks(range(len(part)), [word[:LONGEST].replace("$", r"\$") for word, _ in part], fontsize=8)
                axes.set_ylim(each - 0.4, -0.6)
                axes.set_xscale("log")
                low = min((n for _, n in top), default=1)
                axes.set_xlim(max(low * 0.7, 0.9), 1.3 * max((n for _, n in top), default=2))
                axes.tick_params(axis="y", length=0)
                axes.tick_params(axis="x", labelsize=8)
                axes.grid(True, axis="x")
                total, kinds = sum(counts.values()), len(counts)
                ranks = f"{column * each + 1} to {(column + 1) * each}"
                axes.set_title(f"{name}: {total:,} words, {kinds:,} different" if column == 0 else ranks, fontsize=9.5)
    return figure


def _middle(lengths: Int[np.ndarray, "text"]) -> str:
    return f"{np.median(lengths):,.0f}"
