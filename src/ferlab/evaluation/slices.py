"""A metric of parts of the rows: each part with its interval, its difference to the rest, and a test over all parts.

Tests: accuracy of independent rows, chi-square, or where a cell expects fewer than five, Fisher's exact test (of more
than two parts by Monte Carlo); other metrics, a permutation of who belongs to which part (Good, Permutation Tests,
2000). Rows of one cluster are drawn together; then the smallest corrected p of the parts stands for the whole. Where
each part is one cluster (a speaker, by speaker), rows are drawn: a drawn speaker always says the same.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int64, Shaped

from ferlab.evaluation.clusters import Units, clusters_of, numbered
from ferlab.evaluation.comparison import bounds_text, estimated, gap
from ferlab.evaluation.intervals import RESAMPLES, SEED
from ferlab.evaluation.multilabel_rows import is_multilabel
from ferlab.evaluation.own_columns import TRAIT
from ferlab.evaluation.paired import apart, paired_difference
from ferlab.evaluation.parts import parts_of
from ferlab.evaluation.resampling import LIMITS, check_metric, observed, resample, weighted
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.significance import ALPHA, holm
from ferlab.evaluation.unseen import difference_reach
from ferlab.evaluation.words import label_of

PERMUTATIONS = 2_000
FEW_ROWS = 10


def slice_rows(
    rows: Rows,
    values: Shaped[np.ndarray, "row"],
    by: str,
    metric: str = "accuracy",
    bins: int = 4,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> dict[str, Any]:
    """Measure every part of the rows of one split.

    Args:
        rows: of one split.
        values: what each row's part is: text, or numbers, of which more than twelve are cut into quantile bins.
        by: the column's name.
        metric: out of `metrics_of`.
        bins: how many quantile bins.
        resamples: bootstrap draws.
        seed: of bootstrap and permutations.

    Returns:
        Plain values. by, metric, label (in words), n, all (an estimate), slices (each with value, n, estimate or None,
        difference to the rest with value, low, high, p, p_holm, or None, and caveat or None), test (name and p over all
        slices, or None), intervals and sentence.

    Raises:
        FerlabError: an unknown metric, one slice alone, or more than sixty.
    """
    check_metric(metric, rows.names)
    names, index = parts_of(values, by, bins)
    out: dict[str, Any] = {"by": by, "metric": metric, "label": _named(rows, metric, index), "n": len(rows)}
    out["all"] = estimated(rows, metric, resamples, seed)
    rows, units = _drawn(rows, index)
    slices = []
    for i, name in enumerate(names):
        inside, outside = rows.take(np.flatnonzero(index == i)), rows.take(np.flatnonzero(index != i))
        estimate = estimated(inside, metric, resamples, seed)
        caveats = [f"fewer than {FEW_ROWS} rows"] if len(inside) < FEW_ROWS else []
        absent = sorted(set(range(len(rows.names))) - set(inside.labels.tolist()))
        if absent and metric not in ("accuracy", *LIMITS) and not metric.startswith("top"):
            caveats.append(f"no row of {', '.join(rows.names[k] for k in absent)}, so its mean is of other classes")
        one: dict[str, Any] = {
            "value": name,
            "n": len(inside),
            "estimate": estimate,
            "caveat": "; ".join(caveats) or None,
        }
        one["difference"] = None if estimate is None else _to_the_rest(inside, outside, metric, units, resamples, seed)
        slices.append(one)
    told = [one["difference"] for one in slices if one["difference"] is not None]
    for difference, corrected in zip(told, holm([one["p"] for one in told]), strict=True):
        difference["p_holm"] = corrected
    out["slices"] = slices
    out["test"] = _overall(rows, index, metric, units, told, seed)
    out["intervals"] = {"resamples": resamples, "seed": seed, **units.facts()}
    return out | {"sentence": sentence(out)}


def sentence(found: dict[str, Any]) -> str:
    """Return what a slicing says, in one plain sentence."""
    metric, label, by, test = found["metric"], found["label"], found["by"], found["test"]
    if test is None or test["p"] is None:
        return f"whether {label} differs by {by} cannot be told."
    p = "< 0.001" if test["p"] < 0.001 else f"= {test['p']:.2g}"
    p = f"p {p}, {test['name']}, n = {found['n']:,}"
    if test["p"] >= ALPHA:
        return f"no evidence that {label} differs by {by}: {p}."
    text = f"{label} differs by {by}: {p}"
    told = [s for s in found["slices"] if s["difference"] and (s["difference"]["p_holm"] or 0) < ALPHA]
    told = [s for s in told if s["difference"]["low"] is not None]
    if told:
        far = max(told, key=lambda s: abs(float(s["difference"]["value"])))
        gone = far["difference"]
        bounds = bounds_text(gone["low"], gone["high"], metric)
        text += f"; farthest from the rest: {far['value']}, {gap(gone['value'], metric)} ({bounds})"
    return text + "."


def _drawn(rows: Rows, index: Int64[np.ndarray, "row"]) -> tuple[Rows, Units]:
    """Return rows and what is drawn of them; of parts that hold one cluster each, rows that know of no cluster."""
    units = clusters_of(rows)
    if units.index is None or any(len(np.unique(units.index[index == i])) > 1 for i in np.unique(index)):
        return rows, units
    rows = replace(rows, meta={**rows.meta, "people": (), "protocol": {}})
    caveat = f"each part is of one {units.column}: rows are drawn, so figures speak of these alone, not of others"
    return rows, replace(clusters_of(rows), caveat=caveat)


def _named(rows: Rows, metric: str, index: Int64[np.ndarray, "row"]) -> str:
    traits = rows.columns.get(TRAIT) if is_multilabel(rows.meta) else None
    single = traits is not None and all(len(np.unique(traits[index == i])) == 1 for i in np.unique(index))
    return label_of(metric, rows.meta, single)


def _to_the_rest(
    inside: Rows, outside: Rows, metric: str, units: Units, resamples: int, seed: int
) -> dict[str, Any] | None:
    """Return the slice less all other rows: two samples, drawn apart, or by whole clusters that may lie in both."""
    value, other = (observed(part, [metric])[metric] for part in (inside, outside))
    if np.isnan(value - other):
        return None
    if units.index is not None and min(numbered(p.columns[str(units.column)]).max() for p in (inside, outside)) < 1:
        # drawn or not, one cluster always says the same
        return {"value": round(value - other, 6), "low": None, "high": None, "interval": "none", "p": None}
    if units.index is None and metric == "accuracy":
        return apart(*((int((part.preds == part.labels).sum()), len(part)) for part in (inside, outside)))
    if units.index is None:
        units = replace(units, count=min(len(inside), len(outside)))
        draws = resample(inside, [metric], clusters_of(inside), resamples, seed)[metric]
        rest = resample(outside, [metric], clusters_of(outside), resamples, seed + 1)[metric]
    else:
        draws, rest = _clustered_apart(inside, outside, metric, str(units.column), resamples, seed)
    far = difference_reach(inside, outside, metric, units)
    kind = "bootstrap" if units.index is None else "clustered bootstrap"
    return paired_difference(value, other, draws, rest, units, far) | {"interval": kind}


def _clustered_apart(
    inside: Rows, outside: Rows, metric: str, column: str, resamples: int, seed: int
) -> tuple[Float[np.ndarray, "_"], Float[np.ndarray, "_"]]:
    both = np.concatenate([inside.columns[column], outside.columns[column]])
    index = numbered(both)
    units = Units(len(both), column, index, int(index.max()) + 1)
    draws: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for weights in units.weights(resamples, seed):
        for part, chunk, kept in ((inside, weights[: len(inside)], 0), (outside, weights[len(inside) :], 1)):
            with np.errstate(invalid="ignore", divide="ignore"):
                draws[kept].append(weighted(part, [metric], [chunk])[metric])
    return np.concatenate(draws[0]), np.concatenate(draws[1])


def _overall(
    rows: Rows, index: np.ndarray, metric: str, units: Units, told: list[dict[str, Any]], seed: int
) -> dict[str, Any] | None:
    if units.index is not None:
        p_values = [one["p_holm"] for one in told if one["p_holm"] is not None]
        return {"name": "clustered bootstrap, Holm over slices", "p": min(p_values)} if p_values else None
    if metric == "accuracy":
        return _contingency(rows.preds == rows.labels, index, seed)
    return _permutation(rows, index, metric, seed)


def _contingency(right: np.ndarray, index: np.ndarray, seed: int) -> dict[str, Any]:
    from scipy.stats import MonteCarloMethod, chi2_contingency, fisher_exact

    counts = np.stack([np.bincount(index, right), np.bincount(index, ~right)]).astype(np.int64)
    if not counts.sum(1).all():
        return {"name": "none needed: all rows right, or all wrong", "p": 1.0}
    test = chi2_contingency(counts, correction=False)
    if test.expected_freq.min() >= 5:
        return {"name": "chi-square", "p": float(test.pvalue)}
    if counts.shape[1] == 2:
        return {"name": "Fisher's exact test", "p": float(fisher_exact(counts).pvalue)}
    method = MonteCarloMethod(n_resamples=9_999, rng=np.random.default_rng(seed))
    # an array of one where the table's margins leave scipy a single number to draw
    p = np.asarray(fisher_exact(counts, method=method).pvalue).item()
    return {"name": "Fisher's test by Monte Carlo", "p": p}


def _permutation(
    rows: Rows, index: np.ndarray, metric: str, seed: int, shuffles: int = PERMUTATIONS
) -> dict[str, Any] | None:
    """Shuffle who belongs to which part; the statistic is the spread of the parts' figures, weighted by their rows."""
    sizes = np.bincount(index)
    order = np.argsort(np.random.default_rng(seed).random((shuffles, len(index))), axis=1)
    # the first column is what was observed
    shuffled = np.concatenate([index[None], index[order]]).T
    figures = []
    for i in range(len(sizes)):
        with np.errstate(invalid="ignore", divide="ignore"):
            figures.append(weighted(rows, [metric], [(shuffled == i).astype(np.float32)])[metric])
    told = ~np.isnan(np.stack(figures)[:, 0])
    kept, weights = np.stack(figures)[told], sizes[told, None]
    if told.sum() < 2:
        return None
    centre = np.nansum(kept * weights, axis=0) / np.sum(weights * ~np.isnan(kept), axis=0)
    spread = np.nansum(weights * (kept - centre) ** 2, axis=0)
    # rounding makes an equal spread now smaller, now larger
    p = float((spread[1:] >= spread[0] - 1e-9 * abs(spread[0])).sum() + 1) / (shuffles + 1)
    return {"name": f"permutation test, {shuffles:,} shuffles", "p": p}
