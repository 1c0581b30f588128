"""A cross-validation in figures and words: the pooled rows measured, and the folds beside each other."""

import hashlib
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any

from ferlab.evaluation.words import estimate, label_of, number, table

SHOWN = ("accuracy", "recall_macro", "f1_macro")


def pooled_protocol(folds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the facts of all folds together, from each fold's `metrics["protocol"]`.

    The hash is over the folds' hashes in order; "test" counts and copies are summed, "train" and "val" are means;
    marks are united.
    """
    first = folds[0]
    digest = hashlib.sha256("\n".join(fold["hash"] for fold in folds).encode())
    counts = {role: round(fmean(fold["counts"][role] for fold in folds)) for role in ("train", "val")}
    facts = {key: value for key, value in first.items() if key not in ("hash", "counts", "fold", "marks")}
    facts |= {key: _summed(folds, key) for key in ("copies", "near_copies", "dropped") if key in first}
    return facts | {
        "hash": digest.hexdigest()[:12],
        "counts": {**counts, "test": sum(fold["counts"]["test"] for fold in folds)},
        "fold": None,
        "pooled_folds": len(folds),
        "marks": list(dict.fromkeys(mark for fold in folds for mark in fold["marks"])),
    }


def pooled_data(folds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the data set's facts over all folds, from each fold's `metrics["data"]`."""
    first = folds[0]
    counts: dict[str, list[int]] = {}
    for role in first["class_counts"]:
        columns = zip(*(fold["class_counts"][role] for fold in folds), strict=True)
        counts[role] = [sum(column) if role == "test" else round(fmean(column)) for column in columns]
    facts = {**first, "class_counts": counts}
    if first.get("class_weights"):
        facts["class_weights"] = [fmean(column) for column in zip(*(f["class_weights"] for f in folds), strict=True)]
    note = "training and validation samples, and class weights, are counted as the mean over the folds"
    return facts | {"notes": [*first["notes"], note]}


def fold_facts(folds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return each fold's figures and how they spread, from each fold's metrics.json.

    Returns:
        "each": index, hash, n, chosen_epoch and estimates of accuracy, recall_macro and f1_macro, a fold each; "over":
        of each of these {"mean", "sd", "n"} over folds. There is no interval: folds share most of their training
        samples, so their figures are not independent, and Student's interval would be too narrow.
    """
    each = []
    for index, one in enumerate(folds):
        facts = {"index": index, "hash": one["protocol"]["hash"], "n": one["test"]["n"]}
        facts["chosen_epoch"] = one["checkpoint"]["chosen_epoch"]
        each.append(facts | {name: one["test"][name] for name in SHOWN})
    values = {name: [fold[name]["value"] for fold in each] for name in SHOWN}
    return {
        "each": each,
        "over": {name: {"mean": fmean(v), "sd": stdev(v), "n": len(v)} for name, v in values.items()},
    }


def section(metrics: dict[str, Any]) -> list[str]:
    """Return the report's section on the folds; nothing where the run is a single one.

    Args:
        metrics: what stands in metrics.json.
    """
    folds = metrics.get("folds")
    if not folds:
        return []
    rows = [["fold", "n", "epoch kept", *(label_of(name, metrics["data"]) for name in SHOWN)]]
    for one in folds["each"]:
        cells = (estimate(one[name], name) for name in SHOWN)
        rows.append([str(one["index"]), f"{one['n']:,}", str(one["chosen_epoch"] or "-"), *cells])
    over = folds["over"]
    rows.append(["mean", "", "", *(number(over[name]["mean"], name) for name in SHOWN)])
    rows.append(["sd", "", "", *(number(over[name]["sd"], name) for name in SHOWN)])
    text = (
        f"All other figures of this page are of the {len(folds['each'])} folds' test rows pooled: every sample counts "
        "once, by the model that was not trained on it. Folds share most of their training samples, so their figures "
        "are not independent: mean and standard deviation stand here without an interval, which would be too narrow. "
        "Of the validation rows, a sample stands in as many folds as it was held out in; what needs each "
        "of them once (temperature, thresholds) is measured fold by fold, in the reports of the folds."
    )
    return [f"## {len(folds['each'])} folds", table(rows), text]


def summary_rows(metrics: dict[str, Any]) -> list[list[str]]:
    """Return the lines of the printed summary, label, val and test; nothing where the run is a single one."""
    folds = metrics.get("folds")
    if not folds:
        return []
    found = folds["over"]["accuracy"]
    spread = f"{number(found['mean'], 'accuracy')} (sd {100 * found['sd']:.1f})"
    return [[f"accuracy, mean of {found['n']} folds", "", spread]]


def _summed(folds: Sequence[dict[str, Any]], key: str) -> dict[str, int]:
    return {name: sum(fold[key][name] for fold in folds) for name in folds[0][key]}
