"""D1's augmentation by ferlab, a batch at a time, and by albumentations, image by image."""

import os
import time
from collections.abc import Callable

# albumentations asks the network for newer versions of itself when it is imported
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import albumentations as A
import cv2
import numpy as np
import torch
from cases import Case
from numpy.typing import NDArray

from ferlab.allocator import keep_freed_memory
from ferlab.build import build
from ferlab.run import load_data

WARM = 3


def images(case: Case, steps: int) -> NDArray[np.uint8]:
    """Return batches of the case's training images, (batch, image, height, width, channel)."""
    count = (WARM + steps) * case.batch
    data = load_data(case.config("32-true", count))
    chosen = np.resize(data.training.indices, count)
    pixels: NDArray[np.uint8] = data.samples.x[chosen]
    return pixels.reshape(WARM + steps, case.batch, *pixels.shape[1:])


def rate(batches: NDArray[np.uint8], once: Callable[[NDArray[np.uint8]], object]) -> float:
    """Return images a second; the first batches are not counted."""
    begun = 0.0
    for step, batch in enumerate(batches):
        if step == WARM:
            begun = time.perf_counter()
        once(batch)
    return (len(batches) - WARM) * batches.shape[1] / (time.perf_counter() - begun)


def ferlab(case: Case, steps: int, threads: int | None = None) -> float:
    """Return images a second, from uint8 as it lies in memory to float32 as the network's preprocessing takes it.

    Args:
        case: images, batch and recipe.
        steps: batches that are timed.
        threads: that torch may use; None: as many as it takes by itself.
    """
    keep_freed_memory()
    torch.manual_seed(0)
    augment = build(case.config("32-true", case.batch)["augment"])
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        with torch.no_grad():
            return rate(images(case, steps), lambda batch: augment(torch.from_numpy(batch).permute(0, 3, 1, 2)))
    finally:
        torch.set_num_threads(before)


def albumentations(case: Case, steps: int) -> float:
    """Return images a second, from uint8 to a batch of uint8: nothing is turned into floats or tensors."""
    assert case.augment == "d1", case.augment
    affine = A.Affine(
        scale={"x": (0.8, 1.2), "y": (0.8, 1.2)},
        translate_percent={"x": (-0.2, 0.2), "y": (-0.2, 0.2)},
        rotate=(-40, 40),
        shear={"x": (-0.2, 0.2), "y": (0.0, 0.0)},
        border_mode=cv2.BORDER_REPLICATE,
        p=1.0,
    )
    chain = A.Compose([affine, A.HorizontalFlip(p=0.5)], seed=0)
    return rate(images(case, steps), lambda batch: np.stack([chain(image=image)["image"] for image in batch]))
