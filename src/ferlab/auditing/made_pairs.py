"""Recall of the search for copies: images are changed in known ways, and found again or not."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from jaxtyping import Int64, UInt8
from numpy.typing import NDArray

from ferlab.data.copies import THRESHOLD, Copies
from ferlab.data.likeness import SIDE, likeness, views
from ferlab.evaluation.intervals import wilson
from ferlab.progress import watched

Image = NDArray[np.uint8]
Change = Callable[[Image, np.random.Generator], Image]

IMAGES, SEED = 300, 0


def _affine(image: Image, degrees: int = 0, scale: float = 1.0, right: int = 0, down: int = 0) -> Image:
    """Turn, enlarge and shift; shifts in pixels of 48, whatever the image's own size."""
    height, width = image.shape[:2]
    table = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, scale)
    table[:, 2] += (right * width / SIDE, down * height / SIDE)
    made = cv2.warpAffine(image, table, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(made, np.uint8).reshape(image.shape)


def _bytes(values: NDArray[np.floating[Any]]) -> Image:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def _jpeg(image: Image, quality: int) -> Image:
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8).reshape(image.shape)


def _blur(image: Image, sigma: int) -> Image:
    made = cv2.GaussianBlur(image, (0, 0), sigma * image.shape[1] / SIDE)
    return np.asarray(made, np.uint8).reshape(image.shape)


def _halved(image: Image) -> Image:
    height, width = image.shape[:2]
    small = cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height)), np.uint8).reshape(image.shape)


def _mirrored(image: Image) -> Image:
    return np.ascontiguousarray(image[:, ::-1])


#: kinds of made copies; pixels are those of an image of 48 x 48
CHANGES: dict[str, Change] = {
    "mirrored": lambda image, _: _mirrored(image),
    "shifted by 1 pixel": lambda image, _: _affine(image, right=1),
    "shifted by 2 pixels": lambda image, _: _affine(image, right=-2),
    "shifted by 3 pixels": lambda image, _: _affine(image, right=3),
    "shifted by 2 pixels both ways": lambda image, _: _affine(image, right=2, down=-2),
    "brighter by 40 of 255": lambda image, _: _bytes(image + 40.0),
    "darker by 40 of 255": lambda image, _: _bytes(image - 40.0),
    "contrast x 0.6": lambda image, _: _bytes((image - 128.0) * 0.6 + 128),
    "contrast x 1.4": lambda image, _: _bytes((image - 128.0) * 1.4 + 128),
    "JPEG, quality 90": lambda image, _: _jpeg(image, 90),
    "JPEG, quality 60": lambda image, _: _jpeg(image, 60),
    "JPEG, quality 30": lambda image, _: _jpeg(image, 30),
    "blurred, sd 1 pixel": lambda image, _: _blur(image, 1),
    "halved and enlarged": lambda image, _: _halved(image),
    "noise, sd 10 of 255": lambda image, rng: _bytes(image + rng.normal(0, 10, image.shape)),
    "turned by 3 degrees": lambda image, _: _affine(image, degrees=3),
    "turned by 6 degrees": lambda image, _: _affine(image, degrees=-6),
    "cropped to 95 %": lambda image, _: _affine(image, scale=1 / 0.95),
    "cropped to 90 %": lambda image, _: _affine(image, scale=1 / 0.9),
    "mirrored, shifted by 2, JPEG 60": lambda image, _: _jpeg(_affine(_mirrored(image), right=2), 60),
}


def measure_recall(
    x: UInt8[np.ndarray, "sample height width channel"], copies: Copies, count: int = IMAGES
) -> dict[str, dict[str, Any]]:
    """Change images of a data set in every known way and count which of them would be found as copies.

    A made copy is found as `find_copies` finds any: its descriptor is near enough in the basis of the data set to be
    a candidate, and its detail correlates enough. Images without detail, blank ones say, are left out.

    Args:
        x: all images of the data set.
        copies: what was found in it.
        count: images to change, spread over the data set.

    Returns:
        For each kind value, low, high (Wilson), n and interval.
    """
    chosen = _chosen(len(x), count)
    images = [np.ascontiguousarray(x[i]) for i in chosen]
    originals = views(images, len(images))
    z = copies.basis.descriptors(originals.smooth)
    mirrored = copies.basis.descriptors(originals.smooth[:, :, ::-1])
    found: dict[str, dict[str, Any]] = {}
    for kind, change in watched(CHANGES.items(), len(CHANGES), "measuring recall on made copies"):
        rng = np.random.default_rng(SEED)
        changed = views((change(image, rng) for image in images), len(images))
        of_changed = copies.basis.descriptors(changed.smooth)
        hits = n = 0
        for i in np.flatnonzero(~originals.flat & ~changed.flat).tolist():
            seen = [(z[i] @ of_changed[i], False), (mirrored[i] @ of_changed[i], True)]
            n += 1
            hits += any(
                cosine >= copies.basis.floor and likeness(originals, i, changed, i, mirror) >= THRESHOLD
                for cosine, mirror in seen
            )
        if n:
            low, high = wilson(hits, n)
            found[kind] = {"value": hits / n, "low": low, "high": high, "n": n, "interval": "Wilson"}
    return found


def _chosen(total: int, count: int) -> Int64[np.ndarray, "chosen"]:
    return np.sort(np.random.default_rng(SEED).permutation(total)[:count]).astype(np.int64)
