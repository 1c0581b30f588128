"""Models on the same rows, pair by pair: difference, interval, tests, and one sentence that a person can quote."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Float

from ferlab.errors import FerlabError
from ferlab.evaluation.clusters import Units, clusters_of
from ferlab.evaluation.compared_traits import by_label
from ferlab.evaluation.intervals import RESAMPLES, SEED, percentile, wilson
from ferlab.evaluation.paired import only_one_right, paired_difference, seeds_difference
from ferlab.evaluation.resampling import LIMITS, check_metric, observed, resample, smaller_is_better
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.seeds import over_seeds
from ferlab.evaluation.significance import ALPHA, holm, mcnemar
from ferlab.evaluation.unseen import difference_reach, reach, widened
from ferlab.evaluation.words import PLAIN, label_of


def compare_rows(
    named: Mapping[str, Rows],
    metric: str = "accuracy",
    split: str = "test",
    groups: Mapping[str, Sequence[str]] | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> dict[str, Any]:
    """Compare every pair of models, or of groups of seeds, on one split.

    Args:
        named: rows of each model, of the same samples in any order.
        metric: out of `metrics_of`.
        split: "val" or "test".
        groups: group -> names in `named` that differ in their seed alone; pairs are then of groups.
        resamples: bootstrap draws.
        seed: of the bootstrap.

    Returns:
        Plain values. metric, label (in words), split, n, smaller_is_better, intervals (how they were made), models (an
        estimate each), groups (mean, sd, low, high, n over seeds, and models), and pairs in the order given, each with
        a, b, value (a less b), low, high, interval, p, p_holm, mcnemar (accuracy of independent rows, single models;
        else None), better ("a", "b" or None), sentence; of several labels a sample, where n counts answers, also traits
        (`by_label`).

    Raises:
        FerlabError: fewer than two models, other samples, or an unknown metric.
    """
    rows = aligned(named, split)
    first = next(iter(rows.values()))
    check_metric(metric, first.names)
    # one run may know of clusters that an older one of the same rows does not
    known = [clusters_of(one) for one in rows.values()]
    units = next((one for one in known if one.index is not None), known[0])
    values = {name: observed(one, [metric])[metric] for name, one in rows.items()}
    draws = {name: resample(one, [metric], units, resamples, seed)[metric] for name, one in rows.items()}
    undefined = [name for name, value in values.items() if np.isnan(value)]
    if undefined:
        raise FerlabError(f"{metric}: undefined for {', '.join(undefined)} on {split}: a class has no sample there")
    out: dict[str, Any] = {
        "metric": metric,
        "label": label_of(metric, first.meta),
        "split": split,
        "n": len(first),
        "smaller_is_better": smaller_is_better(metric),
        "intervals": {"resamples": resamples, "seed": seed, **units.facts()},
        "models": {name: estimated_from(rows[name], metric, values[name], draws[name], units) for name in rows},
    }
    pairs = []
    if groups is None:
        for a, b in combinations(rows, 2):
            far = difference_reach(rows[a], rows[b], metric, units)
            pair = {"a": a, "b": b} | paired_difference(values[a], values[b], draws[a], draws[b], units, far)
            exact = metric == "accuracy" and units.index is None
            pair |= {"mcnemar": mcnemar(*only_one_right(rows[a], rows[b])) if exact else None}
            labels = by_label(rows[a], rows[b], metric, resamples, seed)
            pairs.append(pair | ({"traits": labels} if labels else {}))
    else:
        out["groups"] = {
            group: {**over_seeds([values[name] for name in names]), "models": list(names)}
            for group, names in groups.items()
        }
        for a, b in combinations(groups, 2):
            sides = [([values[n] for n in groups[g]], np.stack([draws[n] for n in groups[g]])) for g in (a, b)]
            gap = seeds_difference(sides[0][0], sides[1][0], sides[0][1], sides[1][1])
            if units.count < 2:
                # draws of one cluster are all alike, and tell nothing of others
                gap |= {"low": None, "high": None, "interval": "none", "p": None}
            pairs.append({"a": a, "b": b} | gap | {"mcnemar": None, "seeds": [len(groups[a]), len(groups[b])]})
    for pair, corrected in zip(pairs, holm([pair["p"] for pair in pairs]), strict=True):
        pair["p_holm"] = corrected
        pair["better"] = (
            _better(pair, out["smaller_is_better"]) if corrected is not None and corrected < ALPHA else None
        )
        pair["sentence"] = sentence(pair, metric, len(first), len(pairs), out["label"])
    return out | {"pairs": pairs}


def aligned(named: Mapping[str, Rows], split: str) -> dict[str, Rows]:
    """Return each model's rows of one split in the order of the first.

    Raises:
        FerlabError: fewer than two models, or they speak of other samples, labels or classes.
    """
    if len(named) < 2:
        raise FerlabError(f"compare: expected two runs or more, found {len(named)}: {', '.join(named)}")
    parts = {name: rows.split(split) for name, rows in named.items()}
    (first, ours), *rest = parts.items()
    out = {first: ours}
    for name, theirs in rest:
        if theirs.names != ours.names:
            raise FerlabError(
                f"compare: expected the same classes; {first} has {list(ours.names)}, {name} {list(theirs.names)}"
            )
        shared = np.intersect1d(ours.ids, theirs.ids)
        if len(shared) != len(ours) or len(shared) != len(theirs):
            raise FerlabError(_other_samples(first, ours, name, theirs, split, len(shared)))
        order = np.argsort(theirs.ids)
        theirs = theirs.take(order[np.searchsorted(theirs.ids[order], ours.ids)])
        unlike = np.flatnonzero(ours.labels != theirs.labels)
        if len(unlike):
            i = int(unlike[0])
            raise FerlabError(
                f"compare: {len(unlike)} of {len(ours)} {split} rows have another label in {first} than in {name}, "
                f"{ours.ids[i]} for one: {ours.names[ours.labels[i]]} and {ours.names[theirs.labels[i]]}; "
                "cure: compare runs on the same labels"
            )
        out[name] = theirs
    return out


def sentence(pair: dict[str, Any], metric: str, n: int, pairs: int = 1, label: str | None = None) -> str:
    """Return what a pair's comparison says, in one plain sentence.

    Args:
        pair: a, b, value, low, high, p, p_holm and better.
        metric: its name.
        n: rows.
        pairs: how many pairs were compared.
        label: the metric in words; None: those of one class a sample.
    """
    a, b, value, low, high = (pair[key] for key in ("a", "b", "value", "low", "high"))
    loss, label = smaller_is_better(metric), label or label_of(metric, {})
    if pair["p_holm"] is None:
        return f"nothing can be said of {a} and {b}: {label} {gap(value, metric)}, and no interval can be given."
    if _better(pair, loss) == "b":
        # the better one is named first
        a, b, value, low, high = b, a, -value, -high, -low
    text = f"{label} {gap(value, metric)}, 95 % interval {bounds_text(low, high, metric)}"
    text += ", lower is better" * loss + f", n = {n:,}"
    if "seeds" in pair:
        text += f", {pair['seeds'][0]} and {pair['seeds'][1]} seeds"
    if pair["better"]:
        return f"{a} beats {b}: {text}."
    if not value:
        return f"no evidence that {a} and {b} differ: {text}."
    counted = pairs > 1 and pair["p"] < ALPHA
    if pair["p"] >= ALPHA and low * high > 0:
        text += "; of so few independent units the interval is too narrow"
    return f"no evidence that {a} beats {b}{f', once {pairs:,} pairs are counted' * counted}: {text}."


def estimated(rows: Rows, metric: str, resamples: int = RESAMPLES, seed: int = SEED) -> dict[str, Any] | None:
    """Return one figure of the rows of one split as an estimate; None where they cannot tell it."""
    value, units = observed(rows, [metric])[metric], clusters_of(rows)
    if np.isnan(value):
        return None
    return estimated_from(rows, metric, value, resample(rows, [metric], units, resamples, seed)[metric], units)


def estimated_from(
    rows: Rows, metric: str, value: float, draws: Float[np.ndarray, "resample"], units: Units
) -> dict[str, float | str]:
    """Return a figure as an estimate, from its draws, as far as unseen rows reach (unseen.py).

    Accuracy of independent rows gets Wilson's interval.
    """
    kind = "bootstrap" if units.index is None else "clustered bootstrap"
    bounds = percentile(draws, clusters=units.clusters) if units.count > 1 else None
    if metric == "accuracy" and units.index is None:
        kind, bounds = "wilson", wilson(int((rows.preds == rows.labels).sum()), len(rows))
    if bounds is None:
        kind, bounds = "none", (0.0, LIMITS.get(metric, 1.0))
    # the draws of a rare class may all lie to one side
    low, high = widened(bounds, value, None if kind in ("wilson", "none") else reach(rows, metric, units))
    return {"value": round(value, 6), "low": round(low, 6), "high": round(high, 6), "interval": kind}


def gap(value: float, metric: str, unit: bool = True) -> str:
    """Return a difference as people write it: "+0.4 points", or "-0.031" of areas and losses."""
    # adding 0 makes a rounded -0.0 positive
    if metric.startswith((*PLAIN, "brier")):
        return f"{round(value, 3) + 0:+.3f}"
    return f"{round(100 * value, 1) + 0:+.1f}{' points' * unit}"


def bounds_text(low: float, high: float, metric: str) -> str:
    """Return the interval of a difference, "-0.9 to 1.7", in the unit of `gap`."""
    return " to ".join(gap(end, metric, False).removeprefix("+") for end in (low, high))


def _better(pair: dict[str, Any], loss: bool) -> str | None:
    return None if not pair["value"] else "a" if (pair["value"] > 0) != loss else "b"


def _other_samples(first: str, ours: Rows, name: str, theirs: Rows, split: str, shared: int) -> str:
    def lacking(mine: Rows, yours: Rows) -> str:
        missing = np.setdiff1d(mine.ids, yours.ids)
        return f"{len(missing):,} missing" + (f" ({missing[0]}, ...)" if len(missing) else "")

    def origin(rows: Rows) -> str:
        protocol = rows.meta.get("protocol", {})
        return f"{rows.meta.get('data', '?')}, protocol {protocol.get('name', '?')} {protocol.get('hash', '')}".strip()

    return (
        f"compare: expected predictions of the same {split} rows. {first} ({origin(ours)}) has {len(ours):,}, "
        f"{name} ({origin(theirs)}) has {len(theirs):,}, {shared:,} ids are shared; of the first's "
        f"{lacking(ours, theirs)} in the second, of the second's {lacking(theirs, ours)} in the first; "
        "cure: compare runs on the same data with the same test samples"
    )
