"""Several labels a sample in words: what was measured of each label, beside the guess, and whether that is above it."""

from typing import Any

from rich.table import Table

from ferlab.evaluation.clusters import in_words
from ferlab.evaluation.pages.comparison_page import p_text
from ferlab.evaluation.words import estimate, number, table

SHOWN = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "f1": "F1", "auroc": "AUROC"}
KINDS = (
    "Figures of all labels together are means over the labels: precision and F1 of the answer yes, balanced accuracy "
    "the mean of the recalls of yes and no. "
)


def of_labels(metrics: dict[str, Any]) -> bool:
    """Tell whether a run's metrics.json is of several labels a sample."""
    return "traits" in metrics["test"]


def section(metrics: dict[str, Any]) -> list[str]:
    """Return the report's section on the labels; nothing where each sample has one class.

    Args:
        metrics: what stands in metrics.json.
    """
    if not of_labels(metrics):
        return []
    test = metrics["test"]
    rows = [["label", "yes", *SHOWN.values(), "always the larger side", "verdict"]]
    for name, one in test["traits"].items():
        guess = f"{one['majority']['label']}: {estimate(one['majority']['accuracy'], 'accuracy')}"
        cells = [f"{one['positives']:,} of {one['n']:,}", *(estimate(one[key], key) for key in SHOWN)]
        rows.append([name, *cells, guess, one["verdict"]])
    mean = test["mean"]
    means = [estimate(mean[key], key) for key in SHOWN]
    rows.append(["**mean**", "", *means, estimate(mean["majority"], "accuracy"), counted(test)])
    return ["## Labels, on test", table(rows), _verdicts(test), _thresholds(test)]


def counted(test: dict[str, Any]) -> str:
    """Return of how many labels it was shown that they are told above chance."""
    shown = sum(one["verdict"].endswith("yes") for one in test["traits"].values())
    return f"{shown} of {len(test['traits'])} labels"


def summary_table(metrics: dict[str, Any]) -> Table | None:
    """Return the table of labels that a run prints at its end; None where each sample has one class."""
    if not of_labels(metrics):
        return None
    test = metrics["test"]
    grid = Table(title=f"labels, test, n = {test['n']:,}", title_justify="left")
    for head in ("", "accuracy (95 % interval)", "majority", "balanced", "F1", "AUROC", "above chance"):
        grid.add_column(head, justify="right" if head else "left", no_wrap=head != "accuracy (95 % interval)")
    for name, one in test["traits"].items():
        verdict = one["verdict"].rpartition(": ")[2]
        style = "green" if verdict == "yes" else "dim"
        grid.add_row(name, *_values(one, one["majority"]["accuracy"]), f"[{style}]{verdict}[/]")
    grid.add_row("mean", *_values(test["mean"], test["mean"]["majority"]), counted(test), style="bold")
    return grid


def how(metrics: dict[str, Any]) -> str:
    """Return what the report says below its figures of merit of means and intervals."""
    intervals = in_words(metrics["test"]["intervals"])
    if not of_labels(metrics):
        return f"Macro: the plain mean over classes that occur. {intervals}"
    return f"{KINDS}{intervals} n counts samples, each of which has {len(metrics['test']['traits'])} labels."


def _values(one: dict[str, Any], majority: dict[str, Any]) -> list[str]:
    rest = ("" if one[key] is None else number(one[key]["value"], key) for key in SHOWN if key != "accuracy")
    return [estimate(one["accuracy"], "accuracy"), number(majority["value"], "accuracy"), *rest]


def _verdicts(test: dict[str, Any]) -> str:
    lines = []
    for name, one in test["traits"].items():
        side = one["beside"]
        gone = "and no interval can be given"
        if side["low"] is not None:
            gone = f"{100 * side['low']:.1f} to {100 * side['high']:.1f}"
        text = f"- {name}: {100 * side['value']:+.1f} points ({gone}) beside always *{side['guess']}*"
        lines.append(f"{text}, p {p_text(side['p'])}, {p_text(side['p_holm'])} with all labels counted.")
    first = next(iter(test["traits"].values()))["beside"]
    return (
        "Verdict: its accuracy is set beside that of the better constant answer on the same samples "
        f"({first['test']}; Holm over the labels). *Not shown* says that these samples do not tell, not that nothing "
        "is there. *Always the larger side* answers what is more frequent in training.\n\n" + "\n".join(lines)
    )


def _thresholds(test: dict[str, Any]) -> str:
    known = {name: one["threshold"] for name, one in test["traits"].items() if one["threshold"] is not None}
    if not known:
        return "The labels are said from a probability that was not recorded."
    words = "; ".join(f"{name} {_one(value)}" for name, value in known.items())
    return f"A label is said where its probability is at least its threshold: {words}."


def _one(value: float | list[float]) -> str:
    if not isinstance(value, list):
        return f"{value:.3f}"
    return f"{min(value):.3f} to {max(value):.3f} over the folds"
