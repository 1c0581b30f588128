"""Nets whose weights are drawn anew, layer after layer from the last: an explanation must change with them.

Source: Adebayo et al., NeurIPS 2018, arXiv:1810.03292 (cascading parameter randomisation).
"""

import copy
from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ferlab.explain.layers import evaluating

STAGES = 6


def layers(net: nn.Module, x: Float[Tensor, "image channel height width"]) -> list[list[str]]:
    """Return the names of the modules that hold weights, grouped into layers, in the order in which the net runs them.

    A module whose weights all have one axis (a norm) belongs to the layer before it. Where a module is not called
    itself, its place is that of the nearest one around it that is.
    """
    called: dict[str, int] = {}

    def note(name: str) -> Callable[[nn.Module, object], None]:
        def hook(_: nn.Module, __: object) -> None:
            called.setdefault(name, len(called))

        return hook

    hooks = [module.register_forward_pre_hook(note(name)) for name, module in net.named_modules()]
    try:
        with torch.no_grad(), evaluating(net):
            net(x[:1])
    finally:
        for hook in hooks:
            hook.remove()

    def place(name: str) -> int:
        while name not in called:
            name = name.rpartition(".")[0]
        return called[name]

    holding = [name for name, module in net.named_modules() if any(True for _ in module.parameters(recurse=False))]
    found: list[list[str]] = []
    for name in sorted(holding, key=place):
        weighty = any(p.ndim > 1 for p in net.get_submodule(name).parameters(recurse=False))
        if weighty or not found:
            found.append([name])
        else:
            found[-1].append(name)
    return found


def randomised(
    net: nn.Module, x: Float[Tensor, "image channel height width"], stages: int = STAGES, seed: int = 0
) -> Iterator[tuple[list[str], nn.Module]]:
    """Yield copies of the net, the last layer's weights drawn anew first, those of all layers last.

    Weights are drawn as the module draws them when it is built; where it has no way to, its values are shuffled.
    The running statistics of a BatchNorm among them are measured again on `x`: kept from training, or reset, they
    would fit no weights at all. `net` itself and the random state outside are left alone.

    Args:
        net: a trained net.
        x: images it takes, preprocessed.
        stages: how many copies, spread evenly over the layers.
        seed: of the new weights.

    Yields:
        The names of the layers drawn anew so far, from the last towards the first, and the copy; the next step goes
        on with the same copy.
    """
    names = layers(net, x)[::-1]
    again = copy.deepcopy(net)
    counts = sorted({round((i + 1) * len(names) / stages) for i in range(stages)} - {0})
    done = 0
    for count in counts:
        for i, name in enumerate(name for layer in names[done:count] for name in layer):
            _draw(again.get_submodule(name), seed + 1000 * count + i)
        done = count
        _measure(again, [name for layer in names[:count] for name in layer], x)
        yield [layer[0] for layer in names[:count]], again


def _draw(module: nn.Module, seed: int) -> None:
    """Draw a module's own weights anew, on the CPU: the same on every device."""
    reset = getattr(module, "reset_parameters", None)
    own = list(module.parameters(recurse=False))
    device = own[0].device
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        if callable(reset):
            module.to("cpu")
            reset()
            module.to(device)
            return
        for values in own:
            flat = values.flatten()
            values.copy_(flat[torch.randperm(len(flat)).to(device)].view_as(values))


def _measure(net: nn.Module, names: list[str], x: Tensor) -> None:
    norms = [m for m in map(net.get_submodule, names) if isinstance(m, _BatchNorm) and m.track_running_stats]
    with torch.no_grad(), evaluating(net):
        for norm in norms:
            norm.reset_running_stats()
            # the plain mean over what it sees
            norm.momentum = None
            norm.train()
        if norms:
            net(x)
