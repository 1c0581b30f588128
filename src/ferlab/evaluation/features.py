"""What a net makes of an image before it decides: the input of its last dense layer."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.evaluation.lens import Raw, lens_of


def features(
    net: nn.Module,
    preprocess: Callable[[Tensor], Tensor],
    images: Raw,
    batch_size: int = 64,
) -> Float32[np.ndarray, "image feature"]:
    """Return the features of raw images, or sounds.

    The last dense layer is the one that runs last, whatever its name, so any net will do. The net is left as it was:
    mode, hooks, weights.

    Args:
        net: without its preprocessing; runs where its weights lie.
        preprocess: a batch of raw samples to the net's input.
        images: as the data give them.
        batch_size: images at once.

    Raises:
        FerlabError: the net has no dense layer.
    """
    dense = [module for module in net.modules() if isinstance(module, nn.Linear)]
    if not dense:
        raise FerlabError(f"features: {type(net).__name__} has no dense layer whose input could be read")
    lens, latest = lens_of(preprocess, net), list[Tensor]()

    def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        latest[:] = [inputs[0]]

    modes = [(module, module.training) for module in net.modules()]
    hooks = [module.register_forward_pre_hook(keep) for module in dense]
    parts = []
    try:
        lens.net.eval()
        with torch.no_grad():
            for i in range(0, len(images), batch_size):
                lens.net(lens.input(images[i : i + batch_size]))
                parts.append(latest[0].flatten(1).float().cpu().numpy())
    finally:
        for hook in hooks:
            hook.remove()
        for module, was in modes:
            module.training = was
    return np.concatenate(parts)
