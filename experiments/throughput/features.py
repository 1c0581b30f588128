"""Classic features of AffectNet-sized images by ferlab, all cores, and image by image by scikit-image and mahotas."""

import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ferlab.build import build
from ferlab.config import compose, plain
from ferlab.features.extract import extract
from ferlab.features.pixels import grey_levels

ALL, SIDE = 25_262, 96
# what all of AffectNet's images may take, in seconds on two cores
SECONDS = {"hog": 90, "lbp": 60, "dct": 60, "zernike": 240}
NAMES = {"hog": "scikit-image", "lbp": "scikit-image", "dct": "scipy", "zernike": "mahotas"}


def images(count: int) -> NDArray[np.uint8]:
    """Return `count` images of 96x96 RGB: AffectNet's where FERLAB_DATA is set, else synthetic faces over again."""
    if os.environ.get("FERLAB_DATA"):
        values = plain(compose("train", ["data=affectnet"]))["data"]
    else:
        faces = ["data=synthetic_faces", f"data.size={SIDE}", "data.grey=false", "data.n_train=400"]
        values = plain(compose("train", [*faces, "data.n_val=50", "data.n_test=50"]))["data"]
    x = build(values).load().x
    pixels: NDArray[np.uint8] = x[np.arange(count) % len(x)]
    return pixels


def feature(name: str) -> Any:
    """Return the feature as conf/features has it."""
    return build(plain(compose("train", [f"+features={name}"]))["features"][name])


def ferlab(name: str, count: int, workers: int | None = None) -> float:
    """Return images a second from raw images to rows on the disk, nothing cached before.

    Args:
        name: in conf/features.
        count: images.
        workers: cores; None: all.
    """
    x, one = images(count), feature(name)
    one.transform(x[:2])
    before, threads = os.environ.get("FERLAB_CACHE"), torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FERLAB_CACHE"] = folder
        # a single worker computes in this thread
        torch.set_num_threads(1 if workers == 1 else threads)
        try:
            begun = time.perf_counter()
            rows = extract(one, x, name, workers)
            seconds = time.perf_counter() - begun
        finally:
            torch.set_num_threads(threads)
            os.environ.pop("FERLAB_CACHE")
            if before is not None:
                os.environ["FERLAB_CACHE"] = before
    assert rows.shape[0] == count
    return count / seconds


def theirs(name: str, count: int) -> float:
    """Return images a second of the library that people use, one image after the other in one process."""
    x, once = images(count), _REFERENCES[name]()
    once(x[0])
    begun = time.perf_counter()
    for image in x:
        once(image)
    return count / (time.perf_counter() - begun)


def _hog() -> Callable[[NDArray[np.uint8]], Any]:
    from skimage.color import rgb2gray
    from skimage.feature import hog

    return lambda image: hog(rgb2gray(image), cells_per_block=(2, 2))


def _lbp() -> Callable[[NDArray[np.uint8]], Any]:
    from skimage.feature import local_binary_pattern

    edge = SIDE // 6

    def once(image: NDArray[np.uint8]) -> Any:
        grey = grey_levels(image[None])[0].numpy().astype(np.uint8)
        patterns = local_binary_pattern(grey, 8, 1, "uniform").astype(int)
        cells = patterns.reshape(6, edge, 6, edge).swapaxes(1, 2).reshape(36, -1)
        return np.stack([np.bincount(cell, minlength=10) for cell in cells]) / edge**2

    return once


def _dct() -> Callable[[NDArray[np.uint8]], Any]:
    from scipy.fft import dctn
    from skimage.color import rgb2gray

    from ferlab.features.dct import zigzag

    rows, columns = zigzag(SIDE, SIDE)[:, :136]
    return lambda image: dctn(rgb2gray(image), norm="ortho")[rows, columns]


def _zernike() -> Callable[[NDArray[np.uint8]], Any]:
    from mahotas.features import zernike_moments
    from skimage.color import rgb2gray

    return lambda image: zernike_moments(rgb2gray(image), SIDE / 2)


_REFERENCES = {"hog": _hog, "lbp": _lbp, "dct": _dct, "zernike": _zernike}
