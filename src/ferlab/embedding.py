"""Embedding: what a trained network makes of a sample before it decides, as a classic feature (D4: ResNet18).

It stands beside the room of features because a checkpoint of ferlab brings its whole task.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float32, Shaped
from torch import Tensor

from ferlab import checkpoint as checkpoints
from ferlab import pretrained
from ferlab.errors import FerlabError, expect_whole
from ferlab.models import backbones
from ferlab.models.penultimate import penultimate
from ferlab.task import Task

_WHERE = "features.embedding"
RANDOM = "the embedding's network has random weights: it has learnt nothing"


class Embedding:
    """The input of a network's last dense layer.

    Of a ferlab checkpoint it is what its own outputs are computed from, behind its own preprocessing; of a timm
    backbone the pooled features, 512 for ResNet18. Memory: the network and its activations for `batch_size` samples.

    Args:
        checkpoint: a .ckpt that ferlab.train wrote, of images, sounds (at its rate) or texts; None: a timm backbone.
        backbone: name in timm; without effect where a checkpoint is given.
        weights: of the backbone: True: timm's published ones, downloaded once; or a local .safetensors or .pth.
        random: take random weights, which are drawn from a fixed seed; every output is then marked.
        size: side in pixels that images are resized to for the backbone; None: as the data give them.
        pool: of the backbone: avg, max; None: its own.
        batch_size: samples at once.
        device: where the network runs: cpu, cuda, cuda:1 ...

    Raises:
        FerlabError: no network or no weights to be had, or a file that cannot be read.
    """

    learns: ClassVar[bool] = False
    version: ClassVar[int] = 1
    # the network takes all cores by itself
    cores: ClassVar[str] = "own"

    def __init__(
        self,
        checkpoint: str | None = None,
        backbone: str | None = "resnet18",
        weights: bool | str | None = True,
        random: bool = False,
        size: int | Sequence[int] | None = None,
        pool: str | None = None,
        batch_size: int = 64,
        device: str = "cpu",
    ) -> None:
        expect_whole(**{f"{_WHERE}.batch_size": batch_size})
        if batch_size < 1:
            raise FerlabError(f"{_WHERE}.batch_size: expected 1 or more, found {batch_size}")
        try:
            self.device = torch.device(device)
            torch.empty(0, device=self.device)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise FerlabError(f"{_WHERE}.device: {device!r} is not to be had here ({reason}); cure: cpu") from error
        self.batch_size, self.chunk = batch_size, 4 * batch_size
        self.backbone, self.size, self.pool, self.random = backbone, size, pool, random and checkpoint is None
        self.weights: bool | str = weights or False
        self._task: Task | None = None
        self._shape: tuple[int, ...] = ()
        if checkpoint is not None:
            self._task = checkpoints.load(checkpoint)
            self.modality: str = self._task.spec.modality
            self.options: dict[str, Any] = {"checkpoint": _digest(Path(checkpoint))}
            return
        if backbone is None:
            raise FerlabError(f"{_WHERE}: expected a checkpoint or a backbone, found neither; cure: {_CURE}")
        self.modality = "image"
        _told(lambda: backbones.known(backbone))
        if not random and not self.weights:
            raise FerlabError(
                f"{_WHERE}.weights: {backbone} without trained weights knows nothing of faces; cure: {_CURE}, or "
                f"{_WHERE}.random=true for random ones, which marks every output"
            )
        if isinstance(self.weights, str) and not random and not Path(self.weights).is_file():
            raise FerlabError(f"{_WHERE}.weights: no file {self.weights}; cure: {_CURE}")
        taken = "random" if random else _digest(Path(self.weights)) if isinstance(self.weights, str) else "published"
        sides = list(size) if isinstance(size, Sequence) else size
        self.options = {"backbone": backbone, "weights": taken, "size": sides, "pool": pool}

    @property
    def marks(self) -> list[str]:
        """What every output must say of it."""
        return [RANDOM] if self.random else []

    def marks_under(self, data: str, protocol: str) -> list[str]:
        """Return what every output under a protocol must say: a network of another may have seen its test samples.

        Args:
            data: name of the data set.
            protocol: the protocol's hash.
        """
        facts = {} if self._task is None else self._task.hparams["facts"] or {}
        trained, under = facts.get("data", {}).get("name"), facts.get("protocol", {})
        if self._task is None or self.random or trained != data or under.get("hash") == protocol:
            return self.marks
        told = f"{under.get('name', 'unknown')} {under.get('hash', '')}".strip()
        leak = f"the embedding's network was trained on {data} under another protocol, {told}"
        return [*self.marks, f"{leak}: it may have learnt from samples that are tested here"]

    def transform(self, x: Shaped[np.ndarray, "sample ..."]) -> Float32[np.ndarray, "sample feature"]:
        """Return the features.

        Raises:
            FerlabError: samples that the network cannot take, no dense layer, or no weights to be had.
        """
        task = self._ready(x.shape[1:])
        with torch.autocast(self.device.type, enabled=False):
            return penultimate(task.net, task.net, self._inputs(task, x))

    def _inputs(self, task: Task, x: Shaped[np.ndarray, "sample ..."]) -> Iterator[Tensor]:
        front: Any = task.preprocess
        for first in range(0, len(x), self.batch_size):
            part = x[first : first + self.batch_size]
            raw = front.encode([str(text) for text in part]) if self.modality == "text" else np.array(part)
            batch = torch.from_numpy(raw).to(self.device)
            ready = front(batch.permute(0, 3, 1, 2) if batch.ndim == 4 else batch)
            yield ready.contiguous(memory_format=torch.channels_last) if ready.ndim == 4 else ready

    def _ready(self, shape: tuple[int, ...]) -> Task:
        if self._task is None or (self._shape and self._shape != shape):
            self._task, self._shape = _told(lambda: self._made(shape)), shape
        self._task.eval().to(self.device)
        return self._task

    def _made(self, shape: tuple[int, ...]) -> Task:
        net = {"_target_": "ferlab.models.timm_net.TimmNet", "backbone": self.backbone, "pool": self.pool}
        front = {"_target_": "ferlab.transforms.backbone.BackbonePreprocess", "backbone": self.backbone}
        # a random backbone is the same each time, and no other draw moves
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            task = Task(
                # the head stays unused
                spec={"kind": "multiclass", "labels": ["one", "other"], "modality": "image", "shape": list(shape)},
                model={"net": net, "preprocess": {**front, "size": self.size}},
                loss={"_target_": "ferlab.losses.CrossEntropy"},
                optimizer={"_target_": "torch.optim.SGD", "lr": 0.1},
            )
        if not self.random:
            pretrained.start_from(task, self.weights)
        return task


_CURE = (
    f"{_WHERE}.checkpoint=<a .ckpt of ferlab.train>, {_WHERE}.weights=<a local .safetensors or .pth of the backbone, "
    f"as timm publishes it>, or {_WHERE}.weights=true on a machine that reaches huggingface.co once"
)


def _told(work: Any) -> Any:
    """Run what speaks of a model's options: here they have other names."""
    try:
        return work()
    except FerlabError as error:
        text = str(error).replace("model.pretrained=false", f"{_WHERE}.random=true")
        text = text.replace("model.pretrained", f"{_WHERE}.weights").replace("model.backbone", f"{_WHERE}.backbone")
        raise FerlabError(text.replace("model.preprocess.size", f"{_WHERE}.size")) from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
