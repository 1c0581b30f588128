"""The figures of one split of several labels a sample: of each label, and their means over the labels.

A mean is drawn with all labels of a sample together, since those are not independent. Whether a label is told better
than by chance is asked of its accuracy beside that of the best constant answer on the same rows: McNemar's exact test
(mid-p, one-sided: above), or a paired clustered bootstrap where several samples are of one person; Holm corrects for
the labels. Of models that know nothing less than one in a hundred calls any of five labels told (a simulation with
thresholds chosen on 220 validation rows, 247 and 2,467 test rows): the noise of the constant answer counts as well.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ferlab.errors import FerlabError
from ferlab.evaluation.calibration import log_losses
from ferlab.evaluation.clusters import Units, clusters_of
from ferlab.evaluation.estimates import Estimate, bootstrapped, clustered, proportion
from ferlab.evaluation.intervals import LEVEL, RESAMPLES, SEED, Bounds, row_weights, weighted_auroc
from ferlab.evaluation.own_columns import TRAIT
from ferlab.evaluation.paired import only_one_right, paired_difference
from ferlab.evaluation.resampling import Draws, Weights, mean_of
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.scores import class_scores, confusion_matrix, macro_scores
from ferlab.evaluation.significance import ALPHA, holm, mcnemar
from ferlab.evaluation.unseen import reach

ABOVE, NOT_SHOWN = "above chance: yes", "above chance: not shown"
# name within a label -> name of the mean over labels
FIGURES = {"accuracy": "accuracy", "balanced_accuracy": "recall_macro", "f1": "f1_macro", "auroc": "auroc_macro"}
KINDS = ("precision", "recall", "f1")
MEANS = {mean: name for name, mean in FIGURES.items()} | {"precision_macro": "precision", "log_loss": "log_loss"}


def measure_traits(
    part: Rows,
    split: str,
    majority: Mapping[str, str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> dict[str, Any]:
    """Compute every figure of one split.

    Args:
        part: its rows, one a sample and label.
        split: its name.
        majority: what a constant guesser says of each label, "no" or "yes" (the larger side of the training set); by
            default the larger side of the split itself.
        resamples: bootstrap draws.
        seed: of the bootstrap.

    Returns:
        Plain values, estimates as `measure` has them. n (samples) and answers (samples times labels); accuracy,
        precision_macro, recall_macro, f1_macro and auroc_macro: means over the labels of the share right, of precision
        and F1 of yes, of balanced accuracy and of AUROC; log_loss (nats an answer); majority (label, accuracy: mean);
        traits.<label>: accuracy, balanced_accuracy, f1, auroc, majority (label, accuracy), n, positives, predicted,
        threshold (a list, one a fold, where folds are pooled), confusion, verdict, and beside: accuracy less that of
        the best constant answer (guess, value, low, high, interval, p, p_holm, test); mean: the means under the same
        names as a label's. labels, confusion, per_class: of all answers, "no" and "yes" (AUROC: the mean). top1, top2,
        absent and intervals as `measure`.

    Raises:
        FerlabError: `majority` does not answer every label with "no" or "yes".
    """
    traits: list[str] = list(part.meta["spec"]["labels"])
    own = {trait: part.take(np.flatnonzero(part.columns[TRAIT] == trait)) for trait in traits}
    units, guesses = clusters_of(part), _guesses(own, majority)
    ones = np.ones((len(part) // len(traits), 1), dtype=np.float32)
    values = {trait: _figures(rows, guesses[trait])(ones) for trait, rows in own.items()}
    draws = _drawn(part, own, units, guesses, resamples, seed)
    n, confusion = len(part) // len(traits), confusion_matrix(part.labels, part.preds, 2)

    def whole(metric: str, name: str) -> Estimate | None:
        value, drawn = (mean_of([found[t][name] for t in traits]) for found in (values, draws))
        return _estimate(metric, value, drawn, units, None if name == "guess" else reach(part, metric, units))

    out: dict[str, Any] = {
        "split": split,
        "n": n,
        "answers": len(part),
        "labels": list(part.names),
        "absent": [name for i, name in enumerate(part.names) if not confusion[i].any()],
        "intervals": {"level": LEVEL, "resamples": resamples, "seed": seed, **units.facts()},
    }
    out |= {mean: whole(mean, name) for mean, name in MEANS.items()}
    out |= {"top1": out["accuracy"], "top2": proportion(n, n)}
    out["per_class"] = _answers(part, values, draws, units, out["auroc_macro"])
    sides = list(dict.fromkeys(guesses.values()))
    label = sides[0] if len(sides) == 1 else "the larger side of each label"
    out["majority"] = {"label": label, "accuracy": whole("accuracy", "guess")}
    out["confusion"] = confusion.tolist()
    out["traits"] = {t: _trait(rows, t, guesses[t], values[t], draws[t]) for t, rows in own.items()}
    _judge(out["traits"])
    mean = {name: out[metric] for name, metric in FIGURES.items()}
    return out | {"mean": mean | {"majority": out["majority"]["accuracy"]}}


def larger_sides(names: Sequence[str], positives: Sequence[int], n: int) -> dict[str, str]:
    """Return what a constant guesser says of each label, from how many of `n` training samples have it."""
    return {name: "yes" if 2 * count > n else "no" for name, count in zip(names, positives, strict=True)}


def _guesses(own: dict[str, Rows], majority: Mapping[str, str] | None) -> dict[str, str]:
    if majority is None:
        return {trait: rows.names[_best_side(rows)] for trait, rows in own.items()}
    if set(majority) != set(own) or set(majority.values()) - {"no", "yes"}:
        raise FerlabError(f"baseline: expected no or yes for each of {list(own)}, found {dict(majority)}")
    return {trait: majority[trait] for trait in own}


def _best_side(own: Rows) -> int:
    return int(2 * int(own.labels.sum()) > len(own))


def _figures(own: Rows, guess: str) -> Callable[[Weights], dict[str, Any]]:
    """Return a label's figures as a function of weights, (draw,) each; "cells", (draw, 2, 2), counts its answers.

    With them the accuracy of two constant answers: `guess`, and the better one on these rows.
    """
    cells = np.zeros((4, len(own)), dtype=np.float32)
    cells[own.labels * 2 + own.preds, np.arange(len(own))] = 1
    p, positive = own.probabilities[:, 1].astype(np.float64), own.labels == 1
    losses = log_losses(own.probabilities, own.labels)
    side, best = own.names.index(guess), _best_side(own)

    def figures(weights: Weights) -> dict[str, Any]:
        # a product of whole numbers is exact in any order
        counts = (cells @ weights).T.reshape(-1, 2, 2).astype(np.float64)
        total, support = counts.sum((1, 2)), counts.sum(2)
        single, occurs = class_scores(counts), support[:, 1] > 0
        return {
            "cells": counts,
            "accuracy": np.trace(counts, axis1=1, axis2=2) / total,
            "guess": support[:, side] / total,
            "best": support[:, best] / total,
            "balanced_accuracy": macro_scores(counts)["recall_macro"],
            **{kind: np.where(occurs, single[kind][:, 1], np.nan) for kind in ("precision", "f1")},
            "auroc": weighted_auroc(p, positive, weights),
            # a sum over rows, not a matrix product: BLAS may order it by the number of threads
            "log_loss": np.einsum("rb,r->b", weights, losses) / total,
        }

    return figures


def _drawn(
    part: Rows, own: dict[str, Rows], units: Units, guesses: dict[str, str], resamples: int, seed: int
) -> dict[str, dict[str, Any]]:
    scores = {trait: _figures(rows, guesses[trait]) for trait, rows in own.items()}
    places = [np.flatnonzero(part.columns[TRAIT] == trait) for trait in own]
    found: dict[str, list[dict[str, Any]]] = {trait: [] for trait in own}
    with np.errstate(invalid="ignore", divide="ignore"):
        for tables in _weights(part, places, units, resamples, seed):
            for trait, weights in zip(own, tables, strict=True):
                found[trait].append(scores[trait](weights))
    return {t: {name: np.concatenate([one[name] for one in each]) for name in each[0]} for t, each in found.items()}


def _weights(part: Rows, places: list[np.ndarray], units: Units, resamples: int, seed: int) -> Iterator[list[Weights]]:
    """Yield the draws of `units.weights` for the rows of each label; rows in one order share one table."""
    index = np.arange(len(part)) if units.index is None else units.index
    own = [index[place] for place in places]
    for weights in row_weights(units.count, resamples, seed, chunk_mb=8):
        tables: list[np.ndarray] = []
        for i, one in enumerate(own):
            same = next((j for j in range(i) if np.array_equal(own[j], one)), None)
            tables.append(weights[one] if same is None else tables[same])
        yield tables


def _estimate(metric: str, value: Draws, draws: Draws, units: Units, far: Bounds | None) -> Estimate | None:
    at = float(value[0])
    if np.isnan(at):
        return None
    return bootstrapped(at, draws, far) if units.index is None else clustered(metric, at, draws, units.count, far)


def _trait(own: Rows, trait: str, guess: str, values: dict[str, Any], draws: dict[str, Any]) -> dict[str, Any]:
    units, n, best = clusters_of(own), len(own), _best_side(own)
    far = {name: reach(own, metric, units) for name, metric in FIGURES.items()}
    found = {name: _estimate(name, values[name], draws[name], units, far.get(name)) for name in (*FIGURES, "guess")}
    if units.index is None:
        found["accuracy"] = proportion(int((own.preds == own.labels).sum()), n)
        found["guess"] = proportion(int((own.labels == own.names.index(guess)).sum()), n)
    out: dict[str, Any] = {name: found[name] for name in FIGURES}
    out["majority"] = {"label": guess, "accuracy": found["guess"]}
    out |= {"n": n, "positives": int(own.labels.sum()), "predicted": int(own.preds.sum())}
    threshold: Any = own.meta.get("thresholds") or {}
    out["threshold"] = [one[trait] for one in threshold] if isinstance(threshold, list) else threshold.get(trait)
    out["confusion"] = confusion_matrix(own.labels, own.preds, 2).tolist()
    gap = paired_difference(
        float(values["accuracy"][0]), float(values["best"][0]), draws["accuracy"], draws["best"], units
    )
    test = "paired clustered bootstrap, one-sided"
    if units.index is None:
        constant = replace(own, preds=np.full(n, best))
        gap["p"], test = mcnemar(*only_one_right(own, constant))["p"], "McNemar, exact mid-p, one-sided"
    if gap["p"] is not None:
        # of two sides to the one that is asked for
        gap["p"] = float(gap["p"]) / 2 if float(gap["value"] or 0) > 0 else 1 - float(gap["p"]) / 2
    return out | {"beside": {"guess": own.names[best], **gap, "test": test}}


def _judge(traits: dict[str, dict[str, Any]]) -> None:
    """Put in each label's verdict: above the best constant answer, once all labels are counted, or not shown."""
    sides = [one["beside"] for one in traits.values()]
    for one, p in zip(traits.values(), holm([side["p"] for side in sides]), strict=True):
        one["beside"]["p_holm"] = p
        one["verdict"] = ABOVE if p is not None and p < ALPHA and one["beside"]["value"] > 0 else NOT_SHOWN


def _answers(
    part: Rows, values: dict[str, Any], draws: dict[str, Any], units: Units, area: Estimate | None
) -> dict[str, Any]:
    """Return precision, recall and F1 of all answers "no" and "yes", whatever the label."""
    cells, drawn = (np.sum([one["cells"] for one in found.values()], axis=0) for found in (values, draws))
    (at,), scores = cells, {kind: (class_scores(cells)[kind], class_scores(drawn)[kind]) for kind in KINDS}
    out = {}
    for i, name in enumerate(part.names):
        one: dict[str, Any] = dict.fromkeys(KINDS)
        if at[i].any():
            one = {
                kind: _estimate(kind, value[:, i], drawn[:, i], units, reach(part, f"{kind}.{name}", units))
                for kind, (value, drawn) in scores.items()
            }
        out[name] = one | {"auroc": area, "support": int(at[i].sum()), "predicted": int(at[:, i].sum())}
    return out
