"""Grad-CAM and Grad-CAM++: where in an image a class' evidence lies, read from a layer's maps.

Sources: Selvaraju et al., ICCV 2017, doi:10.1109/ICCV.2017.74; Chattopadhay et al., WACV 2018,
doi:10.1109/WACV.2018.00097.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.explain.layers import find_layer, reading
from ferlab.explain.target import class_score, gradient, scaled
from ferlab.explain.windows import joined


def gradcam(
    net: nn.Module,
    x: Float[Tensor, "batch channel height width"],
    layer: str | None = None,
    target: Int[Tensor, "batch"] | None = None,
) -> Float[Tensor, "batch height width"]:
    """Return the evidence for a class at each place, the strongest of each image scaled to 1.

    An image without any positive evidence gets a map of zeros. The net is left untouched: mode, hooks, gradients.

    Args:
        net: gives logits (batch, classes), or (batch, 1) for a binary task.
        x: what the net takes, preprocessed.
        layer: name of any layer whose output is (batch, maps, height, width); the last convolution by default,
            read before its activation. A convolution early in the net gives finer maps, a late one more telling maps.
        target: class index of each image, 0 or 1 for a binary task; by default the predicted one.

    Raises:
        FerlabError: no such layer (the message lists the convolutions), a target that is no class, or a score that
            hands no gradient back.
    """
    maps, slope = _read(net, x, layer, target)
    weights = slope.mean((2, 3), keepdim=True)
    return _enlarged(net, (weights * maps).sum(1), x)


def gradcam_pp(
    net: nn.Module,
    x: Float[Tensor, "batch channel height width"],
    layer: str | None = None,
    target: Int[Tensor, "batch"] | None = None,
) -> Float[Tensor, "batch height width"]:
    """Return the evidence for a class by Grad-CAM++, which counts each place where a map speaks for the class alike.

    The method presumes maps of 0 or more. A layer read before its activation counts as if a ReLU followed it. For
    gradients g the weight of a place, g^2 / (2 g^2 + sum(A) g^3), is 1 / (2 + sum(A) g).

    Args, scale and errors are those of `gradcam`.
    """
    maps, slope = _read(net, x, layer, target)
    maps, rise = maps.clamp_min(0), slope.clamp_min(0)
    weights = (rise / (2 + maps.sum((2, 3), keepdim=True) * rise)).sum((2, 3), keepdim=True)
    return _enlarged(net, (weights * maps).sum(1), x)


def _read(
    net: nn.Module, x: Tensor, layer: str | None, target: Tensor | None
) -> tuple[Float[Tensor, "batch maps rows columns"], Float[Tensor, "batch maps rows columns"]]:
    """Return a layer's maps and the gradient of the class' score with respect to them."""
    name, _ = find_layer(net, layer)
    # a caller in inference mode would hand on tensors that know no gradients
    with torch.inference_mode(False), torch.enable_grad(), reading(net, [name]) as seen:
        logits = net(x.detach().clone().requires_grad_(True))
        if name not in seen:
            raise FerlabError(f"explain: layer {name!r} took no part in the forward pass; choose another layer")
        maps = seen[name]
        slope = gradient(class_score(logits, target), maps, f"layer {name!r}")
    return maps.detach().float(), slope.float()


def _enlarged(
    net: nn.Module, heat: Float[Tensor, "picture rows columns"], x: Tensor
) -> Float[Tensor, "batch height width"]:
    """Scale heat up to the images; what speaks against the class is dropped before, not after.

    Of a net that reads windows each window has weights of its own, and their heat is averaged where they overlap.
    """
    whole = joined(net, heat.clamp_min(0)[:, None])
    return scaled(F.interpolate(whole, x.shape[2:], mode="bilinear", align_corners=False)[:, 0])
