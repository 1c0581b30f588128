"""Decode image files into one uint8 array: colour order, size and channels are settled here, once."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ferlab.data.broken import BadEntryError, Broken
from ferlab.data.image_header import image_size
from ferlab.data.reading import check_room, in_threads
from ferlab.errors import FerlabError
from ferlab.progress import watched

# OpenCV's own threads fight with ours and with the loader's
cv2.setNumThreads(0)

Image = NDArray[np.uint8]
_LARGEST = 1 << 26


def decode(data: bytes) -> Image:
    """Decode an image file.

    Args:
        data: a whole JPEG, PNG, BMP or WebP file.

    Returns:
        uint8, 0..255: (height, width, 3) in RGB order, or (height, width, 1) where the file itself is grey. Alpha is
        dropped, the camera's orientation applied.

    Raises:
        BadEntryError: no image, cut short, damaged, or of absurd dimensions.
    """
    height, width = image_size(data)
    if not 0 < height * width <= _LARGEST:
        raise BadEntryError(f"has absurd dimensions: expected 1 to {_LARGEST:,} pixels, found {width} x {height}")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_ANYCOLOR)
    except cv2.error as error:
        raise BadEntryError(f"cannot be decoded ({error.err})") from error
    if image is None:
        raise BadEntryError("is a damaged or truncated image: its pixels cannot be decoded")
    return _pixels(image[..., None] if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def fit(image: Image, size: tuple[int, int] | None, channels: int | None) -> Image:
    """Bring an image to a size and a number of channels.

    Args:
        image: (height, width, 1 or 3), uint8, RGB.
        size: (height, width) wanted, None to leave it. Area averaging where it shrinks, bilinear where it grows.
        channels: 1 for grey (BT.601 luma), 3 for RGB, None to leave it.

    Returns:
        uint8, (height, width, channels).
    """
    if channels == 1 and image.shape[2] == 3:
        image = _pixels(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None])
    if size is not None and image.shape[:2] != size:
        shrinks = size[0] * size[1] < image.shape[0] * image.shape[1]
        resized = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        image = _pixels(resized.reshape(*size, image.shape[2]))
    return np.repeat(image, 3, axis=2) if channels == 3 and image.shape[2] == 1 else image


def fit_all(images: Sequence[Image], size: tuple[int, int] | None, channels: int | None, broken: Broken) -> Image:
    """Bring images of one size into one array; arguments as `fit`, result (sample, height, width, channel)."""
    first = fit(images[0], size, channels)
    out = _room((len(images), *first.shape), broken)
    for index, image in enumerate(images):
        out[index] = fit(image, size, channels)
    return out


def read_images(
    entries: Sequence[str],
    read: Callable[[str], bytes],
    broken: Broken,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
) -> tuple[Image, NDArray[np.bool_]]:
    """Decode all entries into one array.

    Args:
        entries: what to read, in this order.
        read: gives an entry's bytes; called from several threads.
        broken: is told of entries that cannot be used.
        size: (height, width) of the result; None: as the files are, which must then agree.
        channels: 1 or 3; None: 3 if any file is in colour, else 1.

    Returns:
        The images, uint8, (sample, height, width, channel), C-contiguous, without the broken ones; and which entries
        they are, bool, one an entry.

    Raises:
        FerlabError: nothing is usable, sizes differ, or the array would not fit into memory.
    """
    kept = np.zeros(len(entries), bool)
    images: Image | None = None
    colour = False

    def load(entry: str) -> Image | BadEntryError:
        try:
            return fit(decode(read(entry)), size, channels)
        except BadEntryError as error:
            return error

    first = ""
    steps = watched(in_threads(load, entries), len(entries), f"{broken.name}: reading {broken.source.name}")
    for index, image in enumerate(steps):
        if isinstance(image, BadEntryError):
            broken.report(entries[index], str(image))
            continue
        if images is None:
            first = entries[index]
            images = _room((len(entries), *image.shape[:2], channels or 3), broken)
        if image.shape[:2] != images.shape[1:3]:
            raise FerlabError(
                f"{broken.name}: images in {broken.source} differ in size: {first} is "
                f"{images.shape[2]} x {images.shape[1]}, {entries[index]} is {image.shape[1]} x {image.shape[0]} "
                "(width x height); expected one size, set data.size=96 (or another) to bring them to it"
            )
        colour |= image.shape[2] == 3
        images[index] = image
        kept[index] = True
    if images is None:
        raise FerlabError(
            f"{broken.name}: no usable image in {broken.source}: {len(entries)} entries, {len(broken.skipped)} broken"
        )
    if not kept.all():
        images = images[kept]
    return (images if channels or colour else np.ascontiguousarray(images[..., :1])), kept


def _pixels(image: Any) -> Image:
    """Tell the type checker what OpenCV's stubs leave open: eight bits in, eight bits out."""
    assert image.dtype == np.uint8
    return cast(Image, image)


def _room(shape: tuple[int, ...], broken: Broken) -> Image:
    needed = int(np.prod(shape, dtype=np.int64))
    what = f"{broken.name}: {shape[0]:,} images of {shape[2]} x {shape[1]}"
    check_room(needed, what, "Set a smaller data.size")
    return np.empty(shape, np.uint8)
