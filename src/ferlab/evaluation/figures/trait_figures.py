"""Figures of several labels a sample: each beside its guess, confusion, ROC, probabilities. No sample is shown."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ferlab.evaluation.curves import roc_points
from ferlab.evaluation.figures.style import BLUE, GREY, INK, ORANGE, PALE, RED, Caption, colour, reach, sheet
from ferlab.evaluation.intervals import wilson
from ferlab.evaluation.own_columns import TRAIT
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.words import number, span

ACROSS, BINS = 5, 10


def accuracies(measures: dict[str, Any], caption: Caption) -> Figure:
    """Draw each label's accuracy beside its guess, its balanced accuracy and its AUROC, with intervals and verdict."""
    traits = measures["traits"]
    names = (*traits, "mean")
    found = {**traits, "mean": {**measures["mean"], "majority": {"accuracy": measures["mean"]["majority"]}}}
    panels = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "auroc": "AUROC"}
    width, height = 3.0 + 0.08 * reach(names) + 2.7 * len(panels), 1.9 + 0.42 * len(names)
    title = "Labels told and guessed (95 % intervals)"
    with sheet(width, height, title, caption.line(f"{measures['split']} n = {measures['n']:,}")) as figure:
        every = figure.subplots(1, len(panels), sharey=True)
        for axes, (key, label) in zip(every, panels.items(), strict=True):
            for place, name in enumerate(names):
                _dot(axes, found[name], key, place, BLUE if name != "mean" else INK)
            if key != "accuracy":
                axes.axvline(50, color=GREY, linestyle="--", linewidth=1.2)
            axes.set(title=label, xlabel="per cent")
            axes.grid(True, axis="x", color=PALE)
            axes.tick_params(axis="y", length=0)
            axes.margins(x=0.14)
        every[0].set_yticks(range(len(names)), names)
        every[0].set_ylim(len(names) - 0.5, -0.8)
        every[0].plot([], [], "D", color=ORANGE, fillstyle="none", label="always the larger side of training")
        every[1].plot([], [], "--", color=GREY, label="any constant answer")
        for axes in every[:2]:
            axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 0.985), borderpad=0.2)
            axes.set_title(axes.get_title(loc="left"), pad=24)
        right = every[-1].twinx()
        right.set_ylim(*every[0].get_ylim())
        verdicts = [one["verdict"].removeprefix("above chance: ") for one in traits.values()]
        right.set_yticks(range(len(traits)), ["above chance" if one == "yes" else one for one in verdicts])
        right.tick_params(length=0)
        right.spines[:].set_visible(False)
    return figure


def confusion(measures: dict[str, Any], caption: Caption) -> Figure:
    """Draw each label's confusion matrix: counts, coloured by the share of the true side."""

    def draw(axes: Axes, name: str, first: bool) -> None:
        one = measures["traits"][name]
        counts = np.asarray(one["confusion"])
        shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="equal")
        for (row, column), value in np.ndenumerate(counts):
            ink = "white" if shares[row, column] > 0.55 else INK
            text = f"{value:,}\n{100 * shares[row, column]:.0f} %"
            axes.text(column, row, text, ha="center", va="center", fontsize=9, color=ink)
        axes.set_xticks((0, 1), ("no", "yes"))
        axes.set_yticks((0, 1), ("no", "yes") if first else ())
        axes.set(title=f"{name}  {number(one['accuracy']['value'], 'accuracy')}", xlabel="said")
        axes.set_ylabel("true" if first else "")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)

    found = measures["accuracy"]
    title = f"Confusion of each label, mean accuracy {number(found['value'], 'accuracy')}"
    title += f" ({span(found['low'], found['high'], 'accuracy')})"
    return _panels(measures, caption, title, draw, 1.7, 1.95)


def roc(rows: Rows, measures: dict[str, Any], caption: Caption) -> Figure:
    """Draw each label's ROC curve with its area and the point that its threshold chose.

    Args:
        rows: the rows of one split.
        measures: `measure`'s result for that split.
        caption: for the footer.
    """
    names, mean = tuple(measures["traits"]), measures["auroc_macro"]
    area = f"{mean['value']:.3f} ({span(mean['low'], mean['high'], 'auroc')})" if mean else "undefined"
    footer = caption.line(f"{measures['split']} n = {measures['n']:,}")
    with sheet(7.9 + 0.07 * reach(names), 5.0, f"ROC of each label, mean AUC {area}", footer) as figure:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=PALE, linewidth=1.2, label="chance  0.500")
        for i, name in enumerate(names):
            one, (shade, line) = measures["traits"][name], colour(i)
            if one["auroc"] is None:
                axes.plot([], [], color=PALE, linestyle="--", label=f"{name}  one side alone")
                continue
            own = _of(rows, name)
            x, y = roc_points(own.probabilities[:, 1], own.labels == 1)
            bounds = span(one["auroc"]["low"], one["auroc"]["high"], "auroc")
            label = f"{name}  {one['auroc']['value']:.3f} ({bounds})"
            axes.plot(x, y, color=shade, linestyle=line, linewidth=1.6, label=label)
            (_, wrong), (_, hits) = one["confusion"]
            negatives, positives = (sum(side) for side in one["confusion"])
            axes.plot([wrong / negatives], [hits / positives], "o", color=shade)
        axes.plot([], [], "o", color=GREY, linestyle="", label="as decided")
        axes.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        axes.set_aspect("equal")
        axes.grid(True)
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), title="AUC (95 % interval)", alignment="left")
    return figure


