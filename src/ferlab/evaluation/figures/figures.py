"""Figures of rows: class counts, confusion matrix, ROC, top-k, distribution of predictions. No image is shown."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from ferlab.evaluation.curves import roc_points
from ferlab.evaluation.figures.style import BLUE, GREY, INK, ORANGE, PALE, RED, Caption, colour, reach, sheet
from ferlab.evaluation.rows import Rows


def class_counts(
    counts: dict[str, dict[str, int]], caption: Caption, rebalanced: dict[str, int] | None = None
) -> Figure:
    """Draw how many samples each class has, a panel a split.

    Args:
        counts: split -> class -> samples, in the order to draw; "train" as the data give it.
        caption: for the footer.
        rebalanced: class -> samples (or expected draws) an epoch trains on, where rebalancing changed them.
    """
    names = tuple(next(iter(counts.values())))
    total = sum(sum(split.values()) for split in counts.values())
    height = 1.6 + len(names) * (0.42 if rebalanced else 0.3)
    width = 1.5 + 0.08 * reach(names) + 3.0 * len(counts)
    with sheet(width, height, "Samples of each class", caption.line(f"n = {total:,}")) as figure:
        for i, (split, values) in enumerate(counts.items()):
            axes = figure.add_subplot(1, len(counts), i + 1)
            after = rebalanced if split == "train" else None
            bars: dict[str, tuple[list[float], str]] = {"as given": ([float(values[name]) for name in names], BLUE)}
            if after is not None:
                bars["after rebalancing"] = ([float(after[name]) for name in names], ORANGE)
            _bars(axes, names if i == 0 else None, bars)
            axes.set(title=f"{split}, n = {sum(values.values()):,}", xlabel="samples")
            if after is not None:
                axes.set_title(f"{split}, n = {sum(values.values()):,} → {sum(after.values()):,}")
                _legend_above(axes)
    return figure


def confusion(measures: dict[str, Any], caption: Caption) -> Figure:
    """Draw the confusion matrix of `measure`'s result twice: as counts, and as rates of each true class."""
    names, counts = tuple(measures["labels"]), np.asarray(measures["confusion"])
    support = counts.sum(1, keepdims=True)
    rates = np.divide(100 * counts, support, out=np.full(counts.shape, np.nan), where=support > 0)
    side = max(2.4, (0.52 if len(names) < 10 else 0.42) * len(names))
    width, height = max(6.9, 2 * side + 0.09 * reach(names) + 1.1), side + 0.03 * reach(names) + 1.9
    accuracy = measures["accuracy"]
    title = f"Confusion matrix, accuracy {100 * accuracy['value']:.1f} % ({_bounds(accuracy, 100.0, 1)})"
    with sheet(width, height, title, _facts(measures, caption)) as figure:
        size = 9.5 if len(names) < 10 else 8.5
        for i, (values, label) in enumerate(((counts, "samples"), (rates, "% of the true class"))):
            axes = figure.add_subplot(1, 2, i + 1)
            top = max(float(np.nanmax(values)), 1) if i == 0 else 100
            axes.imshow(np.nan_to_num(values), cmap="Blues", vmin=0, vmax=top, aspect="equal")
            for (row, column), value in np.ndenumerate(values):
                text = "-" if np.isnan(value) else f"{value:.0f}"
                ink = "white" if np.nan_to_num(value) > 0.55 * top else INK
                axes.text(column, row, text, ha="center", va="center", fontsize=size, color=ink)
            axes.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
            axes.set_yticks(range(len(names)), names if i == 0 else [])
            axes.set(title=label, xlabel="predicted class", ylabel="true class" if i == 0 else "")
            axes.tick_params(length=0)
            axes.spines[:].set_visible(False)
    return figure


def roc(rows: Rows, measures: dict[str, Any], caption: Caption) -> Figure:
    """Draw each class' ROC curve against the rest, with its area; of two classes, the positive one alone.

    Args:
        rows: the rows of one split.
        measures: `measure`'s result for that split.
        caption: for the footer.
    """
    names = measures["labels"]
    shown = [1] if len(names) == 2 else range(len(names))
    mean = measures["auroc_macro"]
    area = "undefined" if mean is None else f"{mean['value']:.3f} ({_bounds(mean, 1.0, 3)})"
    title = f"ROC, AUC {area}" if len(names) == 2 else f"ROC of each class against the rest, mean AUC {area}"
    with sheet(7.6 + 0.07 * reach(tuple(names)), 5.0, title, _facts(measures, caption)) as figure:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=PALE, linewidth=1.2, label="chance  0.500")
        for i in shown:
            own = measures["per_class"][names[i]]["auroc"]
            if own is None:
                axes.plot([], [], color=PALE, linestyle="--", label=f"{names[i]}  no samples")
                continue
            shade, line = colour(i)
            x, y = roc_points(rows.probabilities[:, i], rows.labels == i)
            label = f"{names[i]}  {own['value']:.3f} ({_bounds(own, 1.0, 3)})"
            axes.plot(x, y, color=shade, linestyle=line, linewidth=1.6, label=label)
        axes.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(-0.01, 1), ylim=(0, 1.01))
        axes.set_aspect("equal")
        axes.grid(True)
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), title="AUC (95 % interval)", alignment="left")
    return figure


