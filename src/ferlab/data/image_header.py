"""Width and height from an image's first bytes, and whether its end is there: asked before anything is decoded."""

import struct

from ferlab.data.broken import BadEntryError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
_PNG, _JPEG_END = b"\x89PNG\r\n\x1a\n", b"\xff\xd9"
# SOF0 to SOF15 but for DHT, JPG and DAC
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def image_size(data: bytes) -> tuple[int, int]:
    """Return (height, width) as the header of a JPEG, PNG, BMP or WebP file gives them.

    Raises:
        BadEntryError: another format, or the file is cut short.
    """
    try:
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data)
        if data.startswith(_PNG):
            width, height = struct.unpack_from(">II", data, 16)
            if b"IEND" not in data:
                raise BadEntryError("is a truncated PNG (no end marker); expected a whole image")
            return height, width
        if data.startswith(b"BM"):
            size, width, height = struct.unpack_from("<I12xii", data, 2)
            if len(data) < size:
                raise BadEntryError(f"is a truncated BMP: expected {size:,} bytes, found {len(data):,}")
            return abs(height), width
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _webp(data)
    except struct.error as error:
        raise BadEntryError(f"is a truncated image: its header ends after {len(data):,} bytes") from error
    found = f"{len(data):,} bytes that begin with {data[:8]!r}" if data else "an empty file"
    raise BadEntryError(f"is no image: expected JPEG, PNG, BMP or WebP, found {found}")


def _jpeg(data: bytes) -> tuple[int, int]:
    at, size = 2, None
    while at + 4 <= len(data):
        marker = data[at + 1]
        if data[at] != 0xFF:
            raise BadEntryError(f"is a damaged JPEG: expected a marker at byte {at:,}")
        if marker == 0xFF or 0xD0 <= marker <= 0xD8 or marker == 0x01:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _JPEG_FRAMES:
            size = struct.unpack_from(">HH", data, at + 5)
        if marker == 0xDA:
            # a thumbnail in the header has an end marker of its own, so only what follows the scan's start counts
            if not data.endswith(_JPEG_END) and data.find(_JPEG_END, at) < 0:
                raise BadEntryError("is a truncated JPEG (no end marker); expected a whole image")
            break
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    else:
        raise BadEntryError(f"is a truncated JPEG: its header ends after {len(data):,} bytes; expected a whole image")
    if size is None:
        raise BadEntryError("is a damaged JPEG: no frame header before its pixels")
    return size


def _webp(data: bytes) -> tuple[int, int]:
    if len(data) < struct.unpack_from("<I", data, 4)[0] + 8:
        raise BadEntryError(f"is a truncated WebP: it ends after {len(data):,} bytes")
    if data[12:16] == b"VP8X":
        return 1 + int.from_bytes(data[27:30], "little"), 1 + int.from_bytes(data[24:27], "little")
    if data[12:16] == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return 1 + (bits >> 14 & 0x3FFF), 1 + (bits & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return height & 0x3FFF, width & 0x3FFF
