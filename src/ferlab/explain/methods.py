"""One way to ask any method of explanation for heat."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.explain.gradcam import gradcam, gradcam_pp
from ferlab.explain.integrated_gradients import integrated_gradients
from ferlab.explain.occlusion import occlusion

WORDS = {
    "gradcam": "Grad-CAM",
    "gradcam_pp": "Grad-CAM++",
    "integrated_gradients": "integrated gradients",
    "occlusion": "occlusion",
}
"""Method -> its name in prose, in the order of a report."""
NEED_MAPS = ("gradcam", "gradcam_pp")
"""Methods that read a layer's maps: a net without 2-D convolutions has none."""
PART = 64


def explain(
    net: nn.Module,
    x: Float[Tensor, "batch channel height width"],
    method: str = "gradcam",
    target: Int[Tensor, "batch"] | None = None,
    layer: str | None = None,
    patch: int | None = None,
    stride: int | None = None,
) -> Float[Tensor, "batch height width"]:
    """Return heat of 0 or more for a class, each image's strongest place 1; an image without evidence has zeros.

    Any number of images: a part at a time passes the net, which is left untouched (mode, hooks, gradients).

    Args:
        net: gives logits (batch, classes), or (batch, 1) for a binary task.
        x: what the net takes, preprocessed.
        method: gradcam, gradcam_pp, integrated_gradients or occlusion.
        target: class index of each image, 0 or 1 for a binary task; by default the predicted one.
        layer: what Grad-CAM and Grad-CAM++ read; the last convolution by default.
        patch: side of occlusion's patch; a sixth of the shorter side by default.
        stride: pixels from one patch to the next; half a patch by default.

    Raises:
        FerlabError: no such method, layer or class; a net without convolutions, or without gradients, for a method
            that needs them.
    """

    def one(images: Tensor, classes: Tensor | None) -> Tensor:
        match method:
            case "gradcam":
                return gradcam(net, images, layer, classes)
            case "gradcam_pp":
                return gradcam_pp(net, images, layer, classes)
            case "integrated_gradients":
                return integrated_gradients(net, images, classes)
            case "occlusion":
                return occlusion(net, images, classes, patch, stride)
        raise FerlabError(f"explain.methods: no method {method!r}; what exists: {', '.join(WORDS)}")

    classes = [None] * -(-len(x) // PART) if target is None else torch.split(target, PART)
    return torch.cat([one(images, some) for images, some in zip(torch.split(x, PART), classes, strict=True)])