def top_k(measures: dict[str, Any], caption: Caption, reported: list[float | int] | None = None) -> Figure:
    """Draw how often the true class is among the k most probable, with intervals.

    Args:
        measures: `measure`'s result.
        caption: for the footer.
        reported: a document's top-1, top-2, ... in 0..1, drawn beside ours.
    """
    classes = len(measures["labels"])
    ks = np.arange(1, classes + 1)
    points = [measures[f"top{k}"] for k in ks]
    values = 100 * np.array([p["value"] for p in points])
    reach_down = values - 100 * np.array([p["low"] for p in points])
    reach_up = 100 * np.array([p["high"] for p in points]) - values
    support = sorted((one["support"] for one in measures["per_class"].values()), reverse=True)
    guess = 100 * np.cumsum(support) / max(sum(support), 1)
    title = "Top-k accuracy (95 % intervals)"
    with sheet(max(5.6, 0.55 * classes + 2.2), 4.2, title, _facts(measures, caption)) as figure:
        axes = figure.add_subplot()
        axes.plot(ks, guess, color=GREY, linestyle="--", linewidth=1.2, label="always the k largest classes")
        if reported:
            among = ks[: len(reported)]
            axes.plot(among, 100 * np.array(reported[:classes]), "D", color=RED, fillstyle="none", label="reported")
        axes.errorbar(ks, values, yerr=[reach_down, reach_up], color=BLUE, marker="o", capsize=3, label=caption.model)
        for k, value in zip(ks, values, strict=True):
            place = (9, -13) if reported and k <= len(reported) else (0, 7)
            axes.annotate(f"{value:.1f}", (k, value), place, textcoords="offset points", ha="center", fontsize=9)
        axes.set(xlabel="k", ylabel="true class among the first k (%)", ylim=(0, 109), xlim=(0.6, classes + 0.5))
        axes.set_xticks(ks)
        axes.set_yticks(range(0, 101, 20))
        axes.grid(True, axis="y")
        axes.legend(loc="lower right")
    return figure


def predictions(rows: Rows, measures: dict[str, Any], caption: Caption) -> Figure:
    """Draw how often each class is true and predicted, and how sure the model is where right and where wrong.

    Args:
        rows: the rows of one split.
        measures: `measure`'s result for that split.
        caption: for the footer.
    """
    names = tuple(measures["labels"])
    height = max(4.0, 1.7 + 0.42 * len(names))
    with sheet(9.4 + 0.08 * reach(names), height, "Distribution of predictions", _facts(measures, caption)) as figure:
        left, right = figure.subplots(1, 2)
        per_class = measures["per_class"]
        bars = {
            "true": ([float(per_class[name]["support"]) for name in names], BLUE),
            "predicted": ([float(per_class[name]["predicted"]) for name in names], ORANGE),
        }
        _bars(left, names, bars)
        left.set(title="Classes, true and predicted", xlabel="samples")
        _legend_above(left)
        sure, hit = rows.probabilities.max(1), rows.labels == rows.preds
        bins = np.linspace(0, 1, 21)
        right.hist(
            [sure[hit], sure[~hit]],
            bins.tolist(),
            stacked=True,
            color=[BLUE, RED],
            edgecolor="white",
            linewidth=0.5,
            label=[f"right, n = {hit.sum():,}", f"wrong, n = {(~hit).sum():,}"],
        )
        right.axvline(1 / len(names), color=GREY, linestyle="--", linewidth=1, label=f"1 / {len(names)}")
        right.set(title="Confidence, right and wrong", xlabel="probability of the predicted class", ylabel="samples")
        right.set_xlim(0, 1)
        right.grid(True, axis="y")
        _legend_above(right)
    return figure


def _bars(axes: Axes, names: tuple[str, ...] | None, bars: dict[str, tuple[list[float], str]]) -> None:
    """Draw groups of horizontal bars with their numbers, first class on top."""
    thick = 0.8 / len(bars)
    values: list[float] = []
    for i, (label, (values, shade)) in enumerate(bars.items()):
        centre = np.arange(len(values)) + (i - (len(bars) - 1) / 2) * thick
        drawn = axes.barh(centre, values, thick * 0.94, color=shade, label=label)
        axes.bar_label(drawn, [f"{value:,.0f}" for value in values], padding=3, fontsize=9, color=INK)
    axes.set_yticks(range(len(values)), names if names is not None else [])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.22 * max(max(v) for v, _ in bars.values()) or 1)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.grid(True, axis="x")


def _legend_above(axes: Axes) -> None:
    """Put the legend between title and plot, where no bar can reach."""
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 0.985), ncols=3, borderpad=0.2, columnspacing=1.2)
    axes.set_title(axes.get_title(loc="left"), pad=24)


def _bounds(estimate: dict[str, Any], scale: float, digits: int) -> str:
    return f"{scale * estimate['low']:.{digits}f} to {scale * estimate['high']:.{digits}f}"


def _facts(measures: dict[str, Any], caption: Caption) -> str:
    return caption.line(f"{measures['split']} n = {measures['n']:,}")
