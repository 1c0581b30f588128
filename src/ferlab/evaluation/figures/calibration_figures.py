"""Figures of calibration: the reliability diagram before and after, and the risk-coverage curve. No image is shown."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ferlab.evaluation.calibrated import certainty
from ferlab.evaluation.calibration import reliability as bins_of
from ferlab.evaluation.figures.style import BLUE, GREEN, GREY, ORANGE, PALE, RED, SKY, Caption, sheet
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.selective import risk_coverage as curve_of
from ferlab.evaluation.temperature import tempered

MARKS = (GREEN, ORANGE, RED)


def reliability(rows: Rows, calibration: dict[str, Any], caption: Caption) -> Figure:
    """Draw the accuracy of rows of like confidence, as trained and at the temperature, above the bins' counts.

    Args:
        rows: the test rows, uncalibrated.
        calibration: metrics.json["calibration"].
        caption: for the footer.
    """
    temperature = calibration["temperature"]["value"]
    title = f"Does it know how sure to be? Reliability on test, temperature {temperature:.2f}"
    facts = (f"test n = {len(rows):,}", "bars: 95 % intervals (Wilson)", f"{calibration['bins']} bins of equal width")
    with sheet(9.6, 5.4, title, caption.line(*facts)) as figure:
        grid = figure.subplots(2, 2, sharex=True, gridspec_kw={"height_ratios": [3.4, 1]})
        sides = (("before", "as trained", rows.probabilities), ("after", "calibrated", None))
        for column, (when, name, table) in enumerate(sides):
            p = tempered(rows.probabilities, temperature) if table is None else table
            error = calibration["test"][when]["ece"]
            expected = error["if_calibrated"]
            bounds = f"{100 * error['low']:.1f} to {100 * error['high']:.1f}"
            upper, lower = grid[0, column], grid[1, column]
            found = bins_of(p, rows.labels, calibration["bins"])
            _diagram(upper, found)
            upper.set_title(
                f"{name}: ECE {100 * error['value']:.1f} % ({bounds})\n"
                f"a calibrated model: {100 * expected['mean']:.1f} %, up to {100 * expected['high']:.1f} %"
            )
            sure = p.max(1)
            right = rows.preds == rows.labels
            edges = np.linspace(0, 1, calibration["bins"] + 1)
            counts, _, bars = lower.hist(sure, edges.tolist(), color=SKY, edgecolor="white")
            lower.bar_label(bars, [f"{count:.0f}" if count else "" for count in counts], fontsize=7)
            lower.margins(y=0.25)
            lower.axvline(sure.mean(), color=GREY, linestyle="--", linewidth=1.2)
            lower.axvline(right.mean(), color=RED, linewidth=1.2)
            lower.set(xlabel="confidence: probability of the predicted class", xlim=(0, 1))
            if column == 0:
                upper.set_ylabel("accuracy")
                lower.set_ylabel("samples")
                upper.plot([], [], color=RED, alpha=0.3, linewidth=7, label="gap of a bin")
                upper.plot([], [], color=RED, label="accuracy of all, below")
                upper.plot([], [], color=GREY, linestyle="--", label="mean confidence, below")
                upper.legend(loc="upper left", fontsize=8.5)
    return figure


def risk_coverage(rows: Rows, calibration: dict[str, Any], caption: Caption) -> Figure:
    """Draw the error rate among the answers kept, from the surest alone to all of them, with the chosen thresholds.

    Args:
        rows: the test rows, uncalibrated.
        calibration: metrics.json["calibration"].
        caption: for the footer.
    """
    selective = calibration["selective"]
    wrong = rows.preds != rows.labels
    sure = certainty(rows, calibration["temperature"]["value"])
    area, n = selective["test"]["aurc"], len(rows)
    title = f"Answering only when sure: area {area['value']:.3f} ({area['low']:.3f} to {area['high']:.3f})"
    facts = (f"test n = {n:,}", "thresholds chosen on validation", "bars: 95 % intervals (Wilson)")
    with sheet(8.6, 4.8, title, caption.line(*facts)) as figure:
        axes = figure.add_subplot()
        _, coverage, risk = curve_of(sure, wrong)
        order = np.arange(1, n + 1)
        best = np.maximum(order - (n - wrong.sum()), 0) / order
        axes.plot(100 * order / n, 100 * best, color=PALE, linewidth=1.4, label="the best order possible")
        axes.axhline(100 * wrong.mean(), color=GREY, linestyle="--", linewidth=1, label="an order by chance")
        # of a few rows the error rate jumps between 0 and 100 %
        shown = coverage * n >= min(20, n)
        axes.plot(100 * coverage[shown], 100 * risk[shown], color=BLUE, label=caption.model)
        for i, one in enumerate(selective["wished"]):
            shade = MARKS[i % len(MARKS)]
            for kind, shape in (("guaranteed", "o"), ("plain", "D")):
                _threshold(axes, one, kind, shape, shade)
        axes.set(xlabel="answers given (% of the samples)", ylabel="errors among them (%)", xlim=(0, 101))
        axes.set_ylim(0, max(1.0, 112 * float(max(wrong.mean(), risk[shown].max()))))
        axes.grid(True)
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), title="error rate wished → got", alignment="left")
    return figure


def _diagram(axes: Axes, found: list[dict[str, Any]]) -> None:
    axes.plot([0, 1], [0, 1], color=PALE, linewidth=1.2)
    x = np.array([one["confidence"] for one in found])
    y, low, high = (np.array([one["accuracy"][key] for one in found]) for key in ("value", "low", "high"))
    reach = [np.maximum(y - low, 0), np.maximum(high - y, 0)]
    axes.vlines(x, np.minimum(x, y), np.maximum(x, y), color=RED, alpha=0.3, linewidth=7)
    axes.errorbar(x, y, yerr=reach, color=BLUE, marker="o", markersize=4, capsize=2.5, linewidth=1.2)
    axes.set(ylim=(-0.02, 1.02), xlim=(0, 1))
    axes.set_aspect("auto")
    axes.grid(True)


def _threshold(axes: Axes, wished: dict[str, Any], kind: str, shape: str, shade: str) -> None:
    chosen = wished[kind]
    promise = "promised" if kind == "guaranteed" else "no promise"
    label = f"{100 * wished['wished']:g} %, {promise} → "
    if chosen["threshold"] is None or chosen["test"]["error"] is None:
        axes.plot([], [], color=shade, marker=shape, linestyle="", fillstyle="none", label=f"{label}none holds")
        return
    x, error = 100 * chosen["test"]["coverage"]["value"], chosen["test"]["error"]
    y, low, high = (100 * error[key] for key in ("value", "low", "high"))
    label += f"{y:.1f} % of {x:.0f} %"
    style: dict[str, Any] = {"color": shade, "marker": shape, "capsize": 3, "linestyle": "", "label": label}
    axes.errorbar([x], [y], yerr=[[max(y - low, 0)], [max(high - y, 0)]], zorder=3, **style)
