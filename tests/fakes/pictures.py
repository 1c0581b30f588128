"""Made-up pictures that JPEG keeps exactly: each 8 x 8 block is of one grey."""

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def blocks(seed: int, side: int = 48) -> Image:
    """A grey picture (side, side, 1) of random flat blocks; `side` is a multiple of 8."""
    coarse = np.random.default_rng(seed).integers(16, 240, (side // 8, side // 8), np.uint8)
    return np.repeat(np.repeat(coarse, 8, 0), 8, 1)[..., None]


def colours(seed: int, side: int = 96) -> Image:
    """An RGB picture (side, side, 3): red, green and blue differ, so that a swapped order shows."""
    red, green, blue = (blocks(3 * seed + k, side)[..., 0] // 3 + 80 * k for k in range(3))
    return np.stack([red, green, blue], axis=2)


def encode(image: Image, suffix: str = ".jpg") -> bytes:
    """The picture as a file; JPEG at full quality without colour subsampling."""
    options = [cv2.IMWRITE_JPEG_QUALITY, 100, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    bgr = image[..., ::-1] if image.shape[2] == 3 else image
    done, data = cv2.imencode(suffix, np.ascontiguousarray(bgr), options if suffix == ".jpg" else [])
    assert done
    return data.tobytes()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