def probabilities(rows: Rows, measures: dict[str, Any], caption: Caption) -> Figure:
    """Draw how probable the model calls each label where it is true and where not, with the thresholds."""

    def draw(axes: Axes, name: str, first: bool) -> None:
        own, threshold = _of(rows, name), measures["traits"][name]["threshold"]
        p, edges = own.probabilities[:, 1], np.linspace(0, 1, 26)
        for side, shade, label in ((1, BLUE, "true: yes"), (0, ORANGE, "true: no")):
            here = p[own.labels == side]
            axes.hist(here, edges.tolist(), color=shade, histtype="stepfilled", alpha=0.45, label=label)
        for one in threshold if isinstance(threshold, list) else [threshold]:
            if one is not None:
                axes.axvline(one, color=RED, linewidth=1.2)
        axes.plot([], [], color=RED, label="threshold")
        axes.set(title=name, xlim=(0, 1), xlabel="probability of yes")
        axes.set_ylabel(caption.noun if first else "")
        if first:
            axes.legend(fontsize=8)

    return _panels(measures, caption, "How probable each label is called", draw, 2.2, 2.2)


def reliability(rows: Rows, measures: dict[str, Any], caption: Caption) -> Figure:
    """Draw the share of yes among samples of like probability, a panel a label, as trained."""

    def draw(axes: Axes, name: str, first: bool) -> None:
        own = _of(rows, name)
        p = own.probabilities[:, 1].astype(np.float64)
        index = np.minimum((p * BINS).astype(int), BINS - 1)
        axes.plot([0, 1], [0, 1], color=PALE, linewidth=1.2)
        for i in np.unique(index):
            here = index == i
            n, hits = int(here.sum()), int(own.labels[here].sum())
            low, high = wilson(hits, n)
            axes.plot([p[here].mean()] * 2, [low, high], color=BLUE, linewidth=1.4)
            axes.plot([p[here].mean()], [hits / n], "o", color=BLUE, markersize=3 + 5 * (n / len(p)) ** 0.5)
        axes.set(title=name, xlim=(0, 1), ylim=(-0.02, 1.02), xlabel="probability of yes")
        axes.set_ylabel("share of yes" if first else "")
        axes.set_aspect("equal")
        axes.grid(True)

    title = f"Does it know how probable a label is? Reliability on {measures['split']}, as trained"
    return _panels(measures, caption, title, draw, 2.2, 2.2, f"{BINS} bins of equal width, 95 % intervals (Wilson)")


def label_counts(data: dict[str, Any], protocol: dict[str, Any], caption: Caption) -> Figure:
    """Draw what share of the samples has each label, a panel a split."""
    names = tuple(data["labels"])
    counts = {role: n for role, n in data["class_counts"].items() if role in protocol["counts"]}
    width, height = 1.5 + 0.08 * reach(names) + 2.8 * len(counts), 1.7 + 0.34 * len(names)
    with sheet(width, height, "Samples that have each label", caption.line()) as figure:
        for i, (role, values) in enumerate(counts.items()):
            axes, n = figure.add_subplot(1, len(counts), i + 1), protocol["counts"][role]
            drawn = axes.barh(range(len(names)), [100 * value / max(n, 1) for value in values], color=BLUE)
            axes.bar_label(drawn, [f"{value:,}" for value in values], padding=3, fontsize=9, color=INK)
            axes.axvline(50, color=GREY, linestyle="--", linewidth=1)
            axes.set_yticks(range(len(names)), names if i == 0 else ())
            axes.set(title=f"{role}, n = {n:,}", xlabel="per cent", xlim=(0, 112))
            axes.invert_yaxis()
            axes.tick_params(axis="y", length=0)
    return figure


def of_labels(metrics: dict[str, Any], test: Rows, caption: Caption) -> Iterator[tuple[str, Figure]]:
    """Yield every figure of a run's test rows with the name of its file."""
    measures = metrics["test"]
    yield "labels", accuracies(measures, caption)
    yield "confusion", confusion(measures, caption)
    yield "roc", roc(test, measures, caption)
    yield "predictions", probabilities(test, measures, caption)
    yield "reliability", reliability(test, measures, caption)


def _panels(
    measures: dict[str, Any],
    caption: Caption,
    title: str,
    draw: Callable[[Axes, str, bool], None],
    width: float,
    height: float,
    *facts: str,
) -> Figure:
    names = tuple(measures["traits"])
    across = min(len(names), ACROSS)
    down = -(-len(names) // across)
    footer = caption.line(f"{measures['split']} n = {measures['n']:,}", *facts)
    with sheet(max(6.5, width * across + 0.9), height * down + 1.2, title, footer) as figure:
        for i, name in enumerate(names):
            draw(figure.add_subplot(down, across, i + 1), name, i % across == 0)
    return figure


def _dot(axes: Axes, one: dict[str, Any], key: str, place: int, shade: str) -> None:
    found = one[key]
    if found is not None:
        low, value, high = (100 * found[end] for end in ("low", "value", "high"))
        axes.plot([low, high], [place, place], color=shade, linewidth=2)
        axes.plot([value], [place], "o", color=shade)
        axes.annotate(f"{value:.1f}", (value, place), (0, 6), textcoords="offset points", ha="center", fontsize=8.5)
    if key == "accuracy":
        axes.plot([100 * one["majority"]["accuracy"]["value"]], [place], "D", color=ORANGE, fillstyle="none")


def _of(rows: Rows, name: str) -> Rows:
    return rows.take(np.flatnonzero(rows.columns[TRAIT] == name))
