"""Optimizers and learning-rate schedules; arguments mean what they mean in Keras where it has them."""

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau


class Adam(torch.optim.Adam):
    """Adam that on a processor does not look for a GPU driver at every step.

    torch asks before each step whether it runs inside a captured GPU graph. Where torch was built for GPUs and the
    machine has none, each answer costs the loading of a library that is not there: 0.4 ms.
    """

    def _accelerator_graph_capture_health_check(self) -> None:
        if any(parameter.is_cuda or parameter.is_xpu for group in self.param_groups for parameter in group["params"]):
            super()._accelerator_graph_capture_health_check()


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
