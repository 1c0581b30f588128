"""What a net makes of an image before it decides: the input of its last dense layer."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32
from torch import Tensor, nn

from ferlab.evaluation.looking.lens import Raw, lens_of
from ferlab.models.penultimate import batch_for, penultimate


def features(
    net: nn.Module,
    preprocess: Callable[[Tensor], Tensor],
    images: Raw,
    batch_size: int | None = None,
) -> Float32[np.ndarray, "image feature"]:
    """Return the features of raw images, or sounds.

    The last dense layer is the one that runs last, whatever its name, so any net will do. The net is left as it was:
    mode, hooks, weights.

    Args:
        net: without its preprocessing; runs where its weights lie.
        preprocess: a batch of raw samples to the net's input.
        images: as the data give them.
        batch_size: images at once; None: as suits the device.

    Raises:
        FerlabError: the net has no dense layer.
    """
    lens = lens_of(preprocess, net)
    batch_size = batch_for(next(net.parameters()).device) if batch_size is None else batch_size
    inputs = (lens.input(images[i : i + batch_size]) for i in range(0, len(images), batch_size))
    return penultimate(net, lens.net, inputs)
