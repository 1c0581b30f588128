"""Any figure of merit under row weights: the one road from resampled, permuted or sliced rows to a figure.

Of several labels a sample every macro figure and every area is the mean over the labels of each one's own: precision
and F1 of its yes, its balanced accuracy (recall_macro), its area. A label that the weights leave without one is not in
the mean.

Rows drawn twice weigh two, rows left out weigh nothing. The same seed gives the same weights, so the draws of two
models on the same rows are paired, and their difference is the paired bootstrap's.
"""

import difflib
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from jaxtyping import Float, Float32

from ferlab.errors import FerlabError
from ferlab.evaluation.calibration import brier_losses, log_losses
from ferlab.evaluation.clusters import Units
from ferlab.evaluation.intervals import RESAMPLES, SEED, weighted_auroc
from ferlab.evaluation.multilabel_rows import is_multilabel
from ferlab.evaluation.own_columns import TRAIT
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.scores import class_scores, label_ranks, macro_scores

MACRO = ("precision_macro", "recall_macro", "f1_macro")
# what a macro figure is of a single label's rows
OF_A_LABEL = {"precision_macro": "precision.yes", "recall_macro": "recall_macro", "f1_macro": "f1.yes"}
OF_A_LABEL |= dict.fromkeys(("auroc_macro", "auroc.no", "auroc.yes"), "auroc.yes")
LOSSES = {"log_loss": log_losses, "brier": brier_losses}
OF_A_CLASS = ("precision", "recall", "f1", "auroc")
# the largest value that each may take: what is said where nothing can be
LIMITS = {"log_loss": float(-np.log(np.finfo(np.float32).eps)), "brier": 2.0}

Weights = Float32[np.ndarray, "row _"]
Draws = Float[np.ndarray, "_"]


def metrics_of(names: Sequence[str]) -> list[str]:
    """Return every metric that can be asked for, of these classes: accuracy, top2, ..., recall.happy, ..."""
    top = [f"top{k}" for k in range(2, len(names))]
    per_class = [f"{metric}.{name}" for name in names for metric in OF_A_CLASS]
    return ["accuracy", *top, *MACRO, "auroc_macro", *LOSSES, *per_class]


