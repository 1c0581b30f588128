"""The figures of one split, each with its 95 % interval, as plain values for metrics.json.

What a split cannot tell is null, never NaN. Where rows are not independent (`clusters_of`), every interval is that of
a clustered bootstrap.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Int64

from ferlab.errors import FerlabError
from ferlab.evaluation.clusters import Units, clusters_of
from ferlab.evaluation.estimates import Estimate, bootstrapped, clustered, estimate, proportion
from ferlab.evaluation.intervals import (
    LEVEL,
    RESAMPLES,
    SEED,
    resample_confusion,
    row_weights,
    weighted_auroc,
    wilson,
)
from ferlab.evaluation.multilabel_rows import is_multilabel
from ferlab.evaluation.resampling import OF_A_CLASS, metrics_of, resample
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.scores import confusion_matrix, label_ranks, macro_scores
from ferlab.evaluation.trait_measures import measure_traits
from ferlab.evaluation.unseen import area_reach, macro_reach, reach


def measure(
    rows: Rows,
    split: str,
    *,
    majority: str | Mapping[str, str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> dict[str, Any]:
    """Compute every figure of one split.

    Args:
        rows: a run's predictions.
        split: "val" or "test".
        majority: the class a constant guesser names (the largest of the training set); by default the largest of
            the split itself. Multilabel: "no" or "yes" of each label.
        resamples: bootstrap draws.
        seed: of the bootstrap; the same rows and seed give the same figures to the last digit.

    Returns:
        Plain values; of several labels a sample those of `measure_traits`. An estimate is
        {"value", "low", "high", "interval"} or None: accuracy, top1..topK,
        precision_macro, recall_macro, f1_macro, auroc_macro, log_loss, majority.accuracy, and in per_class.<name>:
        precision, recall, f1, auroc beside support and predicted (counts). Its interval is "wilson" or "bootstrap"; of
        clustered rows "clustered bootstrap", or "wilson over clusters" where no draw differs, or "none", the whole
        range, where all rows are one cluster. Also n, labels, confusion (rows true, columns predicted), absent
        (classes without a sample), and intervals: how they were made, `Units.facts` among it.

    Raises:
        FerlabError: the split holds no rows, or `majority` is no class.
    """
    part = rows.split(split)
    if is_multilabel(part.meta):
        assert majority is None or not isinstance(majority, str)
        return measure_traits(part, split, majority, resamples, seed)
    assert majority is None or isinstance(majority, str)
    n, names = len(part), part.names
    confusion = confusion_matrix(part.labels, part.preds, len(names))
    units = clusters_of(part)
    # of clustered rows these draws would be thrown away
    row_resamples = resamples if units.index is None else 1
    support, predicted = confusion.sum(1), confusion.sum(0)
    top = np.cumsum(np.bincount(label_ranks(part), minlength=len(names)))
    out: dict[str, Any] = {
        "split": split,
        "n": n,
        "labels": list(names),
        "absent": [name for name, count in zip(names, support, strict=True) if not count],
        "intervals": {"level": LEVEL, "resamples": resamples, "seed": seed, **units.facts()},
        "accuracy": proportion(int(np.trace(confusion)), n),
    }
    out |= {f"top{k}": proportion(int(top[k - 1]), n) for k in range(1, len(names) + 1)}
    out |= _macro(confusion, row_resamples, seed)
    areas, out["auroc_macro"], out["log_loss"] = _ranked(part, row_resamples, seed)
    out["per_class"] = {
        name: _one_class(confusion, i) | {"auroc": areas[i], "support": int(support[i]), "predicted": int(predicted[i])}
        for i, name in enumerate(names)
    }
    if majority is not None and majority not in names:
        raise FerlabError(f"baseline: expected a class of {list(names)}, found {majority!r}")
    guess = int(support.argmax()) if majority is None else names.index(majority)
    out["majority"] = {"label": names[guess], "accuracy": proportion(int(support[guess]), n)}
    out["confusion"] = confusion.tolist()
    if units.index is not None:
        _recluster(out, part, units, guess, resamples, seed)
    return out


def _macro(confusion: Int64[np.ndarray, "classes classes"], resamples: int, seed: int) -> dict[str, Estimate]:
    draws, far = macro_scores(resample_confusion(confusion, resamples, seed)), macro_reach(confusion)
    return {name: bootstrapped(float(value), draws[name], far[name]) for name, value in macro_scores(confusion).items()}


def _one_class(confusion: Int64[np.ndarray, "classes classes"], i: int) -> dict[str, Estimate | None]:
    """Precision, recall and F1 of one class, None where it never occurs."""
    right, support, predicted = int(confusion[i, i]), int(confusion[i].sum()), int(confusion[:, i].sum())
    if not support:
        return {"precision": None, "recall": None, "f1": None}
    # F1 = 2 J / (1 + J) with J = right / (rows of the class by truth or by prediction), a proportion: its Wilson
    # bounds carry over exactly, where a bootstrap of a rare class would give an interval of no width
    low, high = wilson(right, support + predicted - right)
    f1 = estimate(2 * right / (support + predicted), (2 * low / (1 + low), 2 * high / (1 + high)), "wilson")
    precision = proportion(right, predicted) if predicted else estimate(0.0, (0.0, 1.0), "wilson")
    return {"precision": precision, "recall": proportion(right, support), "f1": f1}


def _ranked(rows: Rows, resamples: int, seed: int) -> tuple[list[Estimate | None], Estimate | None, Estimate]:
    """AUROC of each class, their mean, and log loss, resampled together so that the mean keeps their correlation."""
    p = rows.probabilities.astype(np.float64)
    positive = rows.labels[:, None] == np.arange(p.shape[1])
    tiny = float(np.finfo(np.float32).eps)
    p_true = p[np.arange(len(p)), rows.labels] / p.sum(1)
    loss = -np.log(np.clip(p_true, tiny, 1 - tiny))
    curves = [i for i in range(p.shape[1]) if 0 < positive[:, i].sum() < len(p)]

    def areas(weights: np.ndarray) -> np.ndarray:
        return np.stack([weighted_auroc(p[:, i], positive[:, i], weights) for i in curves])

    loss_draws, area_draws = [], []
    for weights in row_weights(len(p), resamples, seed):
        # a sum over rows, not a matrix product: BLAS may order it by the number of threads
        loss_draws.append(np.einsum("rb,r->b", weights, loss) / len(p))
        if curves:
            area_draws.append(areas(weights))
    log_loss = bootstrapped(float(loss.mean()), np.concatenate(loss_draws))
    per_class: list[Estimate | None] = [None] * p.shape[1]
    if not curves:
        return per_class, None, log_loss
    values, draws = areas(np.ones((len(p), 1), dtype=np.float32))[:, 0], np.concatenate(area_draws, axis=1)
    ends = []
    for i, value, draw in zip(curves, values, draws, strict=True):
        far = area_reach(p[:, i], positive[:, i], float(value))
        per_class[i] = bootstrapped(float(value), draw, far)
        ends.append(far or (float(value), float(value)))
    occurs = (~np.isnan(draws)).sum(0)
    mean_draw = np.where(occurs > 0, np.nansum(draws, axis=0) / np.maximum(occurs, 1), np.nan)
    low, high = np.mean(ends, axis=0)
    return per_class, bootstrapped(float(values.mean()), mean_draw, (float(low), float(high))), log_loss


def _recluster(out: dict[str, Any], part: Rows, units: Units, guess: int, resamples: int, seed: int) -> None:
    """Put intervals of a clustered bootstrap in the place of those that take rows for independent."""
    names = part.names
    top = f"top{len(names)}"
    metrics = [m for m in metrics_of(names) if m in out or "." in m]
    draws = resample(part, metrics, units, resamples, seed)
    draws |= {"top1": draws["accuracy"], top: np.ones(resamples)}
    constant = replace(part, preds=np.full(len(part), guess))
    draws["majority"] = resample(constant, ["accuracy"], units, resamples, seed)["accuracy"]
    assert units.index is not None

    def again(metric: str, found: Estimate | None, clusters: int) -> Estimate | None:
        if found is None:
            return None
        far = reach(part, metric, units) if metric in metrics else None
        return clustered(metric, float(found["value"]), draws[metric], clusters, far)

    for metric in [*(m for m in metrics if m in out), "top1", top]:
        out[metric] = again(metric, out[metric], units.count)
    for i, name in enumerate(names):
        one = out["per_class"][name]
        holding = len(np.unique(units.index[(part.labels == i) | (part.preds == i)]))
        one |= {kind: again(f"{kind}.{name}", one[kind], holding) for kind in OF_A_CLASS}
    out["majority"]["accuracy"] = again("majority", out["majority"]["accuracy"], units.count)
