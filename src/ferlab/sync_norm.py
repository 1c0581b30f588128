"""BatchNorm over all processes, on processors and GPUs, of torch and of timm."""

from typing import Any

import torch
import torch.distributed as dist
from pytorch_lightning.plugins.layer_sync import LayerSync
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class SyncNorm(LayerSync):
    """Lightning's plugin: while training, every BatchNorm takes the statistics of the global batch.

    Shares of different size count by their size, so that the outcome equals that of one process (Ioffe and Szegedy,
    arXiv 1502.03167, over the whole batch). Parameters and state stay where they are: `revert` leaves no trace.
    """

    def apply(self, model: nn.Module) -> nn.Module:
        """Let every BatchNorm of `model` gather."""
        for norm in model.modules():
            if isinstance(norm, _BatchNorm):
                norm.__dict__["forward"] = _Gathering(norm)
        return model

    def revert(self, model: nn.Module) -> nn.Module:
        """Let every BatchNorm see its own process again."""
        for norm in model.modules():
            if isinstance(norm, _BatchNorm):
                norm.__dict__.pop("forward", None)
        return model


class _Gathering:
    def __init__(self, norm: _BatchNorm) -> None:
        self.norm = norm

    def __call__(self, x: Tensor) -> Tensor:
        norm = self.norm
        if not (norm.training and dist.is_initialized()):
            alone: Tensor = type(norm).forward(norm, x)
            return alone
        values = x.to(torch.promote_types(x.dtype, torch.float32)).transpose(0, 1).flatten(1)
        count = values.new_full((1,), values.shape[1])
        sums: Tensor = _Sum.apply(torch.cat([count, values.sum(dim=1)]))
        total = sums[0].detach()
        mean = sums[1:] / total
        # around the mean: squares less the squared mean would lose the digits of a large one
        apart: Tensor = _Sum.apply((values - mean[:, None]).square().sum(dim=1))
        variance = apart / total
        with torch.no_grad():
            if norm.running_mean is not None and norm.running_var is not None:
                assert norm.momentum is not None and norm.num_batches_tracked is not None
                norm.num_batches_tracked += 1
                norm.running_mean.lerp_(mean, norm.momentum)
                norm.running_var.lerp_(variance * (total / (total - 1)), norm.momentum)
        shape = (1, -1, *[1] * (x.dim() - 2))
        factor = (variance + norm.eps).rsqrt() * norm.weight
        scaled: Tensor = (x * factor.view(shape) + (norm.bias - mean * factor).view(shape)).to(x.dtype)
        # timm's BatchNorm has its activation within
        for inside in (getattr(norm, "drop", None), getattr(norm, "act", None)):
            scaled = scaled if inside is None else inside(scaled)
        return scaled


class _Sum(torch.autograd.Function):
    """Sum over all processes; so is its gradient."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:  # noqa: ARG004
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ARG004
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total
