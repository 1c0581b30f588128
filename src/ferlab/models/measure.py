"""What a model is made of: its layers, output shapes, parameters in Keras' convention, multiply-adds."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, cast

import torch
from rich import box
from rich.table import Table
from torch import Tensor, nn


@dataclass(frozen=True)
class Layer:
    """One row of the table.

    Attributes:
        name: where the layer lies in the model, as hooks ask for it.
        type: its class.
        output: shape of what it puts out for one sample, in PyTorch's order; empty where it never ran by itself.
        params: trainable plus non_trainable.
        trainable: parameters that learn.
        non_trainable: frozen parameters and, as Keras counts, BatchNorm's running mean and variance.
        multiply_adds: products of a convolution, dense or recurrent layer for one sample, over all calls and steps;
            additions of biases, BatchNorm, activations, gates and pooling are not counted.
    """

    name: str
    type: str
    output: tuple[int, ...]
    params: int
    trainable: int
    non_trainable: int
    multiply_adds: int


@dataclass(frozen=True)
class Summary:
    """A model's layers and totals; see `Layer` for what is counted."""

    input_shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    trainable: int
    non_trainable: int
    multiply_adds: int

    @property
    def total(self) -> int:
        """Keras' "Total params"."""
        return self.trainable + self.non_trainable

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "total": self.total,
            "trainable": self.trainable,
            "non_trainable": self.non_trainable,
            "multiply_adds": self.multiply_adds,
            "input": list(self.input_shape),
            "layers": [{**asdict(layer), "output": list(layer.output)} for layer in self.layers],
        }


def measure(net: nn.Module, input_shape: tuple[int, ...], example: Tensor | None = None) -> Summary:
    """Run one empty sample through a model and note what each layer does with it.

    A parameter that two layers share is counted once, in the first. The model's mode, weights, buffers and the
    random state stay as they are.

    Args:
        net: the model; moved nowhere.
        input_shape: one preprocessed sample without the batch, (channels, height, width) for images.
        example: a batch of one to run in place of zeros of that shape: of texts, numbers of words.
    """
    names = {module: name for name, module in net.named_modules()}
    outputs: dict[str, tuple[int, ...]] = {}
    products: dict[str, int] = defaultdict(int)

    def note(module: nn.Module, _: Any, output: Any) -> None:
        first = output[0] if isinstance(output, tuple | list) else output
        if isinstance(first, Tensor):
            outputs.setdefault(names[module], tuple(first.shape[1:]))
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear):
            products[names[module]] += first.numel() * module.weight[0].numel()
        if isinstance(module, nn.RNNBase):
            kernels = (p.numel() for name, p in module.named_parameters() if name.startswith("weight_"))
            products[names[module]] += first[..., 0].numel() * sum(kernels)

    hooks = [module.register_forward_hook(note) for module in names]
    like = next(net.parameters(), torch.zeros(0))
    try:
        with _evaluating(net), torch.no_grad():
            if example is None:
                example = torch.zeros(1, *input_shape, dtype=like.dtype)
            net(example.to(like.device))
    finally:
        for hook in hooks:
            hook.remove()

    seen: set[int] = set()
    layers = []
    for module, name in names.items():
        trainable, non_trainable = _own(module, seen)
        leaf = not any(module.children())
        if trainable + non_trainable or (leaf and name in outputs):
            layers.append(
                Layer(
                    name=name or type(net).__name__,
                    type=type(module).__name__,
                    output=outputs.get(name, ()),
                    params=trainable + non_trainable,
                    trainable=trainable,
                    non_trainable=non_trainable,
                    multiply_adds=products[name],
                )
            )
    return Summary(
        input_shape=tuple(input_shape),
        layers=tuple(layers),
        trainable=sum(layer.trainable for layer in layers),
        non_trainable=sum(layer.non_trainable for layer in layers),
        multiply_adds=sum(products.values()),
    )


def size(net: nn.Module, preprocess: nn.Module) -> dict[str, int]:
    """Return "parameters" (Keras' "Total params") and "multiply_adds" of one sample, as training.json keeps them."""
    summary = measure(net, cast(tuple[int, ...], preprocess.output_shape), example_of(preprocess))
    return {"parameters": summary.total, "multiply_adds": summary.multiply_adds}


def example_of(preprocess: nn.Module) -> Tensor | None:
    """Return what a network runs on where zeros of its input's shape will not do; None where they will."""
    make = getattr(preprocess, "example", None)
    return None if make is None else make()


def render(summary: Summary, title: str | None = None) -> Table:
    """Return the layers and totals as a table for `rich.print`; 80 columns suffice."""
    size = " x ".join(map(str, summary.input_shape))
    table = Table(title=title, caption=f"input {size}; parameters as Keras counts them", box=box.SIMPLE_HEAD)
    table.add_column("layer", overflow="fold")
    table.add_column("type", overflow="fold")
    for column in ("output", "parameters", "multiply-adds"):
        table.add_column(column, justify="right", no_wrap=True)
    for layer in summary.layers:
        output = " x ".join(map(str, layer.output)) or "-"
        table.add_row(layer.name, layer.type, output, f"{layer.params:,}", f"{layer.multiply_adds:,}")
    table.add_section()
    table.add_row("total", "", "", f"{summary.total:,}", f"{summary.multiply_adds:,}")
    table.add_row("trainable", "", "", f"{summary.trainable:,}", "")
    table.add_row("non-trainable", "", "", f"{summary.non_trainable:,}", "")
    return table


def _own(module: nn.Module, seen: set[int]) -> tuple[int, int]:
    """Count the values a module holds itself, not its children: those that learn and those that do not."""
    held = [p for p in module.parameters(recurse=False) if id(p) not in seen]
    seen.update(id(p) for p in held)
    trainable = sum(p.numel() for p in held if p.requires_grad)
    running = (b for name, b in module.named_buffers(recurse=False) if name in ("running_mean", "running_var"))
    return trainable, sum(p.numel() for p in held if not p.requires_grad) + sum(b.numel() for b in running)


@contextmanager
def _evaluating(net: nn.Module) -> Iterator[None]:
    """Put the model into evaluation mode, and each part of it back into the mode that it had."""
    modes = {module: module.training for module in net.modules()}
    net.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
