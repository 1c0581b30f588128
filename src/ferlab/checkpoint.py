"""Checkpoints: rebuilt from the plain values inside them; loading one never runs code that it brings."""

import os
import pickle
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, Int32, Shaped, UInt8
from torch import Tensor

from ferlab.answering import calibrated, thresholds_at
from ferlab.errors import FerlabError
from ferlab.evaluation.words import NOUNS
from ferlab.task import Batch, Task
from ferlab.transforms.image import Preprocess
from ferlab.transforms.text import Text
from ferlab.transforms.views import Views


class Predictor:
    """A trained model that turns raw samples into probabilities: the one way from a sample to a row.

    Args:
        task: the model with its preprocessing and labels.
        device: where it runs.
        precision: Lightning's precision that it was trained in; "bf16-mixed" computes in bfloat16.
        views: the looks at each image whose probabilities are averaged (conf/tta); None: each image once, whole.
        temperature: what the probabilities are calibrated by (evaluation/temperature.py); 1 leaves them as trained.
            It was fitted on single views: the mean over several is less sure already, and gets no temperature of its
            own.
    """

    def __init__(
        self,
        task: Task,
        device: str | torch.device = "cpu",
        precision: str = "32-true",
        views: Views | None = None,
        temperature: float | int = 1.0,
    ) -> None:
        self.task = task.eval().to(device)
        self.device = torch.device(device)
        self.dtype = {"bf16": torch.bfloat16, "16": torch.float16}.get(precision.split("-")[0])
        self.views = views
        self.temperature = temperature

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names, in the order of the probabilities' columns."""
        return self.task.spec.labels

    @property
    def thresholds(self) -> dict[str, float] | None:
        """From which probability on each label of a multilabel task is said, at this temperature; else None.

        A checkpoint that keeps none (its training was killed) decides at .5.
        """
        return thresholds_at(self.task.spec, self.task.hparams["facts"] or {}, self.temperature)

    @torch.inference_mode()
    def tensor(self, x: Shaped[Tensor, "batch *sample"]) -> Float[Tensor, "batch classes"]:
        """Return probabilities, on the CPU, of one batch of raw samples."""
        x = x.to(self.device)
        looks = [x] if self.views is None else self.views(x, cast(Preprocess, self.task.preprocess))
        with torch.autocast(self.device.type, dtype=self.dtype, enabled=self.dtype is not None):
            # one look after another: together they would take their number times the memory
            each = [self.task.probabilities(look).float() for look in looks]
        p = torch.stack(each).mean(0).cpu()
        return torch.from_numpy(calibrated(self.task.spec, p.numpy(), self.temperature))

    def rows(self, batches: Iterable[Batch]) -> tuple[np.ndarray, Float[np.ndarray, "sample classes"]]:
        """Return the samples' positions in the data set and their probabilities, in the batches' order."""
        indices, probabilities = [], []
        for batch in batches:
            indices.append(batch["index"].numpy())
            probabilities.append(self.tensor(batch["x"]).numpy())
        return np.concatenate(indices), np.concatenate(probabilities)

    def images(
        self, images: UInt8[np.ndarray, "sample height width channel"], batch_size: int = 256
    ) -> Float[np.ndarray, "sample classes"]:
        """Return probabilities of raw images, grey (one channel) or RGB, of any size, values 0 to 255."""
        x = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
        return torch.cat([self.tensor(part) for part in torch.split(x, batch_size)]).numpy()

    def texts(self, texts: Sequence[str], batch_size: int = 256) -> Float[np.ndarray, "sample classes"]:
        """Return probabilities of raw texts, cleaned and numbered as in training.

        Raises:
            FerlabError: the model was not trained on texts.
        """
        front = self.task.preprocess
        if not isinstance(front, Text):
            raise FerlabError(f"texts: this model was trained on {NOUNS[self.task.spec.modality]}")
        return self.ids(front.encode(texts), batch_size)

    def ids(
        self, ids: Int32[np.ndarray, "sample tokens"], batch_size: int = 256
    ) -> Float[np.ndarray, "sample classes"]:
        """Return probabilities of texts whose words are numbered already."""
        parts = torch.split(torch.from_numpy(ids), batch_size)
        return torch.cat([self.tensor(part) for part in parts]).numpy()


def read(path: Path) -> dict[str, Any]:
    """Read a checkpoint file without running anything that it brings.

    Raises:
        FerlabError: no such file, or not a checkpoint that ferlab wrote.
    """
    if path.suffix == ".skops":
        raise FerlabError(
            f"checkpoint: {path} is a classic model; expected a network's, a .ckpt that ferlab.train wrote"
        )
    if not path.is_file():
        run = path.parent.parent
        bare = path.parent.name == "checkpoints" and not path.parent.is_dir() and (run / "config.yaml").is_file()
        why = f" ({run} is a run without checkpoints, as those of ferlab.baseline are)" if bare else ""
        raise FerlabError(f"checkpoint: no file {path}{why}; expected a .ckpt that ferlab.train wrote")
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FerlabError(f"checkpoint: {path} cannot be read as tensors and plain values ({reason})") from error
    if not isinstance(values, dict) or not {"state_dict", "hyper_parameters"} <= values.keys():
        raise FerlabError(f"checkpoint: {path} was not written by ferlab.train (no state_dict and hyper_parameters)")
    return values


def amend(path: Path, facts: dict[str, Any]) -> None:
    """Add facts to those that a checkpoint keeps, in place of earlier ones of the same names; whole or not at all.

    Args:
        path: the checkpoint, replaced.
        facts: plain values, `{"calibration": ...}` say.

    Raises:
        FerlabError: no such file, or not a checkpoint that ferlab wrote.
    """
    values = read(path)
    parameters = values["hyper_parameters"]
    parameters = {**parameters, "facts": {**(parameters.get("facts") or {}), **facts}}
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        torch.save({**values, "hyper_parameters": parameters}, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def calibration(task: Task) -> dict[str, Any] | None:
    """Return what a checkpoint's task knows of its calibration: temperature, thresholds; None where it knows none."""
    found: dict[str, Any] | None = (task.hparams["facts"] or {}).get("calibration")
    return found


def kept_thresholds(task: Task) -> dict[str, float] | None:
    """Return from which probability on each label is said, of a multilabel checkpoint; None where it keeps none."""
    found: dict[str, float] | None = (task.hparams["facts"] or {}).get("thresholds")
    return found


def load(path: str | Path) -> Task:
    """Rebuild the task of a checkpoint, weights and all, on the CPU and in evaluation mode.

    Raises:
        FerlabError: the file is missing or broken, names something untrusted, or its weights do not fit.
    """
    path = Path(path)
    values = read(path)
    try:
        task = Task(**values["hyper_parameters"])
    except TypeError as error:
        raise FerlabError(f"checkpoint: {path} was written by another version of ferlab ({error})") from error
    restore(task, values, path)
    return task.eval()


def restore(task: Task, values: dict[str, Any], path: Path) -> None:
    """Put a checkpoint's weights into a task.

    Raises:
        FerlabError: the weights do not fit.
    """
    try:
        task.load_state_dict(values["state_dict"])
    except RuntimeError as error:
        raise FerlabError(f"checkpoint: the weights of {path} do not fit its model: {error}") from error
