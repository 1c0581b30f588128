"""From which probability on each label of a multilabel task is said: chosen on validation rows, or one number for all.

Chosen is what gets most validation rows right, by the rule of one standard error (Breiman et al., Classification and
Regression Trees, 1984, section 3.4.3): of all thresholds that the best one does not beat by more than the noise of the
rows on which they differ, the one nearest to .5. With a few hundred rows the best threshold itself is mostly luck: in
simulations with 220 rows it cost a calibrated network .4 to .9 points of accuracy beside .5, this rule .1 to .2.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int64

from ferlab.errors import FerlabError

VALIDATION = "validation"
Thresholds = dict[str, float]


def check_thresholds(wanted: str | float | int) -> None:
    """Refuse what names no thresholds.

    Raises:
        FerlabError: neither "validation" nor a number above 0 and below 1.
    """
    number = isinstance(wanted, int | float) and not isinstance(wanted, bool)
    if wanted != VALIDATION and not (number and 0 < float(wanted) < 1):
        raise FerlabError(
            f"thresholds: expected {VALIDATION} or a probability above 0 and below 1, found {wanted!r}; "
            "cure: thresholds=validation"
        )


def thresholds_of(
    wanted: str | float | int,
    names: Sequence[str],
    probabilities: Float[np.ndarray, "row label"],
    labels: Int64[np.ndarray, "row label"],
) -> Thresholds:
    """Return each label's threshold.

    Args:
        wanted: "validation", or the number that all labels share.
        names: of the labels.
        probabilities: of the validation rows, 0..1.
        labels: of the validation rows, 0 or 1.

    Raises:
        FerlabError: as `check_thresholds`.
    """
    check_thresholds(wanted)
    if not isinstance(wanted, str):
        return dict.fromkeys(names, float(wanted))
    return {name: chosen(probabilities[:, i], labels[:, i]) for i, name in enumerate(names)}


def chosen(probabilities: Float[np.ndarray, "row"], labels: Int64[np.ndarray, "row"]) -> float:
    """Return one label's threshold from its validation rows; .5 where they cannot tell (none, one side, NaN).

    Args:
        probabilities: that the label is true, 0..1.
        labels: 0 or 1.
    """
    p = probabilities.astype(np.float64)
    if not len(p) or np.isnan(p).any() or len(np.unique(labels)) < 2:
        return 0.5
    order = np.argsort(p, kind="stable")
    ranked, true = p[order], labels[order]
    # with `below` of the rows under the threshold: what is no among them and yes above is right
    below = np.flatnonzero(np.concatenate([[True], ranked[1:] > ranked[:-1], [True]]))
    no = np.concatenate([[0], np.cumsum(1 - true)])[below]
    yes = true.sum() - np.concatenate([[0], np.cumsum(true)])[below]
    right = no + yes
    places = np.concatenate([[0.0], ranked, [1.0]])
    low, high = places[below], places[below + 1]
    # the nearest to .5 that parts the rows so; on the edges themselves float32 would decide
    nearest = np.where((low < 0.5) & (high >= 0.5), 0.5, (low + high) / 2)
    best = right == right.max()
    at = int(np.flatnonzero(best)[np.abs(nearest[best] - 0.5).argmin()])
    # rows that one threshold says yes to and the other no: right of one, wrong of the other
    noise = np.sqrt(np.abs(below - below[at]))
    held = np.flatnonzero(right[at] - right <= noise)
    return round(float(nearest[held[np.abs(nearest[held] - 0.5).argmin()]]), 6)


def decided(
    probabilities: Float[np.ndarray, "row label"], thresholds: Mapping[str, float | int]
) -> Bool[np.ndarray, "row label"]:
    """Return which labels are said; `thresholds` stand in the order of the columns."""
    return np.asarray(probabilities.astype(np.float64) >= np.array([float(value) for value in thresholds.values()]))
