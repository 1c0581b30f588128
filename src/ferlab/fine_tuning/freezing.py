"""Freezing: the layers that do not learn, by name; their BatchNorm keeps its statistics."""

from collections.abc import Sequence

from torch import nn

from ferlab.errors import FerlabError
from ferlab.fine_tuning.groups import depths
from ferlab.fine_tuning.patterns import matching
from ferlab.fine_tuning.stage import Stage


def learning(net: nn.Module, freeze: Sequence[str], unfreeze: Sequence[str]) -> set[str]:
    """Return the names of the parameters that learn: all, less `freeze`, and those of `unfreeze` again.

    Raises:
        FerlabError: a pattern matches nothing, or nothing is left to learn.
    """
    every = {name for name, _ in net.named_parameters()}
    kept = (every - matching(net, freeze, "fine_tuning.freeze")) | matching(net, unfreeze, "fine_tuning.unfreeze")
    if not kept:
        raise FerlabError(f"fine_tuning.freeze={list(freeze)} leaves nothing to learn; cure: unfreeze some layer")
    return kept


def apply(net: nn.Module, stage: Stage, epoch: int = 0) -> bool:
    """Freeze what a stage freezes and let the rest learn, in place.

    Args:
        net: the network.
        stage: what to freeze; with `gradual`, one more block learns every so many epochs.
        epoch: of the stage, from 0 on.

    Returns:
        Whether anything changed.

    Raises:
        FerlabError: a pattern matches nothing, or nothing is left to learn.
    """
    names = learning(net, stage.freeze, stage.unfreeze)
    if stage.gradual is not None:
        depth = depths(net, coarse=True)
        lowest = max(depth[name] for name in names) - epoch // stage.gradual
        names = {name for name in names if depth[name] >= lowest}
    changes = False
    for name, parameter in net.named_parameters():
        changes |= parameter.requires_grad != (name in names)
        parameter.requires_grad_(name in names)
    return changes


def settle(net: nn.Module) -> None:
    """Put layers whose parameters are all frozen into evaluation mode: BatchNorm there neither learns nor measures."""
    for module in net.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.eval()
