"""What a network makes of a sample before it decides: the input of its last dense layer."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor, nn

from ferlab.allocator import freed_memory_kept
from ferlab.errors import FerlabError

# on a processor the activations of a batch should stay near it, a GPU wants much at once
_BATCH = {"cpu": 32}
_BATCH_ELSEWHERE = 256


def batch_for(device: torch.device) -> int:
    """Return how many samples at once suit a device."""
    return _BATCH.get(device.type, _BATCH_ELSEWHERE)


def penultimate(
    net: nn.Module, run: Callable[[Tensor], object], inputs: Iterable[Tensor], bf16: bool = False
) -> Float32[np.ndarray, "sample feature"]:
    """Return the features of preprocessed samples.

    The last dense layer is the one that runs last, whatever its name, so any net will do; of a net that adds up
    several it names them as its `deciding` layers, whose inputs stand side by side. The net is left as it was: mode,
    hooks, weights.

    Args:
        net: whose features they are.
        run: runs it: the net itself, or what holds it.
        inputs: batches of what `run` takes, where the weights lie; `batch_for` says of what size.
        bf16: compute in bfloat16 what torch's autocast deems safe; the features are float32 in either case.

    Raises:
        FerlabError: the net has no dense layer.
    """
    deciding: list[nn.Linear] = list(getattr(net, "deciding", ()))
    dense = deciding or [module for module in net.modules() if isinstance(module, nn.Linear)]
    if not dense:
        raise FerlabError(f"features: {type(net).__name__} has no dense layer whose input could be read")
    latest = dict[nn.Module, Tensor]()

    def keep(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        if not deciding:
            latest.clear()
        latest[layer] = given[0]

    outer = [run] if isinstance(run, nn.Module) else []
    modes = [(module, module.training) for root in (net, *outer) for module in root.modules()]
    hooks = [module.register_forward_pre_hook(keep) for module in dense]
    device = dense[0].weight.device.type
    memory = freed_memory_kept() if device == "cpu" else nullcontext()
    parts = list[Tensor]()
    try:
        for root in (net, *outer):
            root.eval()
        with memory, torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=bf16):
            for batch in inputs:
                run(batch)
                # on the device: a copy to the processor would make it wait after every batch
                last = [latest[layer].flatten(1).float() for layer in dense if layer in latest]
                parts.append(last[0] if len(last) == 1 else torch.cat(last, dim=1))
            rows = torch.cat(parts).cpu()
    finally:
        for hook in hooks:
            hook.remove()
        for module, was in modes:
            module.training = was
    return np.asarray(rows.numpy())
