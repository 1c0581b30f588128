"""Embedding: what a trained network makes of a sample before it decides, as a classic feature (D4: ResNet18).

It stands beside the room of features because a checkpoint of ferlab brings its whole task.
"""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float32, Shaped
from torch import Tensor

from ferlab import precision as arithmetic
from ferlab.embedding_source import CURE, RANDOM, WHERE, Backbone, Source, Trained
from ferlab.errors import FerlabError, expect_whole
from ferlab.models.penultimate import batch_for, penultimate
from ferlab.task import Task
from ferlab.transforms.text import Text

PRECISIONS = {"auto": "auto", "fp32": arithmetic.FP32, "bf16": arithmetic.BF16}
# samples whose rows an interruption may lose
_CHUNK = 256


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
        batch_size: samples at once; None: as suits the device.
        device: where the network runs: cpu, cuda, cuda:1 ...; auto: cuda where there is one.
        precision: fp32, bf16 (torch's autocast), or auto: what the device does well. The values are float32 and are
            cached by the precision that they were computed in.

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
        batch_size: int | None = None,
        device: str = "auto",
        precision: str = "auto",
    ) -> None:
        self.device = _device(device)
        self.batch_size = batch_for(self.device) if batch_size is None else batch_size
        expect_whole(**{f"{WHERE}.batch_size": self.batch_size})
        if self.batch_size < 1:
            raise FerlabError(f"{WHERE}.batch_size: expected 1 or more, found {batch_size}")
        self.chunk = max(_CHUNK, self.batch_size)
        if precision not in PRECISIONS:
            raise FerlabError(f"{WHERE}.precision: expected {', '.join(PRECISIONS)}, found {precision!r}")
        chosen, self._why = arithmetic.choose(PRECISIONS[precision], self.device.type)
        self.precision = "bf16" if chosen == arithmetic.BF16 else "fp32"
        if checkpoint is not None:
            self._source: Source = Trained(checkpoint)
        elif backbone is not None:
            self._source = Backbone(backbone, weights, random, size, pool)
        else:
            raise FerlabError(f"{WHERE}: expected a checkpoint or a backbone, found neither; cure: {CURE}")
        self.modality = self._source.modality
        self._numbers: dict[str, np.ndarray] = {}

    @property
    def options(self) -> dict[str, Any]:
        """Everything the values depend on besides the samples."""
        return {**self._source.options, "precision": self.precision}

    @property
    def rate(self) -> int | None:
        """Samples a second of the sounds that the network was trained on; None: it reads no sounds."""
        return getattr(self._source, "rate", None)

    @property
    def notes(self) -> list[str]:
        """Whose weights they are, and what the values were computed in."""
        return [f"what {self._source.note} makes of a sample before it decides, computed in {self._why}"]

    @property
    def marks(self) -> list[str]:
        """What every output must say of it."""
        return [RANDOM] if self._source.random else []

    def marks_under(self, data: str, protocol: str) -> list[str]:
        """Return what every output under a protocol must say: a network of another may have seen its test samples.

        Args:
            data: name of the data set.
            protocol: the protocol's hash.
        """
        trained, under = self._source.learnt_from() or (None, {})
        if trained != data or under.get("hash") == protocol:
            return self.marks
        told = f"{under.get('name', 'unknown')} {under.get('hash', '')}".strip()
        leak = f"the embedding's network was trained on {data} under another protocol, {told}"
        return [*self.marks, f"{leak}: it may have learnt from samples that are tested here"]

    def identify(self, x: Shaped[np.ndarray, "sample ..."], ids: Shaped[np.ndarray, "sample"]) -> None:
        """Clean all texts at once, on all cores, as for the network itself; other samples stay for later."""
        del ids
        front = self._source.task(x.shape[1:]).preprocess if self.modality == "text" else None
        if isinstance(front, Text):
            texts = [str(text) for text in x]
            self._numbers = dict(zip(texts, front.encode(texts), strict=True))

    def transform(self, x: Shaped[np.ndarray, "sample ..."]) -> Float32[np.ndarray, "sample feature"]:
        """Return the features.

        Raises:
            FerlabError: samples that the network cannot take, no dense layer, no weights to be had, or too little
                memory on the device.
        """
        task = self._source.task(x.shape[1:]).to(self.device)
        try:
            return penultimate(task.net, task.net, self._inputs(task, x), bf16=self.precision == "bf16")
        except torch.OutOfMemoryError as error:
            raise FerlabError(
                f"{WHERE}.batch_size: {self.device} has no room for {self.batch_size} samples at once; cure: a "
                "smaller one"
            ) from error

    def _inputs(self, task: Task, x: Shaped[np.ndarray, "sample ..."]) -> Iterator[Tensor]:
        front: Any = task.preprocess
        raw = self._encoded(front, x) if isinstance(front, Text) else x
        for first in range(0, len(raw), self.batch_size):
            # a copy: what is memory-mapped cannot be written, and torch warns of it
            batch = torch.from_numpy(np.array(raw[first : first + self.batch_size])).to(self.device)
            ready = front(batch.permute(0, 3, 1, 2) if batch.ndim == 4 else batch)
            yield ready.contiguous(memory_format=task.memory_format) if ready.ndim == 4 else ready

    def _encoded(self, front: Text, x: Shaped[np.ndarray, "sample"]) -> Shaped[np.ndarray, "sample token"]:
        texts = [str(text) for text in x]
        if missing := [text for text in texts if text not in self._numbers]:
            self._numbers |= dict(zip(missing, front.encode(missing), strict=True))
        return np.stack([self._numbers[text] for text in texts])


def _device(wish: str) -> torch.device:
    try:
        device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if wish == "auto" else wish)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise FerlabError(f"{WHERE}.device: {wish!r} is not to be had here ({reason}); cure: auto, or cpu") from error
    return device
