"""How much of a number is leak: one model under several protocols, each beside a clean one.

The bootstrap draws from the union of both protocols' test samples, so that one method serves every case: over the same
samples it is the paired bootstrap, over different ones that of two independent sets, and shared samples count as such.
Over several seeds a second error is added, Student's of the mean over training runs, as the root of the sum of squares.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from ferlab.errors import FerlabError
from ferlab.evaluation.clusters import Units, clusters_of
from ferlab.evaluation.intervals import RESAMPLES, SEED, Bounds, percentile
from ferlab.evaluation.joining import joined
from ferlab.evaluation.resampling import observed, weighted
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.run_folder import Run
from ferlab.evaluation.seeds import over_seeds
from ferlab.evaluation.unseen import difference_reach, reach, widened
from ferlab.evaluation.words import label_of

METRICS = ("accuracy", "recall_macro")
Runs = Mapping[str, Sequence[Run]]


def leaks(runs: Runs, metrics: Sequence[str] = METRICS, resamples: int = RESAMPLES, seed: int = SEED) -> dict[str, Any]:
    """Set the figures of every protocol beside those of the first.

    Args:
        runs: protocol -> its runs, one a seed; the same seeds in the same order under each.
        metrics: figures to compare, names out of `metrics_of`.
        resamples: bootstrap draws.
        seed: of the bootstrap.

    Returns:
        Plain values: "reference", "seeds", "labels" (metric -> in words), "protocols" (name -> facts, n and an estimate
        of each metric) and "differences" (name -> shared and all test samples, and an estimate of each metric less the
        reference's). Of several seeds an estimate's value is the mean, its interval over "seeds and test samples" at
        once, and beside stand "test_samples" (low, high, interval: that of the mean over other test samples alone) and
        "seeds" (`over_seeds`).

    Raises:
        FerlabError: the runs of one protocol have other test samples, or an unknown metric.
    """
    tests = {name: _aligned(name, [run.rows.split("test") for run in of_one]) for name, of_one in runs.items()}
    reference = next(iter(runs))
    out: dict[str, Any] = {"reference": reference, "seeds": [run.seed for run in runs[reference]]}
    out["labels"] = {m: label_of(m, tests[reference][0].meta) for m in metrics}
    out["intervals"] = {"resamples": resamples, "seed": seed}
    protocols, differences = {}, {}
    for name, of_one in runs.items():
        facts = of_one[0].metrics["protocol"]
        kept = ("hash", "counts", "selection", "copies", "near_copies", "marks", "fold", "pooled_folds")
        found = _figures(tests[name], metrics, resamples, seed)
        protocols[name] = {key: facts.get(key) for key in kept} | {"n": len(tests[name][0])} | found
        if name != reference:
            differences[name] = _difference(tests[name], tests[reference], metrics, resamples, seed)
    return out | {"protocols": protocols, "differences": differences}


def _aligned(name: str, tests: Sequence[Rows]) -> list[Rows]:
    """Return each seed's test rows in the order of ids."""
    ordered = [rows.take(np.argsort(rows.ids, kind="stable").astype(np.int64)) for rows in tests]
    for rows in ordered[1:]:
        if not (np.array_equal(rows.ids, ordered[0].ids) and np.array_equal(rows.labels, ordered[0].labels)):
            raise FerlabError(f"protocol {name}: expected the same test samples under every seed; they differ")
    return ordered


def _figures(tests: Sequence[Rows], metrics: Sequence[str], resamples: int, seed: int) -> dict[str, Any]:
    units = clusters_of(tests[0])
    values = [observed(rows, metrics) for rows in tests]
    draws = _draws(tests, np.arange(len(tests[0])), metrics, units, resamples, seed)
    far = {m: _mean_reach([reach(rows, m, units) for rows in tests]) for m in metrics}
    return {m: _estimate([one[m] for one in values], draws[m], "bootstrap", units, 0.0, far[m]) for m in metrics}


def _difference(
    ours: Sequence[Rows], theirs: Sequence[Rows], metrics: Sequence[str], resamples: int, seed: int
) -> dict[str, Any]:
    one, other = ours[0], theirs[0]
    added = np.flatnonzero(~np.isin(one.ids, other.ids)).astype(np.int64)
    union = joined([other, one.take(added)])
    place = {name: i for i, name in enumerate(map(str, union.ids))}
    at = [np.array([place[str(name)] for name in rows.ids], dtype=np.int64) for rows in (one, other)]
    if not all(np.array_equal(union.labels[where], rows.labels) for where, rows in zip(at, (one, other), strict=True)):
        raise FerlabError("leakage: a test sample has another label under another protocol; expected the same data")
    units = _clusters(union, one)
    sides = [
        _draws(rows, where, metrics, units, resamples, seed) for rows, where in zip((ours, theirs), at, strict=True)
    ]
    shared = len(one) - len(added)
    kind = "paired bootstrap" if shared == len(one) == len(other) else "bootstrap over the union of test samples"
    pairs = [(observed(a, metrics), observed(b, metrics)) for a, b in zip(ours, theirs, strict=True)]
    draws = {m: sides[0][m] - sides[1][m] for m in metrics}
    far = {
        m: _mean_reach([difference_reach(a, b, m, units) for a, b in zip(ours, theirs, strict=True)]) for m in metrics
    }
    # paired draws know of rows that both tell; only where none differ is there something to add
    far = {m: found if not np.ptp(draws[m]) else None for m, found in far.items()}
    found = {m: _estimate([a[m] - b[m] for a, b in pairs], draws[m], kind, units, -1.0, far[m]) for m in metrics}
    return {"shared": shared, "union": len(union), **found}


def _clusters(union: Rows, other: Rows) -> Units:
    """Decide what is drawn: clusters where either protocol or the data know of any."""
    units = clusters_of(union)
    if units.index is None and other.meta["protocol"].get("group") in union.columns:
        return clusters_of(joined([union], meta=other.meta))
    return units


def _draws(
    seeds: Sequence[Rows],
    at: Int64[np.ndarray, "row"],
    metrics: Sequence[str],
    units: Units,
    resamples: int,
    seed: int,
) -> dict[str, Float[np.ndarray, "resample"]]:
    """Return each metric's draws, averaged over seeds; rows stand at `at` among what is drawn."""
    each = [weighted(rows, metrics, (chunk[at] for chunk in units.weights(resamples, seed))) for rows in seeds]
    return {m: np.mean([one[m] for one in each], axis=0) for m in metrics}


def _estimate(
    values: Sequence[float],
    draws: Float[np.ndarray, "resample"],
    kind: str,
    units: Units,
    least: float,
    far: Bounds | None,
) -> dict[str, Any]:
    # draws of one cluster are all alike, and tell nothing of others
    bounds = (percentile(draws, clusters=units.clusters) if units.count > 1 else None) or (least, 1.0)
    spread = over_seeds([round(float(value), 6) for value in values])
    mean = float(np.mean(values))
    low, high = widened(bounds, mean, far)
    rows = {"low": round(low, 6), "high": round(high, 6), "interval": kind}
    if len(values) == 1:
        return {"value": round(mean, 6), **rows, "test_samples": rows, "seeds": spread}
    half = float(spread["high"] or 0.0) - float(spread["mean"] or 0.0)
    both = {
        "low": max(least, round(mean - float(np.hypot(mean - low, half)), 6)),
        "high": min(1.0, round(mean + float(np.hypot(high - mean, half)), 6)),
        "interval": "seeds and test samples",
    }
    return {"value": round(mean, 6), **both, "test_samples": rows, "seeds": spread}


def _mean_reach(each: Sequence[Bounds | None]) -> Bounds | None:
    told = [one for one in each if one is not None]
    return (float(np.mean([one[0] for one in told])), float(np.mean([one[1] for one in told]))) if told else None
