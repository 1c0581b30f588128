"""The trainer of a run: its devices and processes, precision, callbacks and loggers."""

import logging
import os
import warnings
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import Callback, ModelCheckpoint
from pytorch_lightning.utilities import rank_zero_only

from ferlab import precision
from ferlab.build import build
from ferlab.callbacks.freed_memory import FreedMemory
from ferlab.callbacks.stages import Stages
from ferlab.errors import FerlabError
from ferlab.fine_tuning.stage import read as read_stages
from ferlab.profiler import NoProfiler
from ferlab.sync_norm import SyncNorm


def make_trainer(config: dict[str, Any], folder: Path) -> tuple[pl.Trainer, str]:
    """Build the trainer with its callbacks and loggers; also returns why it computes in the precision it does.

    Raises:
        FerlabError: devices that are not there, or options that do not go together.
    """
    wish = dict(config["trainer"])
    _check_devices(wish)
    chosen, why = precision.choose(wish.pop("precision"), str(wish["accelerator"]))
    callbacks: list[Callback] = [build(values) for values in config["callbacks"].values() if values]
    if any(stage.name or stage.gradual for stage in read_stages(config["fine_tuning"])):
        # first: what the others then say of an epoch is said of the stage that it belongs to
        callbacks.insert(0, Stages())
    callbacks.append(FreedMemory())
    loggers = [build(values, save_dir=str(folder)) for values in config["logger"].values() if values]
    for callback in callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.dirpath is None:
            callback.dirpath = str((folder / "checkpoints").resolve())
    plugins = []
    if wish["sync_batchnorm"]:
        # torch's own runs on GPUs alone, and takes timm's BatchNorm its activation
        plugins, wish["sync_batchnorm"] = [SyncNorm()], False
    try:
        trainer = build(
            wish,
            precision=chosen,
            callbacks=callbacks,
            logger=loggers or False,
            plugins=plugins or None,
            profiler=wish.pop("profiler") or NoProfiler(),
            default_root_dir=str(folder),
        )
    except (MisconfigurationException, ValueError) as error:
        raise FerlabError(
            f"trainer: {error} (accelerator {wish['accelerator']}, devices {wish['devices']}); "
            "cure: trainer=cpu trains on the processor"
        ) from error
    return trainer, why


def is_first() -> bool:
    """Tell whether this process is the one that writes and prints; of several processes, rank 0."""
    return int(rank_zero_only.rank) == 0  # type: ignore[attr-defined]


def quiet() -> None:
    """Silence what Lightning says of every run."""
    for name in ("pytorch_lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # said of every run: our folder holds config.yaml before the logger comes, batches are made without workers
    for said in (
        ".*exists and is not empty.*",
        ".*does not have many workers.*",
        ".*smaller than the logging interval.*",
        ".*in eval mode at the start of training.*",  # what is frozen
        # what the task logs was summed over the processes already
        ".*recommended to use `self.log.*sync_dist=True.*",
    ):
        warnings.filterwarnings("ignore", said)
    warnings.filterwarnings("ignore", ".*treespec, LeafSpec.*", category=FutureWarning)


def _check_devices(wish: dict[str, Any]) -> None:
    """Refuse what would fail late, or wait for ever."""
    accelerator, devices, nodes = wish["accelerator"], wish["devices"], wish["num_nodes"]
    if accelerator in ("gpu", "cuda"):
        there = torch.cuda.device_count()
        if there == 0:
            raise FerlabError("trainer: torch finds no GPU on this machine; cure: trainer=cpu or trainer=ddp_cpu")
        if isinstance(devices, int) and devices > there:
            raise FerlabError(f"trainer.devices: {devices} GPUs asked for, {there} here; cure: trainer.devices={there}")
    elif accelerator == "cpu" and isinstance(devices, int) and devices > (cores := os.cpu_count() or 1):
        raise FerlabError(
            f"trainer.devices: {devices} processes asked for, this machine has {cores} processor cores; "
            f"cure: trainer.devices={cores} or fewer"
        )
    if nodes > 1 and not {"MASTER_ADDR", "SLURM_JOB_ID"} & set(os.environ):
        raise FerlabError(
            f"trainer.num_nodes: {nodes} machines, but nothing says how they find each other; cure: start the same "
            f"command on each under `torchrun --nnodes={nodes} --nproc-per-node=<devices> --rdzv-backend=c10d "
            "--rdzv-endpoint=<first machine>:29500 -m ferlab.train trainer=multi_node ...`, or under SLURM's srun"
        )
