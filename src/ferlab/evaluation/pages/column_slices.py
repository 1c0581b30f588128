"""A run's test rows by each fact that its data know of them: gender, actor, intensity, a column of one's own."""

from typing import Any

import numpy as np
from jaxtyping import Shaped

from ferlab.evaluation.comparison import bounds_text, gap
from ferlab.evaluation.intervals import SEED
from ferlab.evaluation.multilabel_rows import is_multilabel
from ferlab.evaluation.own_columns import SAMPLE, TRAIT
from ferlab.evaluation.pages.comparison_page import p_text
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.slices import slice_rows
from ferlab.evaluation.words import MEASURES, estimate, headline, table

OWN = "columns"
"""Key of metrics.json's "slices"."""
FEW, PEOPLE, MOST, RESAMPLES = 6, 60, 8, 2_000
_OF_THE_PROTOCOL = ("copy_in_train", "copies")


def column_slices(rows: Rows, resamples: int = RESAMPLES, seed: int = SEED) -> dict[str, Any]:
    """Measure the parts of the test rows by every column that tells few values, or persons, apart.

    Left out are columns that tell the class itself (RAVDESS's emotion), and those of more than six values that do not
    name persons; `ferlab.slices` takes any.

    Args:
        rows: a run's predictions.
        resamples: bootstrap draws.
        seed: of bootstrap and permutations.

    Returns:
        {} where there is no such column; else {"columns": {column: `slice_rows`'s result}}, of the measure that stands
        first for such samples (`words.headline`).
    """
    part = rows.split("test")
    metric = headline(part.meta.get("spec", {}).get("modality"))
    people = part.meta.get("people") or ()
    chosen: dict[str, Any] = {}
    for name, values in part.columns.items():
        known = _values(values, name in people)
        if name in _OF_THE_PROTOCOL or len(chosen) >= MOST:
            continue
        # of several labels a sample the labels are told apart however many there are; each sample has all of them
        if name == SAMPLE and is_multilabel(part.meta):
            continue
        if not (name == TRAIT and is_multilabel(part.meta)) and not _tells(part, known, name in people):
            continue
        chosen[name] = slice_rows(part, known, name, metric, resamples=resamples, seed=seed)
    return {OWN: chosen} if chosen else {}


def section(metrics: dict[str, Any]) -> list[str]:
    """Return the report's section on slices; nothing where there are none.

    Args:
        metrics: what stands in metrics.json.
    """
    found: dict[str, dict[str, Any]] = (metrics.get("slices") or {}).get(OWN) or {}
    if not found:
        return []
    first = next(iter(found.values()))
    # figures of an older version do not say it
    label = first.get("label") or MEASURES[first["metric"]]
    out = [f"## Who and what, on test: {label}"]
    rows = [["column", "value", "n", label, "less the rest", "p, Holm"]]
    for name, one in found.items():
        if len(one["slices"]) <= FEW:
            rows += [_line(name, part, one["metric"]) for part in one["slices"]]
    out += [table(rows)] if len(rows) > 1 else []
    out.append("\n".join(f"- {one['sentence'][:1].upper()}{one['sentence'][1:]}{_ends(one)}" for one in found.values()))
    hows = [one["intervals"] for one in found.values()]
    clustered = next((how["column"] for how in hows if how["drawn"] == "clusters"), None)
    drawn = (
        "rows" if clustered is None else f"clusters by {clustered}, because rows of one {clustered} are not independent"
    )
    note = (
        f"In brackets 95 % intervals: {hows[0]['resamples']:,} resamples of {drawn}. Less the rest: the part less all "
        "others; p corrected by Holm within a column."
    )
    caveats = {part["caveat"] for one in found.values() for part in one["slices"]} - {None}
    if clustered is not None and (said := next(how["caveat"] for how in hows if how["column"] == clustered)):
        caveats.add(said)
    apart = sorted({f"{name}: {one['intervals']['caveat']}" for name, one in found.items() if _alone(one, clustered)})
    told = [*sorted(caveats), *apart]
    return [*out, note + (f" Caveat: {'; '.join(told)}." if told else "")]


def _alone(one: dict[str, Any], clustered: str | None) -> bool:
    """Tell whether a column's intervals were made in another way than those of the others, for a reason."""
    return bool(one["intervals"]["caveat"]) and one["intervals"]["column"] != clustered


def _line(name: str, part: dict[str, Any], metric: str) -> list[str]:
    gone, moved = part["difference"], "undefined"
    if gone and gone["low"] is not None:
        moved = f"{gap(gone['value'], metric)} ({bounds_text(gone['low'], gone['high'], metric)})"
    p = p_text(gone["p_holm"]) if gone else "none"
    return [name, part["value"], f"{part['n']:,}", estimate(part["estimate"], metric), moved, p]


def _ends(one: dict[str, Any]) -> str:
    """Name the lowest and the highest of many parts."""
    told = [part for part in one["slices"] if part["estimate"]]
    if len(one["slices"]) <= FEW or not told:
        return ""
    low, high = (pick(told, key=lambda part: float(part["estimate"]["value"])) for pick in (min, max))
    ends = (f"{part['value']}, {estimate(part['estimate'], one['metric'])}" for part in (low, high))
    return " Of {} values of {} the lowest is {}, the highest {}.".format(len(one["slices"]), one["by"], *ends)


def _values(values: Shaped[np.ndarray, "row"], person: bool) -> Shaped[np.ndarray, "row"]:
    """Return a column; numbers that name persons as text, of one length so that their order stays."""
    text = values.astype(str)
    return np.char.zfill(text, int(max(map(len, text), default=1))) if person and values.dtype.kind in "iu" else values


def _tells(rows: Rows, values: Shaped[np.ndarray, "row"], person: bool) -> bool:
    if values.dtype.kind == "f":
        return False
    unique, index = np.unique(values, return_inverse=True)
    samples = len(np.unique(rows.columns[SAMPLE])) if is_multilabel(rows.meta) else len(rows)
    if not 2 <= len(unique) <= (PEOPLE if person else FEW) or len(unique) == samples:
        return False
    # a column whose value decides the class slices the classes over again
    pairs = len(np.unique(np.stack([index.reshape(-1), rows.labels]), axis=1).T)
    return pairs > len(unique)
