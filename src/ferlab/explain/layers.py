"""Find a layer by its name and read what passes through it, leaving the net as it was."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor, nn

from ferlab.errors import FerlabError


def conv_layers(net: nn.Module) -> list[str]:
    """Return the names of the 2-D convolutions, in the order the net holds them."""
    return [name for name, module in net.named_modules() if isinstance(module, nn.Conv2d)]


def find_layer(net: nn.Module, name: str | None = None) -> tuple[str, nn.Module]:
    """Return a layer's name and module; without a name the net's own `last_maps`, else its last 2-D convolution.

    Raises:
        FerlabError: no such layer, or none to default to.
    """
    known = conv_layers(net)
    if name is None:
        if not known:
            raise FerlabError(
                f"explain: {type(net).__name__} has no 2-D convolution, so no map of places; "
                "choose a model with one (cnn10, convnet, ...)"
            )
        # by registration; a net whose last convolution is not the one that says most names another
        name = str(getattr(net, "last_maps", known[-1]))
    modules = dict(net.named_modules())
    if not name or name not in modules:
        raise FerlabError(f"explain: {type(net).__name__} has no layer {name!r}; convolutions are {', '.join(known)}")
    return name, modules[name]


@contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Put the net into evaluation mode; on leaving, each module has its own mode again."""
    training = [(module, module.training) for module in net.modules()]
    try:
        net.eval()
        yield
    finally:
        for module, was in training:
            module.training = was


@contextmanager
def reading(net: nn.Module, names: Sequence[str]) -> Iterator[dict[str, Tensor]]:
    """Put the net into evaluation mode and collect the output of named layers; undo both on leaving.

    Yields:
        Layer name -> output of its latest call, filled as the net runs.
    """
    seen: dict[str, Tensor] = {}
    hooks = []

    def keep(name: str) -> Callable[[nn.Module, object, object], Tensor]:
        def hook(module: nn.Module, _: object, output: object) -> Tensor:
            if not isinstance(output, Tensor) or output.ndim != 4:
                shape = list(output.shape) if isinstance(output, Tensor) else type(output).__name__
                raise FerlabError(
                    f"explain: layer {name!r} ({type(module).__name__}) gives no maps; expected an output of shape "
                    f"(batch, maps, height, width), found {shape}. Convolutions are {', '.join(conv_layers(net))}"
                )
            seen[name] = output
            # the net goes on with a copy, so that an in-place activation behind this layer leaves ours alone
            return output.clone()

        return hook

    modules = [find_layer(net, name)[1] for name in names]
    try:
        for name, module in zip(names, modules, strict=True):
            hooks.append(module.register_forward_hook(keep(name)))
        with evaluating(net):
            yield seen
    finally:
        for hook in hooks:
            hook.remove()
