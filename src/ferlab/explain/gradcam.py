"""Grad-CAM: where in an image a class' evidence lies. Source: Selvaraju et al., ICCV 2017, doi:10.1109/ICCV.2017.74."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.explain.layers import find_layer, reading


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
        FerlabError: no such layer (the message lists the convolutions), or a target that is no class.
    """
    name, _ = find_layer(net, layer)
    # a caller in inference mode would hand on tensors that know no gradients
    with torch.inference_mode(False), torch.enable_grad(), reading(net, [name]) as seen:
        logits = net(x.detach().clone().requires_grad_(True))
        if name not in seen:
            raise FerlabError(f"explain: layer {name!r} took no part in the forward pass; choose another layer")
        activation = seen[name]
        (gradient,) = torch.autograd.grad(_score(logits, target).sum(), activation)
    weights = gradient.mean((2, 3), keepdim=True)
    heat = F.relu((weights * activation.detach()).sum(1, keepdim=True)).float()
    heat = F.interpolate(heat, x.shape[2:], mode="bilinear", align_corners=False)[:, 0]
    peak = heat.amax((1, 2), keepdim=True)
    return torch.where(peak > 0, heat / peak.clamp_min(torch.finfo(heat.dtype).tiny), torch.zeros_like(heat))


def _score(logits: Float[Tensor, "batch outputs"], target: Int[Tensor, "batch"] | None) -> Float[Tensor, "batch"]:
    classes = max(logits.shape[1], 2)
    if target is not None and bool(((target < 0) | (target >= classes)).any()):
        raise FerlabError(f"explain: expected target classes 0..{classes - 1}, found {target.tolist()}")
    target = None if target is None else target.to(logits.device)
    if logits.shape[1] == 1:
        positive = logits[:, 0] > 0 if target is None else target == 1
        return torch.where(positive, logits[:, 0], -logits[:, 0])
    chosen = logits.argmax(1) if target is None else target
    return logits.gather(1, chosen[:, None])[:, 0]
