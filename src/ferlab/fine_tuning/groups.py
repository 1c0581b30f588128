"""Parameter groups: learning rates by depth, and values of their own for chosen layers.

Layer-wise learning rates after Howard and Ruder, "Universal Language Model Fine-tuning" (2018), in the form that
timm and vision transformers use: the rate shrinks by one factor from layer to layer towards the image.
"""

from collections import defaultdict
from typing import Any

from torch import nn
from torch.optim import Optimizer

from ferlab.fine_tuning.patterns import matching
from ferlab.fine_tuning.stage import Stage


def depths(net: nn.Module, coarse: bool = False) -> dict[str, int]:
    """Return how deep each parameter lies: 0 next to the image, and the outputs deepest of all.

    A timm backbone names its own layers; whatever stands outside it comes behind. Of other networks each direct
    child that has parameters is a layer.

    Args:
        net: the network.
        coarse: of a timm backbone, its stages instead of its blocks.
    """
    names = [name for name, _ in net.named_parameters()]
    backbone = getattr(net, "backbone", None)
    if backbone is None or not hasattr(backbone, "group_matcher"):
        children = list(dict.fromkeys(name.partition(".")[0] for name in names))
        return {name: children.index(name.partition(".")[0]) for name in names}
    from timm.models import group_parameters

    order = group_parameters(backbone, backbone.group_matcher(coarse=coarse), reverse=True)
    ranks = {number: rank for rank, number in enumerate(sorted(set(order.values())))}
    return {
        name: ranks[order[name.removeprefix("backbone.")]] if name.startswith("backbone.") else len(ranks)
        for name in names
    }


def grouped(net: nn.Module, stage: Stage, names: set[str]) -> list[dict[str, Any]]:
    """Return what an optimizer of a stage gets: parameters in groups, those of the highest learning rate first.

    `lr_scale` in a group is the factor that its learning rate is still to be multiplied by.

    Args:
        net: the network.
        stage: its `layer_decay` and `groups`; the first of these that means a parameter counts.
        names: of the parameters that learn at some time of the stage.

    Raises:
        FerlabError: a pattern of `groups` matches nothing.
    """
    depth = depths(net) if stage.layer_decay is not None else dict.fromkeys(names, 0)
    top = max(depth.values(), default=0)
    matches = [matching(net, _patterns(group["match"]), "fine_tuning.groups") for group in stage.groups]
    groups: dict[tuple[int, float], list[nn.Parameter]] = defaultdict(list)
    for name, parameter in net.named_parameters():
        if name in names:
            number = next((i for i, match in enumerate(matches) if name in match), -1)
            own = stage.groups[number] if number >= 0 else {}
            scale = float(own.get("lr_scale", 1.0)) * float(stage.layer_decay or 1.0) ** (top - depth[name])
            groups[number, scale].append(parameter)
    result: list[dict[str, Any]] = []
    for (number, scale), parameters in sorted(groups.items(), key=lambda item: -item[0][1]):
        own = stage.groups[number] if number >= 0 else {}
        decay = {"weight_decay": own["weight_decay"]} if "weight_decay" in own else {}
        result.append({"params": parameters, "lr_scale": scale, **decay})
    return result


def scale(optimizer: Optimizer) -> None:
    """Multiply the learning rates of an optimizer's groups by their `lr_scale`, once, in place."""
    for group in optimizer.param_groups:
        group["lr"] *= group["lr_scale"]


def _patterns(match: str | list[str]) -> list[str]:
    return [match] if isinstance(match, str) else match