def check_metric(metric: str, names: Sequence[str]) -> str:
    """Return `metric`.

    Raises:
        FerlabError: it is none of `metrics_of`.
    """
    known = metrics_of(names)
    if metric not in known:
        near = difflib.get_close_matches(metric, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        shown = [*known[: -len(names) * len(OF_A_CLASS)], *(f"{one}.<class>" for one in OF_A_CLASS)]
        raise FerlabError(f"metric: no metric {metric!r}{hint}\nwhat exists: {', '.join(shown)}")
    return metric


def smaller_is_better(metric: str) -> bool:
    """Return whether a metric is a loss."""
    return metric in LOSSES


def resample(
    rows: Rows, metrics: Sequence[str], units: Units, resamples: int = RESAMPLES, seed: int = SEED
) -> dict[str, Draws]:
    """Return the bootstrap draws of each metric; NaN where a draw cannot tell it.

    Args:
        rows: the rows of one split.
        metrics: names out of `metrics_of`.
        units: what is drawn, `clusters_of(rows)`.
        resamples: how many draws.
        seed: the same for all models that are compared.
    """
    return weighted(rows, metrics, units.weights(resamples, seed))


def observed(rows: Rows, metrics: Sequence[str]) -> dict[str, float]:
    """Return each metric of the rows as they are; NaN where they cannot tell it."""
    ones = np.ones((len(rows), 1), dtype=np.float32)
    return {name: float(values[0]) for name, values in weighted(rows, metrics, [ones]).items()}


def weighted(rows: Rows, metrics: Sequence[str], weights: Iterable[Weights]) -> dict[str, Draws]:
    """Return each metric under each column of weights; weights are whole numbers, given chunk after chunk.

    Raises:
        FerlabError: an unknown metric.
    """
    scores = _scores(rows, [check_metric(metric, rows.names) for metric in metrics])
    # a draw without any of the rows (of few clusters among many) tells nothing: NaN
    with np.errstate(invalid="ignore"):
        parts = [scores(chunk) for chunk in weights]
    return {metric: np.concatenate([part[metric] for part in parts]) for metric in metrics}


def _scores(rows: Rows, metrics: Sequence[str]) -> Callable[[Weights], dict[str, Draws]]:
    """Prepare what does not depend on the weights, and return the figures as a function of them."""
    macro = [m for m in metrics if m in OF_A_LABEL] if is_multilabel(rows.meta) else []
    if not macro:
        return plain_scores(rows, metrics)
    others = plain_scores(rows, [m for m in metrics if m not in macro])
    places = [np.flatnonzero(rows.columns[TRAIT] == trait) for trait in np.unique(rows.columns[TRAIT])]
    wanted = list({OF_A_LABEL[m] for m in macro})
    labels = [(place, plain_scores(rows.take(place), wanted)) for place in places]

    def scores(weights: Weights) -> dict[str, Draws]:
        each = [of_label(weights[place]) for place, of_label in labels]
        return others(weights) | {m: mean_of([one[OF_A_LABEL[m]] for one in each]) for m in macro}

    return scores


def mean_of(draws: Sequence[Draws]) -> Draws:
    """Return the mean of several figures in each draw, of those that it tells; NaN where it tells none."""
    every = np.stack(draws)
    told = (~np.isnan(every)).sum(0)
    return np.asarray(np.where(told > 0, np.nansum(every, axis=0) / np.maximum(told, 1), np.nan))


def plain_scores(rows: Rows, metrics: Sequence[str]) -> Callable[[Weights], dict[str, Draws]]:
    """Return the figures of rows as a function of weights (row, draw), whatever label each row speaks of."""
    classes, p = len(rows.names), rows.probabilities.astype(np.float64)
    of_a_class = {m: m.partition(".")[::2] for m in metrics if "." in m}
    tables = any(m in MACRO for m in metrics) or any(kind != "auroc" for kind, _ in of_a_class.values())
    cells = np.zeros((classes**2, len(rows)), dtype=np.float32)
    cells[rows.labels * classes + rows.preds, np.arange(len(rows))] = 1
    means = {m: LOSSES[m](rows.probabilities, rows.labels) for m in metrics if m in LOSSES}
    ranks = label_ranks(rows) if any(m.startswith("top") for m in metrics) else rows.labels
    means |= {m: (ranks < int(m[3:])).astype(np.float64) for m in metrics if m.startswith("top")}
    if "accuracy" in metrics:
        means["accuracy"] = (rows.preds == rows.labels).astype(np.float64)
    wanted = set(range(classes)) if "auroc_macro" in metrics else set()
    wanted |= {rows.names.index(name) for kind, name in of_a_class.values() if kind == "auroc"}

    def scores(weights: Weights) -> dict[str, Draws]:
        total = weights.sum(0, dtype=np.float64)
        # a sum over rows, not a matrix product: BLAS may order it by the number of threads
        out = {m: np.einsum("rb,r->b", weights, values) / total for m, values in means.items()}
        if tables:
            # a product of whole numbers is exact in any order
            confusion = (cells @ weights).T.reshape(-1, classes, classes).astype(np.float64)
            out |= macro_scores(confusion)
            single, occurs = class_scores(confusion), confusion.sum(-1) > 0
            for m, (kind, name) in of_a_class.items():
                if kind != "auroc":
                    i = rows.names.index(name)
                    out[m] = np.where(occurs[:, i], single[kind][:, i], np.nan)
        areas = {i: weighted_auroc(p[:, i], rows.labels == i, weights) for i in sorted(wanted)}
        out |= {m: areas[rows.names.index(name)] for m, (kind, name) in of_a_class.items() if kind == "auroc"}
        if "auroc_macro" in metrics:
            out["auroc_macro"] = mean_of([areas[i] for i in range(classes)])
        return out

    return scores
