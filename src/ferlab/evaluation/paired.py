"""The difference of two models, or two ways to ask one, on the same samples, with its 95 % interval."""

from typing import Any

import numpy as np

from ferlab.errors import FerlabError
from ferlab.evaluation.intervals import RESAMPLES, SEED, percentile
from ferlab.evaluation.rows import Rows


def accuracy_difference(ours: Rows, theirs: Rows, resamples: int = RESAMPLES, seed: int = SEED) -> dict[str, Any]:
    """Return the accuracy of `ours` less that of `theirs`, with the percentile interval of a paired bootstrap.

    Resampling rows in pairs keeps what is easy or hard for both out of the interval. Rows alike in who was right are
    alike to the difference, so n resampled rows are one multinomial draw over the gains, losses and ties: exact.

    Args:
        ours: rows of one split.
        theirs: the same samples in the same order.
        resamples: bootstrap draws.
        seed: of the bootstrap.

    Returns:
        {"value", "low", "high", "interval": "paired bootstrap", "gained", "lost", "n"}: fractions of the samples;
        gained and lost count the samples that only one side got right.

    Raises:
        FerlabError: the samples differ.
    """
    if not np.array_equal(ours.ids, theirs.ids) or not np.array_equal(ours.labels, theirs.labels):
        raise FerlabError("paired difference: expected the same samples in the same order on both sides")
    right, other = ours.preds == ours.labels, theirs.preds == theirs.labels
    n, gained, lost = len(ours), int((right & ~other).sum()), int((~right & other).sum())
    drawn = np.random.default_rng(seed).multinomial(n, np.array([gained, lost, n - gained - lost]) / n, size=resamples)
    bounds = percentile((drawn[:, 0] - drawn[:, 1]) / n)
    assert bounds is not None
    return {
        "value": round((gained - lost) / n, 6),
        "low": round(bounds[0], 6),
        "high": round(bounds[1], 6),
        "interval": "paired bootstrap",
        "gained": gained,
        "lost": lost,
        "n": n,
    }
