"""Occlusion: how far a class loses when a patch of the image is covered. Source: Zeiler and Fergus, ECCV 2014.

doi:10.1007/978-3-319-10590-1_53. The image is seen as a box of pixels: no layer, no gradient, so it serves every net.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.explain.baseline import mean_colour
from ferlab.explain.layers import evaluating
from ferlab.explain.target import chosen_class, log_probability, scaled

ON_CPU, ELSEWHERE = 64, 1024
"""Covered images that pass the net at once: a processor's caches hold no more, an accelerator wants more."""


def occlusion(
    net: nn.Module,
    x: Float[Tensor, "batch channel height width"],
    target: Int[Tensor, "batch"] | None = None,
    patch: int | None = None,
    stride: int | None = None,
    baseline: Float[Tensor, "batch channel height width"] | None = None,
    batch: int | None = None,
) -> Float[Tensor, "batch height width"]:
    """Return the mean fall of the class' log-probability over the patches that cover a place, strongest scaled to 1.

    The net is left untouched.

    Args:
        net: gives logits (batch, classes), or (batch, 1) for a binary task.
        x: what the net takes, preprocessed.
        target: class index of each image, 0 or 1 for a binary task; by default the predicted one.
        patch: its side in pixels of the net's input; by default a sixth of the shorter side.
        stride: pixels from one patch to the next; by default half a patch. The last patches end at the image's edge.
        baseline: what the patch shows; by default each image's mean colour.
        batch: covered images that pass the net at once; by default what suits the device.

    Raises:
        FerlabError: a patch that is larger than the image, a stride that leaves gaps, or a target that is no class.
    """
    height, width = x.shape[2:]
    patch, stride = window(height, width, patch, stride)
    batch = batch or (ON_CPU if x.device.type == "cpu" else ELSEWHERE)
    heat = torch.zeros(len(x), height * width, device=x.device)
    times = torch.zeros(height * width, device=x.device)
    with torch.no_grad(), evaluating(net):
        cover = mean_colour(x) if baseline is None else baseline
        logits = net(x)
        chosen = chosen_class(logits, target)
        whole = log_probability(logits, chosen).float()
        for masks in _patches(height, width, patch, stride, max(1, batch // len(x)), x.device):
            count = len(masks)
            covered = torch.where(masks[:, None, None], cover, x).flatten(0, 1)
            after = log_probability(net(_like(covered, x)), chosen.repeat(count)).float()
            flat = masks.flatten(1).float()
            heat += (whole - after.view(count, -1)).T @ flat
            times += flat.sum(0)
    return scaled((heat / times).view(len(x), height, width))


def window(height: int, width: int, patch: int | None, stride: int | None) -> tuple[int, int]:
    """Return patch and stride in pixels, the defaults filled in.

    Raises:
        FerlabError: a patch that is larger than the image, or a stride that leaves gaps.
    """
    patch = max(1, min(height, width) // 6) if patch is None else patch
    stride = max(1, patch // 2) if stride is None else stride
    if not 1 <= patch <= min(height, width):
        raise FerlabError(f"explain.patch: expected a side in 1..{min(height, width)} pixels, found {patch}")
    if not 1 <= stride <= patch:
        raise FerlabError(f"explain.stride: expected 1..{patch} (the patch's side), found {stride}")
    return patch, stride


def _patches(
    height: int, width: int, patch: int, stride: int, count: int, device: torch.device
) -> Iterator[Bool[Tensor, "patches height width"]]:
    """Yield where the patches lie, `count` at a time."""
    tops, lefts = _starts(height, patch, stride), _starts(width, patch, stride)
    corners = torch.cartesian_prod(torch.tensor(tops), torch.tensor(lefts)).to(device)
    rows, columns = torch.arange(height, device=device), torch.arange(width, device=device)
    for part in torch.split(corners, count):
        top, left = part[:, :1], part[:, 1:]
        down, across = (rows >= top) & (rows < top + patch), (columns >= left) & (columns < left + patch)
        yield down[:, :, None] & across[:, None, :]


def _starts(side: int, patch: int, stride: int) -> list[int]:
    return sorted({*range(0, side - patch + 1, stride), side - patch})


def _like(images: Tensor, x: Tensor) -> Tensor:
    """Return `images` in the memory format of `x`: where they are last, channels are faster there."""
    last = x.is_contiguous(memory_format=torch.channels_last)
    return images.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)
