"""Test-time views: fixed looks at an image, whose probabilities are averaged (Krizhevsky et al., NeurIPS 2012)."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Shaped
from torch import Tensor

from ferlab.transforms.image import Preprocess
from ferlab.transforms.options import between

Batch = Shaped[Tensor, "batch channel _ _"]


@runtime_checkable
class Views(Protocol):
    """Several looks at each image of a batch, the same ones every time.

    Attributes:
        name: as in conf/tta.
        count: how many.
    """

    name: str
    count: int

    def __call__(self, x: Tensor, preprocess: Preprocess) -> list[Tensor]:
        """Return `count` batches of raw pixels, each of which `preprocess` takes.

        Args:
            x: raw images, uint8 or floating point in 0..255.
            preprocess: the model's; its `crop` is the crops' side.
        """
        ...


class Flip:
    """The image and its mirror image."""

    name, count = "flip", 2

    def __call__(self, x: Batch, preprocess: Preprocess) -> list[Tensor]:
        """Return both looks at each image; see `Views`."""
        del preprocess
        return [x, x.flip(3)]


class FiveCrop:
    """The four corners and the centre.

    A model that crops (`model.preprocess.crop`) sees crops of that side, cut out of the resized image: its centre is
    then the single view. Any other model sees a share of each side, brought to its size.

    Args:
        share: of each side, for a model that does not crop; above 0, at most 1.

    Raises:
        FerlabError: no such share.
    """

    name, count = "five_crop", 5

    def __init__(self, share: int | float = 0.875) -> None:
        self.share = between("tta.share", share, 0.01, 1)

    def __call__(self, x: Batch, preprocess: Preprocess) -> list[Tensor]:
        """Return the looks at each image, upper left, upper right, lower left, lower right, centre; see `Views`."""
        if preprocess.crop is None:
            tall, wide = (max(1, round(self.share * side)) for side in x.shape[2:])
        else:
            tall = wide = preprocess.crop
            x = x if x.shape[2:] == torch.Size(preprocess.size) else preprocess.resize(x)
        bottom, right = x.shape[2] - tall, x.shape[3] - wide
        corners = [(0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)]
        return [x[:, :, top : top + tall, left : left + wide] for top, left in corners]


class TenCrop(FiveCrop):
    """The four corners, the centre, and their mirror images."""

    name, count = "ten_crop", 10

    def __call__(self, x: Batch, preprocess: Preprocess) -> list[Tensor]:
        """Return the looks at each image, those of `FiveCrop` and then their mirror images; see `Views`."""
        five = super().__call__(x, preprocess)
        return [*five, *(view.flip(3) for view in five)]
