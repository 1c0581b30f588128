"""A case's training images as the files that other ways of training read."""

from pathlib import Path

import numpy as np
from cases import Case
from PIL import Image

from ferlab.run import load_data


def write_files(case: Case, folder: Path, count: int) -> None:
    """Write `count` training images, drawn at random, as JPEG files (Pillow's default quality), one folder a class."""
    data = load_data(case.config("32-true", count))
    for label in data.spec.labels:
        (folder / label).mkdir(parents=True, exist_ok=True)
    for index in np.random.default_rng(0).permutation(data.training.indices)[:count]:
        image, label = data.samples.x[index], data.spec.labels[data.samples.labels[index]]
        Image.fromarray(image.squeeze() if image.shape[-1] == 1 else image).save(folder / label / f"{index}.jpg")
