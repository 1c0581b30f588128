"""What a network makes of a sample before it decides: the input of its last dense layer."""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor, nn

from ferlab.errors import FerlabError


def penultimate(
    net: nn.Module, run: Callable[[Tensor], object], inputs: Iterable[Tensor]
) -> Float32[np.ndarray, "sample feature"]:
    """Return the features of preprocessed samples.

    The last dense layer is the one that runs last, whatever its name, so any net will do. The net is left as it was:
    mode, hooks, weights.

    Args:
        net: whose features they are.
        run: runs it: the net itself, or what holds it.
        inputs: batches of what `run` takes, where the weights lie.

    Raises:
        FerlabError: the net has no dense layer.
    """
    dense = [module for module in net.modules() if isinstance(module, nn.Linear)]
    if not dense:
        raise FerlabError(f"features: {type(net).__name__} has no dense layer whose input could be read")
    latest = list[Tensor]()

    def keep(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        latest[:] = [given[0]]

    outer = [run] if isinstance(run, nn.Module) else []
    modes = [(module, module.training) for root in (net, *outer) for module in root.modules()]
    hooks = [module.register_forward_pre_hook(keep) for module in dense]
    parts = []
    try:
        for root in (net, *outer):
            root.eval()
        with torch.no_grad():
            for batch in inputs:
                run(batch)
                parts.append(latest[0].flatten(1).float().cpu().numpy())
    finally:
        for hook in hooks:
            hook.remove()
        for module, was in modes:
            module.training = was
    return np.concatenate(parts)
