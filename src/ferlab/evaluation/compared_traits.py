"""Two models label by label: their difference on each of several labels a sample, McNemar's test, Holm over all."""

from typing import Any

import numpy as np

from ferlab.evaluation.clusters import clusters_of
from ferlab.evaluation.multilabel_rows import is_multilabel
from ferlab.evaluation.own_columns import TRAIT
from ferlab.evaluation.paired import only_one_right, paired_difference
from ferlab.evaluation.resampling import observed, resample
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.significance import holm, mcnemar
from ferlab.evaluation.unseen import difference_reach


def by_label(ours: Rows, theirs: Rows, metric: str, resamples: int, seed: int) -> dict[str, Any] | None:
    """Compare two models on each label.

    Args:
        ours: rows of one split.
        theirs: the same samples in the same order.
        metric: out of `metrics_of`.
        resamples: bootstrap draws.
        seed: of the bootstrap.

    Returns:
        label -> value (ours less theirs), low, high, interval, p, p_holm and mcnemar (accuracy, where no person stands
        behind several samples; else None: McNemar's test takes rows for independent). None where each sample has one
        class.
    """
    if not is_multilabel(ours.meta):
        return None
    out: dict[str, Any] = {}
    for trait in ours.meta["spec"]["labels"]:
        place = np.flatnonzero(ours.columns[TRAIT] == trait)
        one, other = ours.take(place), theirs.take(place)
        units = clusters_of(one)
        (value, draws), (value2, draws2) = (
            (observed(rows, [metric])[metric], resample(rows, [metric], units, resamples, seed)[metric])
            for rows in (one, other)
        )
        exact = metric == "accuracy" and units.index is None
        far = difference_reach(one, other, metric, units)
        found = paired_difference(value, value2, draws, draws2, units, far)
        out[trait] = found | {"mcnemar": mcnemar(*only_one_right(one, other)) if exact else None}
    corrected = holm([one["mcnemar"]["p"] if one["mcnemar"] else one["p"] for one in out.values()])
    for one, p in zip(out.values(), corrected, strict=True):
        one["p_holm"] = p
    return out
