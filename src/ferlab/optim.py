"""Optimizers and Keras' plateau; arguments mean what they mean in Keras where it has them.

What stays different from Keras 3: Adam and AdamW add epsilon to the bias-corrected root, Keras to the raw one, so that
its epsilon is up to 32 times greater in the first steps (seen only where gradients are about as small); Adagrad adds
epsilon outside of the root, less than one part in a million at its initial accumulator of 0.1; and SGD's momentum
collects gradients, Keras' collects steps, so that after a cut of the learning rate Keras still moves a while as before.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from ferlab.errors import FerlabError


class NoDriverSearch(Optimizer):
    """An optimizer that on a processor does not look for a GPU driver at every step.

    torch asks before each step whether it runs inside a captured GPU graph. Where torch was built for GPUs and the
    machine has none, each answer costs the loading of a library that is not there: 0.4 ms.
    """

    def _accelerator_graph_capture_health_check(self) -> None:
        if any(parameter.is_cuda or parameter.is_xpu for group in self.param_groups for parameter in group["params"]):
            super()._accelerator_graph_capture_health_check()


class Adam(NoDriverSearch, torch.optim.Adam):
    """torch's Adam."""


class AdamW(NoDriverSearch, torch.optim.AdamW):
    """torch's AdamW: the weights decay by lr * weight_decay, apart from the gradient, as in Keras."""


class Adadelta(NoDriverSearch, torch.optim.Adadelta):
    """torch's Adadelta, whose arithmetic is Keras'."""


class RMSprop(Optimizer):
    """Keras 3's RMSprop: epsilon stands inside the root, where torch and Keras before 2.11 have it outside.

    At Keras' epsilon of 1e-7 that bounds the step for gradients below about 3e-4.

    Args:
        params: parameters, or groups of them.
        lr: learning rate.
        rho: how much of the mean of squared gradients stays each step.
        momentum: how much of the last step is added to the next.
        eps: added to the mean of squared gradients.
        centered: divide by the gradients' deviation from their mean instead of their size.
        weight_decay: added to the gradient, times the weight.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | int = 1e-3,
        rho: float | int = 0.9,
        momentum: float | int = 0.0,
        eps: float | int = 1e-7,
        centered: bool = False,
        weight_decay: float | int = 0.0,
    ) -> None:
        if not 0 <= rho < 1 or lr < 0 or momentum < 0 or eps < 0 or weight_decay < 0:
            raise FerlabError(
                f"optimizer=rmsprop: expected 0 <= rho < 1 and no negative value, found rho={rho}, lr={lr}, "
                f"momentum={momentum}, eps={eps}, weight_decay={weight_decay}"
            )
        options = {"lr": lr, "rho": rho, "momentum": momentum, "eps": eps}
        super().__init__(params, {**options, "centered": centered, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step; returns what `closure` returns."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            learning = [p for p in group["params"] if p.grad is not None]
            if learning:
                self._step(group, learning)
        return loss

    def _step(self, group: dict[str, Any], parameters: list[Tensor]) -> None:
        gradients = [p.grad for p in parameters if p.grad is not None]
        if group["weight_decay"]:
            gradients = list(torch._foreach_add(gradients, parameters, alpha=group["weight_decay"]))
        square = self._kept("square", parameters)
        torch._foreach_mul_(square, group["rho"])
        torch._foreach_addcmul_(square, gradients, gradients, 1 - group["rho"])
        root = square
        if group["centered"]:
            mean = self._kept("mean", parameters)
            torch._foreach_lerp_(mean, gradients, 1 - group["rho"])
            root = list(torch._foreach_addcmul(square, mean, mean, -1))
        root = list(torch._foreach_add(root, group["eps"]))
        torch._foreach_sqrt_(root)
        if not group["momentum"]:
            torch._foreach_addcdiv_(parameters, gradients, root, -group["lr"])
            return
        moved = self._kept("moved", parameters)
        torch._foreach_mul_(moved, group["momentum"])
        torch._foreach_addcdiv_(moved, gradients, root, group["lr"])
        torch._foreach_sub_(parameters, moved)

    def _kept(self, name: str, parameters: list[Tensor]) -> list[Tensor]:
        """Return what is kept of each parameter under a name, zeros at first."""
        for p in parameters:
            if name not in self.state[p]:
                self.state[p][name] = torch.zeros_like(p, memory_format=torch.preserve_format)
        return [self.state[p][name] for p in parameters]


def clippable(optimizer: Optimizer) -> Optimizer:
    """Let gradients be clipped under mixed precision, in place, and return the optimizer.

    A fused optimizer of torch unscales 16-bit gradients itself, after they would have been clipped; so Lightning
    refuses to clip, even under bf16-mixed, which scales nothing. Without the mark they are unscaled before.
    """
    if getattr(optimizer, "_step_supports_amp_scaling", False):
        optimizer._step_supports_amp_scaling = False  # type: ignore[attr-defined]
    return optimizer


class KerasPlateau(ReduceLROnPlateau):
    """Keras' `ReduceLROnPlateau`: cut the learning rate once the monitored value has not improved.

    Keras cuts at the `patience`-th epoch without an improvement of more than `min_delta`, torch one epoch later
    and by a relative threshold.

    Args:
        optimizer: whose learning rate is cut.
        factor: new rate over old.
        patience: epochs without improvement at which the cut comes, at least 1.
        min_delta: the least improvement, absolute.
        min_lr: the rate does not fall below this.
        mode: "min" or "max".
    """

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 0.1,
        patience: int = 10,
        min_delta: float = 1e-4,
        min_lr: float = 0.0,
        mode: str = "min",
    ) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"mode must be min or max, found {mode!r}")
        super().__init__(
            optimizer,
            mode="min" if mode == "min" else "max",
            factor=factor,
            patience=max(patience, 1) - 1,
            threshold=min_delta,
            threshold_mode="abs",
            min_lr=min_lr,
            eps=0.0,
        )
