"""Where the network of an embedding comes from: a checkpoint of ferlab, or a backbone of timm with weights for it."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch

from ferlab import checkpoint as checkpoints
from ferlab import pretrained
from ferlab.errors import FerlabError
from ferlab.models import backbones
from ferlab.task import Task

WHERE = "features.embedding"
RANDOM = "the embedding's network has random weights: it has learnt nothing"
CURE = (
    f"{WHERE}.checkpoint=<a .ckpt of ferlab.train>, {WHERE}.weights=<a local .safetensors or .pth of the backbone, "
    f"as timm publishes it>, or {WHERE}.weights=true on a machine that reaches huggingface.co once"
)
_SHOWN = 12
T = TypeVar("T")


class Source(Protocol):
    """What an embedding asks of where its network comes from.

    Attributes:
        modality: of the samples that it reads.
        options: what tells its values from another network's.
        note: whose weights they are.
        random: whether it has learnt nothing.
    """

    modality: str
    options: dict[str, Any]
    note: str
    random: bool

    def task(self, shape: tuple[int, ...]) -> Task:
        """Return the network with its preprocessing, for raw samples of this shape, in evaluation mode."""

    def learnt_from(self) -> tuple[str, dict[str, Any]] | None:
        """Return the name of the data set and the facts of the protocol it was trained under, where that is known."""


class Trained:
    """The network of a checkpoint, whose preprocessing takes samples of any shape.

    Args:
        path: a .ckpt that ferlab.train wrote.

    Raises:
        FerlabError: no such file, or one that cannot be read.
    """

    random = False

    def __init__(self, path: str) -> None:
        self._task = checkpoints.load(path)
        self.modality: str = self._task.spec.modality
        self.rate: int | None = getattr(self._task.preprocess, "rate", None)
        digest = _digest(Path(path))
        self.options: dict[str, Any] = {"checkpoint": digest}
        facts = self._task.hparams["facts"] or {}
        data, under = (
            facts.get("data", {}).get("name", "unknown data"),
            facts.get("protocol", {}).get("name", "unknown"),
        )
        name = facts.get("name", type(self._task.net).__name__)
        self.note = f"{name} of {path}, sha256 {digest[:_SHOWN]}, trained on {data} under protocol {under}"

    def task(self, shape: tuple[int, ...]) -> Task:
        """Return the checkpoint's task."""
        del shape
        return self._task.eval()

    def learnt_from(self) -> tuple[str, dict[str, Any]] | None:
        """Return the name of the data set and the facts of the protocol it was trained under."""
        facts = self._task.hparams["facts"] or {}
        return facts.get("data", {}).get("name"), facts.get("protocol", {})


class Backbone:
    """A timm backbone; it is made anew where images have another size.

    Args:
        name: in timm.
        weights: True: timm's published ones, downloaded once; or a local .safetensors or .pth.
        random: take random weights, which are drawn from a fixed seed.
        size: side in pixels, or (height, width), that images are resized to; None: as the data give them.
        pool: avg, max; None: the backbone's own.

    Raises:
        FerlabError: timm has no such backbone, or there are no weights for it.
    """

    modality = "image"

    def __init__(
        self, name: str, weights: bool | str | None, random: bool, size: int | Sequence[int] | None, pool: str | None
    ) -> None:
        if pool not in (None, "avg", "max"):
            raise FerlabError(f"{WHERE}.pool: expected avg, max or null (the backbone's own), found {pool!r}")
        self.name, self.random, self.pool = name, random, pool
        self.weights: bool | str = weights or False
        self.size = list(size) if isinstance(size, Sequence) else size
        told(lambda: backbones.known(name))
        if not random and not self.weights:
            raise FerlabError(
                f"{WHERE}.weights: {name} without trained weights knows nothing of faces; cure: {CURE}, or "
                f"{WHERE}.random=true for random ones, which marks every output"
            )
        if random:
            taken, self.note = "random", f"{name} with random weights"
        elif isinstance(self.weights, str):
            if not Path(self.weights).is_file():
                raise FerlabError(f"{WHERE}.weights: no file {self.weights}; cure: {CURE}")
            taken = _digest(Path(self.weights))
            self.note = f"{name} with the weights of {self.weights}, sha256 {taken[:_SHOWN]}"
        else:
            taken, self.note = "published", f"{name} with timm's published weights"
        self.options: dict[str, Any] = {"backbone": name, "weights": taken, "size": self.size, "pool": pool}
        self._task: Task | None = None
        self._shape: tuple[int, ...] = ()

    def task(self, shape: tuple[int, ...]) -> Task:
        """Return the backbone with the preprocessing that it was trained with.

        Raises:
            FerlabError: images that are too small for it, or no weights to be had.
        """
        if self._task is None or self._shape != shape:
            self._task, self._shape = told(lambda: self._made(shape)), shape
        return self._task

    def learnt_from(self) -> tuple[str, dict[str, Any]] | None:
        """Return None: what weights from elsewhere were trained on is not written in them."""
        return None

    def _made(self, shape: tuple[int, ...]) -> Task:
        net = {"_target_": "ferlab.models.timm_net.TimmNet", "backbone": self.name, "pool": self.pool}
        front = {"_target_": "ferlab.transforms.backbone.BackbonePreprocess", "backbone": self.name}
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
        return task.eval()


def told(work: Callable[[], T]) -> T:
    """Run what speaks of a model's options: here they have other names."""
    try:
        return work()
    except FerlabError as error:
        text = str(error).replace("model.pretrained=false", f"{WHERE}.random=true")
        text = text.replace("model.pretrained", f"{WHERE}.weights").replace("model.backbone", f"{WHERE}.backbone")
        raise FerlabError(text.replace("model.preprocess.size", f"{WHERE}.size")) from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
