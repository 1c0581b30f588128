"""The samples behind a run as pictures, and how they reach its net."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Int16, Int32, Shaped, UInt8
from torch import Tensor, nn

from ferlab.evaluation.looking.lens import Examples, Lens, Raw, lens_of


@dataclass(frozen=True)
class Pictures:
    """The samples behind a run, images or sounds, and how they reach the net.

    Attributes:
        x: all raw samples of the data set; usually memory-mapped, read by index.
        labels: class index of each.
        train: positions of the training samples in `x`, as training sees them.
        test: positions of the test samples, in the order of the rows.
        preprocess: raw samples, a batch of them, to the net's input.
        net: the chosen model without its preprocessing.
        augment: the training augmentation, raw samples in and out; None where there is none.
        masks: causal regions of synthetic images, aligned with `x`.
        ids: numbers of the words of texts, aligned with `x`.
    """

    x: (
        UInt8[np.ndarray, "sample height width channel"]
        | Int16[np.ndarray, "sample time"]
        | Shaped[np.ndarray, "sample"]
    )
    labels: Int[np.ndarray, "sample"] | Int[np.ndarray, "sample label"]
    train: Int[np.ndarray, "kept"]
    test: Int[np.ndarray, "row"]
    preprocess: Callable[[Tensor], Tensor]
    net: nn.Module
    augment: Callable[[Tensor], Tensor] | None = None
    masks: UInt8[np.ndarray, "sample height width"] | None = None
    ids: Int32[np.ndarray, "sample token"] | None = None

    @property
    def lens(self) -> Lens:
        """How the samples reach the net, and how they are shown."""
        return lens_of(self.preprocess, self.net)

    def examples(self, names: tuple[str, ...]) -> Examples:
        """Return what examples of the training samples are drawn from."""
        return Examples(self.x, self.labels, self.train, names, self.augment)

    def input(self, raw: Raw) -> Float[Tensor, "sample channel row column"]:
        """Return what the lens' net takes of raw samples, on its device."""
        return self.lens.input(raw)
