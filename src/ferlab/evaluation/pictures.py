"""The images behind a run, and how they reach its net."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn

from ferlab.evaluation.evidence import net_input


@dataclass(frozen=True)
class Pictures:
    """The images behind a run, and how they reach the net.

    Attributes:
        x: all raw images of the data set; usually memory-mapped, read by index.
        labels: class index of each.
        train: positions of the training samples in `x`, as training sees them.
        test: positions of the test samples, in the order of the rows.
        preprocess: raw pixels (batch, channel, height, width) to the net's input.
        net: the chosen model without its preprocessing.
        augment: the training augmentation, pixels 0..255 in and out; None where there is none.
        masks: causal regions of synthetic images, aligned with `x`.
    """

    x: UInt8[np.ndarray, "sample height width channel"]
    labels: Int[np.ndarray, "sample"]
    train: Int[np.ndarray, "kept"]
    test: Int[np.ndarray, "row"]
    preprocess: Callable[[Tensor], Tensor]
    net: nn.Module
    augment: Callable[[Tensor], Tensor] | None = None
    masks: UInt8[np.ndarray, "sample height width"] | None = None

    def input(
        self, images: UInt8[np.ndarray, "image height width channel"]
    ) -> Float[Tensor, "image channels rows columns"]:
        """Return what the net takes of raw images, on its device."""
        return net_input(images, self.preprocess, self.net)
