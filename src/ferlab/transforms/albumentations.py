"""Albumentations: any pipeline of that library, image by image on the processor (Buslaev et al., arXiv 1809.06839)."""

import inspect
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Shaped, UInt8
from torch import Tensor, nn

from ferlab.build import build
from ferlab.errors import FerlabError
from ferlab.transforms.layout import same_layout

PREFIX = "albumentations."


class Albumentations(nn.Module):
    """Apply transforms of albumentations to each image, as uint8 (height, width, channel).

    The library is needed for training alone: it is imported and the pipeline built at the first use, so a trained
    model loads where it is missing. Every batch draws a new seed from torch's default generator, so epochs differ,
    and `torch.manual_seed` makes them repeat.

    Args:
        steps: plain values, `{"_target_": "albumentations.HorizontalFlip", "p": 0.5}` each, in their order; those of
            `albumentations.OneOf` and its like nest.

    Raises:
        FerlabError: no step, or one that names no class of albumentations; when used: the library is missing, or the
            steps give images of several sizes.
    """

    def __init__(self, steps: Sequence[dict[str, Any]]) -> None:
        super().__init__()
        for step in steps:
            if not isinstance(step, dict) or not str(step.get("_target_", "")).startswith(PREFIX):
                raise FerlabError(
                    f"augment: Albumentations.steps: expected a list of mappings with _target_: {PREFIX}<transform>, "
                    f"found {step!r}"
                )
        if not steps:
            raise FerlabError("augment: Albumentations.steps: expected one step or more, found none")
        self.steps = list(steps)
        self._pipeline: Any = None

    def prepare(self) -> None:
        """Import the library and build the pipeline; a mistake shows here rather than at the first batch.

        Raises:
            FerlabError: the library is missing, or a step cannot be built.
        """
        if self._pipeline is None:
            library = _library()
            for step in self.steps:
                _check(step, library)
            try:
                self._pipeline = library.Compose([build(step) for step in self.steps])
            except (TypeError, ValueError) as error:
                raise FerlabError(f"augment: Albumentations.steps: {error}") from error

    def forward(self, x: Shaped[Tensor, "batch channel height width"]) -> UInt8[Tensor, "batch channel h w"]:
        """Return a new random version of each image, in the memory format of `x`.

        Args:
            x: uint8, or floating point in 0..255, which is rounded.
        """
        self.prepare()
        self._pipeline.set_random_seed(int(torch.randint(2**31 - 1, ())))
        pixels = x if x.dtype == torch.uint8 else x.round().clamp(0, 255).to(torch.uint8)
        images = pixels.permute(0, 2, 3, 1).contiguous().cpu().numpy()
        done = [self._pipeline(image=image)["image"] for image in images]
        sizes = sorted({image.shape[:2] for image in done})
        if len(sizes) > 1 or done[0].dtype != np.uint8:
            raise FerlabError(
                f"augment: Albumentations.steps: expected uint8 images of one size, found {done[0].dtype} of the "
                f"sizes {sizes}; cure: end with albumentations.Resize, leave out normalisation and ToTensorV2"
            )
        # some of its transforms drop the axis of a single channel
        out = torch.from_numpy(np.stack(done)).view(len(x), *sizes[0], -1).permute(0, 3, 1, 2)
        return same_layout(out.to(x.device), x)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"steps={self.steps}"

    def __getstate__(self) -> dict[str, Any]:
        """Return what is copied or sent to another process: the values, from which the pipeline is built again."""
        return {**self.__dict__, "_pipeline": None}


def prepare(augment: nn.Module | None) -> None:
    """Prepare every pipeline within an augmentation, before training begins.

    Raises:
        FerlabError: the library is missing, or a step cannot be built.
    """
    for part in () if augment is None else augment.modules():
        if isinstance(part, Albumentations):
            part.prepare()


def _library() -> Any:
    # it asks the network for newer versions of itself when it is imported
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    try:
        import albumentations
    except ImportError as error:
        raise FerlabError(
            f"augment=albumentations: the library cannot be imported ({error}); "
            'cure: pip install "ferlab[albumentations]"'
        ) from error
    return albumentations


def _check(value: Any, library: Any) -> None:
    """Refuse what is no transform: a checkpoint or YAML may name functions of the library that read files."""
    if isinstance(value, dict):
        name = value.get("_target_")
        if name is not None:
            found = getattr(library, str(name).removeprefix(PREFIX), None)
            transform = inspect.isclass(found) and issubclass(found, (library.BasicTransform, library.BaseCompose))
            if not (str(name).startswith(PREFIX) and transform):
                raise FerlabError(f"augment: Albumentations.steps: {name!r} is no transform of albumentations")
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for inner in value:
            _check(inner, library)
