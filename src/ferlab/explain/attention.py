"""Attention: how much each step of a sequence counted, as a net with attentive pooling weighs them itself."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.explain.layers import evaluating

LAYER = "attention.weights"
"""A layer of this name puts out (batch, step), each row summing to 1."""


def has_attention(net: nn.Module) -> bool:
    """Tell whether the net weighs the steps of a sequence."""
    return _layer(net) is not None


def attention(net: nn.Module, x: Float[Tensor, "batch channel mel frame"]) -> Float[Tensor, "batch step"]:
    """Return the weight of each step, evenly spread over the frames; a row sums to 1. The net is left untouched.

    What is read is where the net looks, not what speaks for a class: the weights are the same for all classes.

    Args:
        net: has a layer `attention.weights`.
        x: what the net takes, preprocessed.

    Raises:
        FerlabError: it has no such layer.
    """
    layer = _layer(net)
    if layer is None:
        raise FerlabError(
            f"explain: {type(net).__name__} has no layer {LAYER!r}; choose a model with one (res_lstm_attention)"
        )
    seen: list[Tensor] = []
    hook = layer.register_forward_hook(lambda _, __, output: seen.append(output.detach()))
    try:
        with torch.no_grad(), evaluating(net):
            net(x)
    finally:
        hook.remove()
    return seen[-1].float()


def _layer(net: nn.Module) -> nn.Module | None:
    return next((m for name, m in net.named_modules() if name == LAYER or name.endswith("." + LAYER)), None)
