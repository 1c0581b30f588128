"""Feature maps: what chosen layers make of an image."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.explain.layers import conv_layers, reading
from ferlab.explain.windows import joined


def feature_maps(
    net: nn.Module, x: Float[Tensor, "batch channel height width"], layers: Sequence[str] | None = None, most: int = 4
) -> dict[str, Float[Tensor, "batch maps rows columns"]]:
    """Return the output of chosen layers by name, in the order asked; the net is left untouched.

    Where a net reads windows of the picture (`explain.windows`), the maps are laid onto the whole of it.

    Args:
        net: any net.
        x: what the net takes, preprocessed.
        layers: names of layers whose output is (batch, maps, height, width); by default convolutions spread evenly
            from the first to the last.
        most: how many layers the default takes.

    Raises:
        FerlabError: no such layer (the message lists the convolutions), or the net has none to default to.
    """
    if layers is None:
        known = conv_layers(net)
        if not known:
            raise FerlabError(
                f"explain: {type(net).__name__} has no 2-D convolution; choose a model with one, or name layers"
            )
        taken = min(most, len(known))
        layers = [known[round(i * (len(known) - 1) / max(taken - 1, 1))] for i in range(taken)]
    with torch.no_grad(), reading(net, layers) as seen:
        net(x)
    return {name: joined(net, seen[name].detach()) for name in layers}
