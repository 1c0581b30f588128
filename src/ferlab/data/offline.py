"""Offline: new images of rare classes, made once before training (document D1: disgust, 11 images x about 96)."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import nn

from ferlab.data.samples import Samples
from ferlab.data.sampling import Extra, Rebalanced, single_counts
from ferlab.errors import FerlabError
from ferlab.transforms.mixing import Mixing

BATCH = 256


class Offline:
    """Add augmented copies of training images to classes that have few.

    The copies are made in memory from training images alone and stay the same through every epoch; the run's seed
    decides them. Keras' `save_to_dir`, which D1 used, also stretches each copy's contrast to 0..255; here pixels
    keep their values.

    Args:
        augment: makes a copy: pixels 0..255 in and out, the same shape.
        classes: names of the classes that get copies; `None` takes the one with the fewest training images.
        copies: new images of each original.
        target: new images until a class has this many, spread evenly over its originals; overrides `copies`.
        from_images: how many originals of each class are copied, chosen at random; `None` takes all.
    """

    def __init__(
        self,
        augment: nn.Module,
        classes: Sequence[str] | None = None,
        copies: int = 96,
        target: int | None = None,
        from_images: int | None = None,
    ) -> None:
        if isinstance(augment, Mixing):
            raise FerlabError(
                f"rebalance.augment: {type(augment).__name__} blends images of several classes, a made image keeps its "
                "original's label; cure: one that changes each image by itself, augment@rebalance.augment=d1"
            )
        for name, value in (("copies", copies), ("target", target), ("from_images", from_images)):
            if value is not None and value < 1:
                raise FerlabError(f"rebalance.{name}: expected a number of images, 1 or more, found {value}")
        self.augment, self.classes = augment, classes
        self.copies, self.target, self.from_images = copies, target, from_images

    def __call__(self, samples: Samples, indices: np.ndarray, seed: int) -> Rebalanced:
        """Make the copies.

        Raises:
            FerlabError: a class that the data set does not have, that has no training image, or fewer than
                `from_images`; or no images at all.
        """
        if samples.spec.modality != "image":
            raise FerlabError(
                f"rebalance: images are made of images, but {samples.name}'s modality is {samples.spec.modality}; "
                "cure: rebalance=oversample, or another"
            )
        rng = np.random.default_rng(seed)
        counts = single_counts(samples, indices)
        origin = np.concatenate(
            [self._origins(samples, indices, label, rng) for label in self._labels(samples, counts)]
        ).astype(np.int64)
        extra = Extra(self._make(samples, origin, seed), origin)
        added = np.arange(len(samples), len(samples) + len(origin))
        return Rebalanced(np.concatenate([indices, added]).astype(np.int64), extra=extra)

    def _labels(self, samples: Samples, counts: np.ndarray) -> list[int]:
        names = list(samples.spec.labels)
        if self.classes is None:
            return [int(np.where(counts > 0, counts, counts.max() + 1).argmin())]
        for name in self.classes:
            if name not in names:
                raise FerlabError(
                    f"rebalance.classes: no class {name!r} in data set {samples.name}: {', '.join(names)}"
                )
            if counts[names.index(name)] == 0:
                raise FerlabError(
                    f"rebalance.classes: {name} has no training image to make others from; "
                    "cure: another protocol, or leave it out of rebalance.classes"
                )
        return sorted({names.index(name) for name in self.classes})

    def _origins(
        self, samples: Samples, indices: np.ndarray, label: int, rng: np.random.Generator
    ) -> Int64[np.ndarray, "made"]:
        """Return the original of each image to be made of a class."""
        name, of_class = samples.spec.labels[label], indices[samples.labels[indices] == label]
        originals = rng.permutation(of_class)
        if self.from_images is not None:
            if self.from_images > len(of_class):
                raise FerlabError(
                    f"rebalance.from_images: {self.from_images} originals of {name} asked for, "
                    f"training has {len(of_class)}; cure: rebalance.from_images={len(of_class)} or fewer"
                )
            originals = originals[: self.from_images]
        wanted = self.copies * len(originals) if self.target is None else max(0, self.target - len(of_class))
        return np.sort(np.resize(originals, wanted))

    def _make(self, samples: Samples, origin: np.ndarray, seed: int) -> UInt8[np.ndarray, "made height width channel"]:
        made = np.empty((len(origin), *samples.x.shape[1:]), dtype=np.uint8)
        with torch.random.fork_rng(devices=[]), torch.inference_mode():
            # the processor's generator alone: torch.manual_seed would turn those of GPUs back too
            torch.default_generator.manual_seed(seed)
            for first in range(0, len(origin), BATCH):
                few = slice(first, first + BATCH)
                x = self.augment(torch.from_numpy(samples.x[origin[few]]).permute(0, 3, 1, 2))
                if x.shape[2:] != made.shape[1:3]:
                    raise FerlabError(
                        f"rebalance.augment: expected images of {made.shape[1]} x {made.shape[2]} pixels, found "
                        f"{x.shape[2]} x {x.shape[3]}; cure: an augmentation that keeps the size"
                    )
                made[few] = x.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
        return made
