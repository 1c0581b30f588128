"""From the machines of all pairs of classes to one class, as libsvm and scikit-learn's SVC do it."""

import numpy as np
from jaxtyping import Float64, Int64

from ferlab.classic.svm_pairs import pairs_of


def votes(
    machines: Float64[np.ndarray, "sample pair"], classes: int, draw: bool
) -> Float64[np.ndarray, "sample classes"]:
    """Count the pairs that each class wins.

    Args:
        machines: above 0 is the pair's first class.
        classes: number of classes.
        draw: a machine that says exactly 0 means the first class (SVC's decision function), else the second
            (libsvm's prediction).
    """
    out = np.zeros((len(machines), classes))
    for column, (i, j) in enumerate(pairs_of(classes)):
        first = machines[:, column] >= 0 if draw else machines[:, column] > 0
        out[first, i] += 1
        out[~first, j] += 1
    return out


def ovr(machines: Float64[np.ndarray, "sample pair"], classes: int) -> Float64[np.ndarray, "sample classes"]:
    """Return SVC's one-against-rest decision values: votes, and the summed margins squeezed below half a vote."""
    margins = np.zeros((len(machines), classes))
    for column, (i, j) in enumerate(pairs_of(classes)):
        margins[:, i] += machines[:, column]
        margins[:, j] -= machines[:, column]
    margins /= 3 * (np.abs(margins) + 1)
    margins += votes(machines, classes, draw=True)
    return margins


def winners(
    machines: Float64[np.ndarray, "sample pair"], classes: int, break_ties: bool
) -> Int64[np.ndarray, "sample"]:
    """Return each sample's class: the one with most votes, the first of several unless ties are broken by margins."""
    if break_ties and classes > 2:
        return np.asarray(ovr(machines, classes).argmax(axis=1))
    return np.asarray(votes(machines, classes, draw=False).argmax(axis=1))
