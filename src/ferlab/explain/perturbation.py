"""Insertion and deletion: how a class' probability moves as pixels are replaced in the order of an explanation.

Source: Petsiuk et al., BMVC 2018, arXiv:1806.07421. Deletion replaces the hottest pixels first, by the image's mean
colour: good heat makes the probability fall early. Insertion begins with a blurred image and puts the hottest pixels
of the true one in first: good heat makes it rise early.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ferlab.explain.baseline import blurred, mean_colour
from ferlab.explain.layers import evaluating
from ferlab.explain.target import log_probability

POINTS = 11
"""Places along a curve, both ends among them."""
PART = 64


def ranks(heat: Float[Tensor, "image height width"], generator: torch.Generator) -> Int64[Tensor, "image height width"]:
    """Return each pixel's place in the order, the hottest 0; places of equal heat, cold ones mostly, fall by lot."""
    flat = heat.cpu().flatten(1)
    lot = torch.rand(flat.shape, generator=generator).argsort(1)
    order = lot.gather(1, flat.gather(1, lot).argsort(dim=1, descending=True, stable=True))
    place = torch.arange(flat.shape[1]).expand_as(order)
    return torch.empty_like(order).scatter_(1, order, place).view(heat.shape)


def random_ranks(shape: torch.Size, generator: torch.Generator) -> Int64[Tensor, "image height width"]:
    """Return orders that know nothing: each image's pixels by lot."""
    return ranks(torch.zeros(shape), generator)


def moved(heat: Float[Tensor, "image height width"], generator: torch.Generator) -> Float[Tensor, "image height width"]:
    """Return each map mirrored by lot and rolled to a random place: as coarse and as strong as before, but blind.

    Pixels strewn by lot destroy an image faster than one spot of the same area, whatever lies there; beside a coarse
    map they are no fair chance.
    """
    height, width = heat.shape[1:]
    out = []
    for one in heat:
        down, across, upright, mirrored = torch.rand(4, generator=generator).tolist()
        turned = one.flip(0) if upright < 0.5 else one
        turned = turned.flip(1) if mirrored < 0.5 else turned
        out.append(turned.roll((int(down * height), int(across * width)), (0, 1)))
    return torch.stack(out)


def curves(
    net: nn.Module,
    x: Float[Tensor, "image channel height width"],
    orders: list[Int64[Tensor, "image height width"]],
    target: Int64[Tensor, "image"],
    insert: bool,
    points: int = POINTS,
) -> Float[Tensor, "order image points"]:
    """Return the class' probability while 0 to all pixels are replaced, in each of the orders.

    Args:
        net: gives logits (batch, classes), or (batch, 1) for a binary task; left untouched.
        x: what the net takes, preprocessed.
        orders: each pixel's place in the order, as `ranks` gives it.
        target: class index of each image.
        insert: insertion; else deletion.
        points: places along the curve, evenly spread from 0 to 1, both among them.
    """
    shares = torch.linspace(0, 1, points)
    out = torch.empty(len(orders), len(x), points)
    with torch.no_grad(), evaluating(net):
        for i in range(0, len(x), PART):
            image, classes = x[i : i + PART], target[i : i + PART]
            start, end = (blurred(image), image) if insert else (image, mean_colour(image))
            # the two ends are the same in every order
            for j, state in ((0, start), (points - 1, end)):
                out[:, i : i + PART, j] = _probability(net, state, classes)
            for k, order in enumerate(orders):
                place = order[i : i + PART].to(x.device)[:, None]
                for j in range(1, points - 1):
                    taken = place < round(float(shares[j]) * place[0].numel())
                    out[k, i : i + PART, j] = _probability(net, torch.where(taken, end, start), classes)
    return out


def area(curve: Float[Tensor, "*any points"]) -> Float[Tensor, "*any"]:
    """Return the area under curves over 0..1, by trapezia."""
    return torch.trapezoid(curve, dx=1 / (curve.shape[-1] - 1))


def _probability(net: nn.Module, x: Tensor, target: Tensor) -> Float[Tensor, "batch"]:
    return log_probability(net(x), target).exp().float().cpu()
