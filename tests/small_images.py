"""Small images for the tests of features."""

import numpy as np
from numpy.typing import NDArray


def noise(count: int, height: int = 24, width: int = 24, channels: int = 1, seed: int = 0) -> NDArray[np.uint8]:
    """Return images of independent pixels."""
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, channels), np.uint8)


def smooth(count: int, height: int = 24, width: int = 24, channels: int = 1, seed: int = 0) -> NDArray[np.uint8]:
    """Return images with edges, slopes and flat parts, some black."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / max(height, width)
    waves = rng.uniform(2, 9, (count, 1, 1, channels, 2))
    field = np.sin(waves[..., 0] * x[..., None] + waves[..., 1] * y[..., None] + rng.uniform(0, 6, (count, 1, 1, 1)))
    return (np.clip(field, -0.3, 0.8) * 210 + 60).clip(0, 255).astype(np.uint8)
