"""Features that learn (TF-IDF, the mean face), as they are where only some of the training samples were seen.

The folds of a search and of calibration ask for that: what was learnt from a sample must not help to tell it.
"""

import copy
from typing import Any

import numpy as np
from jaxtyping import Int64

from ferlab.classic.inputs import Block, Inputs, side_by_side
from ferlab.classic.preprocessing import Features
from ferlab.data.sampling import Extra


class Relearning:
    """Gives features that learnt from some samples alone.

    A feature that can count first and weigh later (`counts`, `weighted`) counts once for all folds; any other is
    fitted anew. Memory: the counts.

    Args:
        inputs: the features, fitted on all training samples.
        x: raw samples.
        extra: images that rebalancing made; their places follow those of the samples.
        training: the training samples, each once, in order.
    """

    def __init__(self, inputs: Inputs, x: Any, extra: Extra | None, training: Int64[np.ndarray, "shown"]) -> None:
        self.inputs, self.x, self.extra, self.training = inputs, x, extra, training
        self._counts: dict[str, Any] = {}

    def __call__(self, seen: Int64[np.ndarray, "sample"], places: Int64[np.ndarray, "row"]) -> Features:
        """Return features side by side.

        Args:
            seen: training samples to learn from, each once.
            places: of the rows that are asked for, training samples or made images.
        """
        return side_by_side([self._rows(block, seen, places) for block in self.inputs.blocks])

    def _rows(self, block: Block, seen: np.ndarray, places: np.ndarray) -> Features:
        if not block.feature.learns:
            return block.x[places]
        if hasattr(block.feature, "counts"):
            if block.name not in self._counts:
                self._counts[block.name] = block.feature.counts(self.x[self.training])
            own, asked = (np.searchsorted(self.training, which) for which in (seen, places))
            return block.feature.weighted(self._counts[block.name], own)[asked]
        # it replaces what it learnt before, so that the one fitted on all stays as it is
        again = copy.copy(block.feature)
        again.fit(self.x[seen])
        which, back = np.unique(places, return_inverse=True)
        return again.transform(self._raw(which))[back]

    def _raw(self, places: np.ndarray) -> Any:
        made = places[places >= len(self.x)] - len(self.x)
        own = self.x[places[places < len(self.x)]]
        return own if self.extra is None or not len(made) else np.concatenate([own, self.extra.x[made]])
