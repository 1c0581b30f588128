"""How much of a number is leak: one model under several protocols, each beside a clean one.

The bootstrap draws from the union of both protocols' test samples, so that one method serves every case: over the same
samples it is the paired bootstrap, over different ones that of two independent sets, and shared samples count as such.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from ferlab.errors import FerlabError
from ferlab.evaluation.clusters import Units, clusters_of
from ferlab.evaluation.intervals import RESAMPLES, SEED, percentile
from ferlab.evaluation.joining import joined
from ferlab.evaluation.resampling import observed, weighted
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.run_folder import Run
from ferlab.evaluation.seeds import over_seeds

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
        Plain values: "reference", "seeds", "protocols" (name -> facts, n and, of each metric, the mean over seeds with
        its interval over test samples and `over_seeds`) and "differences" (name -> shared and all test samples, and
        of each metric the mean over seeds of that protocol's less the reference's, with its interval and `over_seeds`).

    Raises:
        FerlabError: the runs of one protocol have other test samples, or an unknown metric.
    """
    tests = {name: _aligned(name, [run.rows.split("test") for run in of_one]) for name, of_one in runs.items()}
    reference = next(iter(runs))
    out: dict[str, Any] = {"reference": reference, "seeds": [run.seed for run in runs[reference]]}
    out["intervals"] = {"resamples": resamples, "seed": seed}
    protocols, differences = {}, {}
    for name, of_one in runs.items():
        facts = of_one[0].metrics["protocol"]
        kept = ("hash", "counts", "selection", "copies", "near_copies", "marks")
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
    return {m: _estimate([one[m] for one in values], draws[m], "bootstrap", units, 0.0) for m in metrics}


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
    found = {m: _estimate([a[m] - b[m] for a, b in pairs], draws[m], kind, units, -1.0) for m in metrics}
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
    values: Sequence[float], draws: Float[np.ndarray, "resample"], kind: str, units: Units, least: float
) -> dict[str, Any]:
    # draws of one cluster are all alike, and tell nothing of others
    bounds = (percentile(draws, clusters=units.clusters) if units.count > 1 else None) or (least, 1.0)
    spread = over_seeds([round(float(value), 6) for value in values])
    mean = float(np.mean(values))
    return {
        "value": round(mean, 6),
        "low": round(bounds[0], 6),
        "high": round(bounds[1], 6),
        "interval": kind,
        "seeds": spread,
    }
