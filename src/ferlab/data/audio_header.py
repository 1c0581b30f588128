"""Whether the end of a sound file is there: libsndfile reads what is left of some formats without a word."""

import struct

from ferlab.data.broken import BadEntryError

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf", ".w64", ".rf64")
# written by a program that streamed and could not go back to fill in the length
_UNKNOWN = (0, -1, 0xFFFFFFFF)
_OGG_END = 4


def check_end(data: bytes) -> None:
    """Compare the length that a WAV, RF64, W64, AIFF, AU, CAF or Ogg file declares with what is there.

    FLAC and MP3 are left to the decoder, which misses their end itself.

    Raises:
        BadEntryError: empty, or cut short.
    """
    if not data:
        raise BadEntryError("is an empty file; expected a sound file")
    try:
        end = _declared_end(data)
    except struct.error as error:
        raise BadEntryError(f"is a truncated sound file: its header ends after {len(data):,} bytes") from error
    # some writers leave the padding byte of the last chunk out
    if end > len(data) + 1:
        raise BadEntryError(f"is a truncated sound file: it declares {end:,} bytes, found {len(data):,}")
    if data.startswith(b"OggS") and not data[_last_page(data) + 5] & _OGG_END:
        raise BadEntryError("is a truncated Ogg file (no page ends the stream); expected a whole file")


def _declared_end(data: bytes) -> int:
    """Return where the sound ends by the header, 0 where it does not say."""
    if data[:4] in (b"RIFF", b"RIFX") and data[8:12] == b"WAVE":
        return _chunks(data, 12, "<I" if data.startswith(b"RIFF") else ">I", even=True)
    if data[:4] == b"caff":
        return _chunks(data, 8, ">q", even=False)
    if data[:4] == b"RF64":
        return 8 + int(struct.unpack_from("<Q", data, 20)[0])
    if data[:4] == b"riff":
        return int(struct.unpack_from("<Q", data, 16)[0])
    if data[:4] == b"FORM":
        return 8 + int(struct.unpack_from(">I", data, 4)[0])
    if data[:4] == b".snd":
        start, length = struct.unpack_from(">II", data, 4)
        return 0 if length in _UNKNOWN else start + length
    return 0


def _chunks(data: bytes, at: int, length: str, even: bool) -> int:
    """Go through chunks of a four-letter name, a length and content; return where that of the sound ends."""
    head = 4 + struct.calcsize(length)
    while at + head <= len(data):
        size = int(struct.unpack_from(length, data, at + 4)[0])
        if data[at : at + 4] == b"data":
            return 0 if size in _UNKNOWN else at + head + size
        at += head + max(size, 0) + (size % 2 if even else 0)
    # it ends before any sound begins
    return max(at + head, len(data) + 2)


def _last_page(data: bytes) -> int:
    at = data.rfind(b"OggS")
    return at if at + 5 < len(data) else 0
