"""All rows beside those without copies in training: how much of a figure is the training set recognised again."""

from typing import Any

import numpy as np

from ferlab.evaluation.clusters import clusters_of
from ferlab.evaluation.comparison import bounds_text, estimated_from, gap
from ferlab.evaluation.intervals import RESAMPLES, SEED
from ferlab.evaluation.multilabel_rows import is_multilabel
from ferlab.evaluation.paired import paired_difference
from ferlab.evaluation.resampling import MACRO, observed, resample, weighted
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.words import MEASURES, estimate, measures_of, table

COLUMN, NONE = "copy_in_train", "none"
# areas are left out: they take longer than all the rest, and `ferlab.slices` gives them
SHOWN = ("accuracy", *MACRO, "log_loss")


def standard_slices(
    rows: Rows, measured: dict[str, Any] | None = None, resamples: int = RESAMPLES, seed: int = SEED
) -> dict[str, Any]:
    """Measure validation and test rows with and without copies of training images.

    Args:
        rows: a run's predictions.
        measured: `measure`'s results under "val" and "test", whose intervals then stand for all rows.
        resamples: bootstrap draws.
        seed: of the bootstrap.

    Returns:
        {} where no column says what is a copy; else {"copy_in_train": {"val": ..., "test": ...}}, each with copies
        (exact, near: counts), all and without (n and the estimates of `SHOWN`; without is None where nothing is left)
        and difference (all less without, of each; None where without is): one bootstrap draw of all rows decides
        which clean rows it holds.
    """
    if COLUMN not in rows.columns:
        return {}
    found = measured or {}
    return {COLUMN: {s: _one(rows.split(s), found.get(s), resamples, seed) for s in ("val", "test")}}


def _one(part: Rows, measured: dict[str, Any] | None, resamples: int, seed: int) -> dict[str, Any]:
    kinds, units = part.columns[COLUMN].astype(str), clusters_of(part)
    # samples are counted, of which several labels make several rows
    each = len(part.meta["spec"]["labels"]) if is_multilabel(part.meta) else 1
    kept = np.flatnonzero(kinds == NONE)
    clean = part.take(kept)
    values = observed(part, SHOWN)
    draws = resample(part, SHOWN, units, resamples, seed)
    whole = {m: estimated_from(part, m, values[m], draws[m], units) for m in SHOWN}
    out: dict[str, Any] = {
        "copies": {kind: int((kinds == kind).sum()) // each for kind in ("exact", "near")},
        "all": {"n": len(part) // each, **(whole if measured is None else {m: measured[m] for m in SHOWN})},
        "without": None,
        "difference": None,
    }
    if not len(kept):
        return out
    rest = observed(clean, SHOWN)
    # a draw may leave no clean row
    with np.errstate(invalid="ignore", divide="ignore"):
        clean_draws = weighted(clean, SHOWN, (weights[kept] for weights in units.weights(resamples, seed)))
    out["without"] = {"n": len(kept) // each} | {
        m: estimated_from(clean, m, rest[m], clean_draws[m], clusters_of(clean)) for m in SHOWN
    }
    out["difference"] = {}
    for m in SHOWN:
        gone = paired_difference(values[m], rest[m], draws[m], clean_draws[m], units)
        out["difference"][m] = {key: gone[key] for key in ("value", "low", "high", "interval")}
    return out


def section(metrics: dict[str, Any]) -> list[str]:
    """Return the report's section on copies; nothing where the run does not know them.

    Args:
        metrics: what stands in metrics.json.
    """
    found = _found(metrics)
    if not found:
        return []
    out = [
        "## With and without copies of training samples",
        "Samples that stand in the training set too, or nearly, are recognised, not understood. Which ones those are "
        "is no chance: they may also be easier, or of other classes, so not all of a difference is recognition.",
    ]
    for split in ("test", "val"):
        one = found[split]
        copies, n = one["copies"], one["all"]["n"]
        text = (
            f"{split}: of {n:,} samples {copies['exact']:,} stand in the training set too, to the last bit, and near "
            f"copies of {copies['near']:,} more."
        )
        if one["without"] is None:
            out.append(f"{text} No sample is left without a copy.")
            continue
        rows = [["", f"all, n = {n:,}", f"without copies in training, n = {one['without']['n']:,}", "all less without"]]
        rows += [
            [label, *_cells(one, m)]
            for m, label in (MEASURES | measures_of(metrics.get("data", {}))).items()
            if m in SHOWN
        ]
        out += [text, table(rows)]
    return out


def summary_rows(metrics: dict[str, Any]) -> list[list[str]]:
    """Return the line of the printed summary, label, val and test; nothing where the run does not know its copies."""
    found = _found(metrics)
    if not found:
        return []
    sides = [found[split]["without"] for split in ("val", "test")]
    return [
        ["accuracy, without copies in training", *(estimate(side and side["accuracy"], "accuracy") for side in sides)]
    ]


def _found(metrics: dict[str, Any]) -> dict[str, Any] | None:
    found = (metrics.get("slices") or {}).get(COLUMN)
    # of gathered images "none" is worth knowing on every page; of drawn ones and of clips it goes without saying
    data = metrics.get("data", {})
    made = bool(data.get("synthetic")) or data.get("modality", "image") != "image"
    return None if not found or (made and not any(sum(one["copies"].values()) for one in found.values())) else found


def _cells(one: dict[str, Any], metric: str) -> list[str]:
    gone = one["difference"][metric]
    moved = "undefined"
    if gone is not None and gone["low"] is not None:
        moved = f"{gap(gone['value'], metric)} ({bounds_text(gone['low'], gone['high'], metric)})"
    return [estimate(one["all"][metric], metric), estimate(one["without"][metric], metric), moved]
