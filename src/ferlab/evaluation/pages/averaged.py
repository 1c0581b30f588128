"""Test-time augmentation in words: always beside the single view, never instead of it."""

from typing import Any

from ferlab.evaluation.words import MEASURES, estimate, label_of, table


def section(metrics: dict[str, Any]) -> list[str]:
    """Return the report's section on test-time augmentation; nothing where the run has none.

    Args:
        metrics: what stands in metrics.json.
    """
    tta = metrics.get("tta")
    if not tta:
        return []
    name = f"{tta['name']}, {tta['views']} views"
    rows = [["", "test, single view", f"test, {name}", "val, single view", f"val, {name}"]]
    for measure in MEASURES:
        cells = (estimate(part[split][measure], measure) for split in ("test", "val") for part in (metrics, tta))
        rows.append([label_of(measure, metrics["data"]), *cells])
    text = (
        f"The mean of the probabilities over {tta['views']} fixed views of each image. All other figures of this page "
        f"are the single view's. {verdict(metrics)[0]} Its interval: paired bootstrap over the test samples."
    )
    return [f"## Test-time augmentation: {tta['name']}", table(rows), text]


def summary_rows(metrics: dict[str, Any]) -> list[list[str]]:
    """Return the lines of the printed summary, label, val and test; nothing where the run has none."""
    tta = metrics.get("tta")
    if not tta:
        return []
    return [[f"accuracy, {tta['name']}", *(estimate(tta[split]["accuracy"], "accuracy") for split in ("val", "test"))]]


def verdict(metrics: dict[str, Any]) -> list[str]:
    """Return how far the test accuracy moved, in one sentence; nothing where the run has none."""
    tta = metrics.get("tta")
    if not tta:
        return []
    gap = tta["difference"]["test"]
    low, high = 100 * gap["low"], 100 * gap["high"]
    return [
        f"{tta['name']} less the single view, test accuracy: {100 * gap['value']:+.1f} points ({low:+.1f} to "
        f"{high:+.1f}); {gap['gained']:,} images gained, {gap['lost']:,} lost."
    ]
