"""Our figure beside a document's: what may be said of the two."""

from typing import Any

from ferlab.evaluation.intervals import wilson

PROPORTIONS = ("accuracy", "top")


def compare(metrics: dict[str, Any]) -> dict[str, Any] | None:
    """Set a run's test figure beside the one its document reports.

    Args:
        metrics: what goes into metrics.json; `metrics["document"]` gives row, metric, reported (0..1), and may give
            n (the document's test samples), caveat, data (the data set it speaks of) and comparable (false where it
            reports something else than a test figure).

    Returns:
        row, metric, reported, ours (an estimate), verdict ("inside our interval", "ours is higher", "ours is lower",
        "not comparable"), reason, caveat; with n also reported_low, reported_high and difference (value, low, high:
        ours less theirs, as if the two test sets were drawn apart). None without a document.
    """
    document = metrics.get("document")
    if not document or document.get("reported") is None:
        return None
    name, reported = document.get("metric", "accuracy"), float(document["reported"])
    ours = metrics["test"].get(name)
    out = {"row": document.get("row", ""), "metric": name, "reported": reported, "ours": ours}
    out["caveat"] = document.get("caveat")
    reason = _obstacle(metrics, document, ours)
    if reason:
        return out | {"verdict": "not comparable", "reason": reason}
    if reported > ours["high"]:
        verdict, reason = "ours is lower", "the reported figure lies above our interval"
    elif reported < ours["low"]:
        verdict, reason = "ours is higher", "the reported figure lies below our interval"
    else:
        verdict, reason = "inside our interval", "the test set cannot tell the two apart"
    out |= {"verdict": verdict, "reason": reason}
    n = document.get("n")
    if n and name.startswith(PROPORTIONS):
        low, high = wilson(round(reported * n), n)
        # Newcombe's interval of a difference, from the two Wilson intervals (Stat. Med. 17, 1998, method 10)
        gap = ours["value"] - reported
        down = ((ours["value"] - ours["low"]) ** 2 + (high - reported) ** 2) ** 0.5
        up = ((ours["high"] - ours["value"]) ** 2 + (reported - low) ** 2) ** 0.5
        out |= {"n": n, "reported_low": low, "reported_high": high}
        out["difference"] = {"value": gap, "low": gap - down, "high": gap + up}
    return out


def _obstacle(metrics: dict[str, Any], document: dict[str, Any], ours: dict[str, Any] | None) -> str | None:
    if ours is None:
        return "this run has no such figure"
    if document.get("comparable") is False:
        return "the document's figure is not a test figure"
    if metrics["data"].get("synthetic"):
        return "our data are synthetic, the document's are photographs"
    meant, used = document.get("data"), metrics["data"]["name"]
    if meant and meant != used:
        return f"the document speaks of {meant}, this run used {used}"
    marks = [mark for mark in metrics["protocol"].get("marks", []) if "fast_dev_run" in mark]
    return marks[0] if marks else None
