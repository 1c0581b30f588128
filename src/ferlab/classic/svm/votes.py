"""From the machines of all pairs of classes to one class, as libsvm and scikit-learn's SVC do it."""

import numpy as np
from jaxtyping import Float64, Int64

from ferlab.classic.svm.pairs import pairs_of

# how far a class that is held down stays below the decided one, in mean margins; single precision still tells it
STEP = 1e-4


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
    margins = _summed(machines, classes)
    margins /= 3 * (np.abs(margins) + 1)
    margins += votes(machines, classes, draw=True)
    return margins


def margins(machines: Float64[np.ndarray, "sample pair"], classes: int) -> Float64[np.ndarray, "sample classes"]:
    """Return each class's margins, summed over its pairs, none above that of the class with most votes.

    Votes count whole machines, so that decision values made of them say little of how sure a decision is. The class
    that SVC decides for stays the largest: others are held just below it.
    """
    summed = _summed(machines, classes)
    decided = winners(machines, classes, break_ties=True)[:, None]
    # of each row by itself: a sample's answer must not hang on those it is asked with
    size = np.abs(summed).mean(1, keepdims=True)
    least = STEP * np.where(size > 0, size, 1)
    held = np.minimum(summed, np.take_along_axis(summed, decided, axis=1) - least)
    np.put_along_axis(held, decided, np.take_along_axis(summed, decided, axis=1), axis=1)
    return np.asarray(held)


def _summed(machines: Float64[np.ndarray, "sample pair"], classes: int) -> Float64[np.ndarray, "sample classes"]:
    out = np.zeros((len(machines), classes))
    for column, (i, j) in enumerate(pairs_of(classes)):
        out[:, i] += machines[:, column]
        out[:, j] -= machines[:, column]
    return out


def winners(
    machines: Float64[np.ndarray, "sample pair"], classes: int, break_ties: bool
) -> Int64[np.ndarray, "sample"]:
    """Return each sample's class: the one with most votes, the first of several unless ties are broken by margins."""
    if break_ties and classes > 2:
        return np.asarray(ovr(machines, classes).argmax(axis=1))
    return np.asarray(votes(machines, classes, draw=False).argmax(axis=1))
