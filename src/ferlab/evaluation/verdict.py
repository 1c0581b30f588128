"""Our figure beside a document's: reproduced, above, below, or not comparable, and why."""

from collections.abc import Sequence
from typing import Any

from ferlab.errors import FerlabError
from ferlab.evaluation.intervals import wilson
from ferlab.evaluation.seeds import over_seeds

PROPORTIONS = ("accuracy", "top", "precision", "recall", "f1")
NEWCOMBE = ("accuracy", "top")
# an interval of 20 points and more holds nearly any figure of the field: that a figure lies inside says nothing
WIDE = 0.2


def compare(metrics: dict[str, Any]) -> dict[str, Any] | None:
    """Set a run's test figure beside the one its document reports.

    Args:
        metrics: what goes into metrics.json; `metrics["document"]` gives row, metric, reported (0..1), and may give
            n (the document's test samples), caveat, data (the data set it speaks of) and comparable (false where it
            reports something else than a test figure).

    Returns:
        row, metric, reported, ours (an estimate), verdict, reason, caveat; with n also reported_low, reported_high and
        difference (value, low, high: ours less theirs, as if the two test sets were drawn apart). None without a
        document. The verdict is "reproduced" (the document's figure lies inside our interval), "above" (ours is),
        "below", or "not comparable".
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
    verdict, reason = _judge(reported, ours, name, "our interval")
    out |= {"verdict": verdict, "reason": reason}
    n = document.get("n")
    if n and name.startswith(NEWCOMBE):
        low, high = wilson(round(reported * n), n)
        # Newcombe's interval of a difference, from the two Wilson intervals (Stat. Med. 17, 1998, method 10)
        gap = ours["value"] - reported
        down = ((ours["value"] - ours["low"]) ** 2 + (high - reported) ** 2) ** 0.5
        up = ((ours["high"] - ours["value"]) ** 2 + (reported - low) ** 2) ** 0.5
        out |= {"n": n, "reported_low": low, "reported_high": high}
        out["difference"] = {"value": gap, "low": gap - down, "high": gap + up}
    return out


def compare_seeds(runs: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Set the mean of runs that differ in their seed alone beside the figure of their document.

    Two things are uncertain: which seeds were drawn (Student's interval of the mean) and which test samples (a run's
    own interval, of which the runs' mean is taken: they share their test samples, so more seeds do not narrow it).
    The verdict's interval adds the two half widths as independent errors: the root of the sum of their squares.

    Args:
        runs: metrics.json of each.

    Returns:
        As `compare`, without difference; "ours" has the mean, "interval": "seeds and test samples", and "seeds".

    Raises:
        FerlabError: no run.
    """
    if not runs:
        raise FerlabError("verdict: expected one run or more, found none")
    first = compare(runs[0])
    if len(runs) == 1 or first is None:
        return first
    out = {key: first[key] for key in ("row", "metric", "reported", "caveat")}
    each = [metrics["test"].get(out["metric"]) for metrics in runs]
    obstacles = (_obstacle(m, runs[0]["document"], ours) for m, ours in zip(runs, each, strict=True))
    reason = next((reason for reason in obstacles if reason), None)
    if reason:
        return out | {"ours": None, "verdict": "not comparable", "reason": reason}
    ours = combined(each)
    interval = f"our interval over {len(runs)} seeds and their test samples"
    verdict, reason = _judge(out["reported"], ours, out["metric"], interval)
    return out | {"ours": ours, "verdict": verdict, "reason": reason}


def combined(estimates: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the mean of estimates over seeds with the interval that `compare_seeds` speaks of."""
    seeds = over_seeds([one["value"] for one in estimates])
    mean, low, high = (float(seeds[key] or 0.0) for key in ("mean", "low", "high"))
    down = sum(one["value"] - one["low"] for one in estimates) / len(estimates)
    up = sum(one["high"] - one["value"] for one in estimates) / len(estimates)
    return {
        "value": mean,
        "low": mean - ((mean - low) ** 2 + down**2) ** 0.5,
        "high": mean + ((high - mean) ** 2 + up**2) ** 0.5,
        "interval": "seeds and test samples",
        "seeds": len(estimates),
    }


def _judge(reported: float, ours: dict[str, Any], name: str, interval: str) -> tuple[str, str]:
    if reported > ours["high"]:
        return "below", f"the reported figure lies above {interval}"
    if reported < ours["low"]:
        return "above", f"the reported figure lies below {interval}"
    if name.startswith(PROPORTIONS) and ours["high"] - ours["low"] > WIDE:
        low, high = 100 * ours["low"], 100 * ours["high"]
        return "not comparable", f"{interval}, {low:.1f} to {high:.1f}, is too wide to tell"
    return "reproduced", f"the reported figure lies inside {interval}"


def _obstacle(metrics: dict[str, Any], document: dict[str, Any], ours: dict[str, Any] | None) -> str | None:
    if ours is None:
        return "this run has no such figure"
    if document.get("comparable") is False:
        return "the document's figure is not a test figure"
    if metrics["data"].get("synthetic"):
        return "our data are synthetic, the document's are not"
    meant, used = document.get("data"), metrics["data"]["name"]
    if meant and meant != used:
        return f"the document speaks of {meant}, this run used {used}"
    marks = [mark for mark in metrics["protocol"].get("marks", []) if "fast_dev_run" in mark]
    return marks[0] if marks else None
