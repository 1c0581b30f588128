"""Integrated gradients: a score's rise from a baseline to the image, shared out among the pixels.

Source: Sundararajan et al., ICML 2017, arXiv:1703.01365.
"""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.explain.baseline import mean_colour
from ferlab.explain.layers import evaluating
from ferlab.explain.target import chosen_class, class_score, gradient, scaled

STEPS = 32


def attributions(
    net: nn.Module,
    x: Float[Tensor, "batch channel height width"],
    target: Int[Tensor, "batch"] | None = None,
    baseline: Float[Tensor, "batch channel height width"] | None = None,
    steps: int = STEPS,
) -> Float[Tensor, "batch channel height width"]:
    """Return what each value of the input adds to the class' score (its logit), above the baseline's.

    They sum to score(x) - score(baseline), up to the error of `steps` points of Gauss and Legendre's quadrature.
    The net is left untouched: mode, hooks, gradients.

    Args:
        net: gives logits (batch, classes), or (batch, 1) for a binary task.
        x: what the net takes, preprocessed.
        target: class index of each image, 0 or 1 for a binary task; by default the class predicted for `x`.
        baseline: the image that says nothing; by default each image's mean colour, in the net's own input. Pixels
            of the baseline's own value get nothing, whatever they mean: with black, no dark pixel would.
        steps: gradients taken along the way.

    Raises:
        FerlabError: a target that is no class, fewer than one step, or a score that hands no gradient back.
    """
    if steps < 1:
        raise FerlabError(f"explain: integrated gradients expect one step or more, found {steps}")
    places, weights = np.polynomial.legendre.leggauss(steps)
    # a caller in inference mode would hand on tensors that know no gradients
    with torch.inference_mode(False), torch.enable_grad(), evaluating(net):
        image = x.detach().clone()
        start = mean_colour(image) if baseline is None else baseline.detach().clone()
        with torch.no_grad():
            chosen = chosen_class(net(image), target)
        total = torch.zeros_like(image)
        for place, weight in zip(places, weights, strict=True):
            point = torch.lerp(start, image, (float(place) + 1) / 2).requires_grad_(True)
            total += float(weight) / 2 * gradient(class_score(net(point), chosen), point, "the image")
        return total * (image - start)


def integrated_gradients(
    net: nn.Module,
    x: Float[Tensor, "batch channel height width"],
    target: Int[Tensor, "batch"] | None = None,
    baseline: Float[Tensor, "batch channel height width"] | None = None,
    steps: int = STEPS,
) -> Float[Tensor, "batch height width"]:
    """Return the attributions that speak for the class, summed over channels, the strongest of each image scaled to 1.

    Args and errors are those of `attributions`.
    """
    return scaled(attributions(net, x, target, baseline, steps).sum(1))
