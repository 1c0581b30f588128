"""Figures in words: numbers, intervals, durations and tables as a report writes them."""

from collections.abc import Mapping, Sequence
from typing import Any

MEASURES = {
    "accuracy": "accuracy",
    "precision_macro": "precision, macro",
    "recall_macro": "recall, macro (UAR)",
    "f1_macro": "F1, macro",
    "auroc_macro": "AUROC, macro",
    "log_loss": "log loss, nats",
}
OF_LABELS = {
    "accuracy": "accuracy, mean of labels",
    "precision_macro": "precision, mean",
    "recall_macro": "balanced accuracy, mean",
    "f1_macro": "F1, mean",
    "auroc_macro": "AUROC, mean",
    "log_loss": "log loss, nats an answer",
}
PLAIN = ("auroc", "log_loss", "brier", "nll")


NOUNS = {"image": "images", "audio": "clips", "text": "texts"}


def noun(modality: str | None) -> str:
    """Return what samples of a modality are called; of a run that does not tell, images."""
    return NOUNS[modality or "image"]


def headline(modality: str | None) -> str:
    """Return the measure that stands first: of speech the unweighted average recall, as its field has it."""
    return "recall_macro" if modality == "audio" else "accuracy"


def measures_of(data: dict[str, Any]) -> dict[str, str]:
    """Return `MEASURES`, the headline of such data first; of several labels a sample in the words for their means.

    Args:
        data: what stands under "data" in metrics.json.
    """
    first, named = headline(data.get("modality")), OF_LABELS if data.get("kind") == "multilabel" else MEASURES
    return {first: named[first], **named}


def label_of(metric: str, meta: Mapping[str, Any], single: bool = False) -> str:
    """Return what a metric is called: of several labels a sample it is a mean over them.

    Args:
        metric: its name.
        meta: what rows say of themselves, or what stands under "data" in metrics.json.
        single: it is that of one label at a time, so no mean.
    """
    kind = (meta.get("spec") or meta).get("kind")
    found = (OF_LABELS if kind == "multilabel" else MEASURES).get(metric, metric)
    return found.removesuffix(" of labels").removesuffix(", mean") if single else found


def estimate(found: dict[str, Any] | None, name: str) -> str:
    """Return an estimate with its interval, "61.4 % (59.8 to 63.0)"; `name` is its measure, "f1_macro" say."""
    if found is None:
        return "undefined"
    return f"{number(found['value'], name)} ({span(found['low'], found['high'], name)})"


def number(value: float, name: str) -> str:
    """Return a value as its measure is usually written: areas and losses plain, all else in per cent."""
    return f"{value:.3f}" if name.startswith(PLAIN) else f"{100 * value:.1f} %"


def span(low: float, high: float, name: str) -> str:
    """Return an interval as `number` would write its ends."""
    return f"{low:.3f} to {high:.3f}" if name.startswith(PLAIN) else f"{100 * low:.1f} to {100 * high:.1f}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, first row its head, first column left and the others right."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|---|" + "---:|" * (len(rows[0]) - 1), *lines[1:]])


def duration(seconds: float) -> str:
    """Return "1 h 5 min", "2 min 30 s" or "4.5 s"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
