"""FER-2013's original table: `fer2013.csv` or `icml_face_data.csv`, a row an image, 48 x 48 pixels as text."""

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np

from ferlab.cache import Arrays
from ferlab.data.archive import TABLE_BYTES, ZipArchive
from ferlab.data.broken import BadEntryError, Broken
from ferlab.data.images import Image, fit_all
from ferlab.data.listing import Listing
from ferlab.errors import FerlabError
from ferlab.progress import watched

TABLES = ("fer2013.csv", "icml_face_data.csv")
SIDE = 48
_SPLITS = {"Training": "train", "PublicTest": "PublicTest", "PrivateTest": "PrivateTest"}


def is_table(entry: str) -> bool:
    """Tell whether a path's last part is the name of the original table."""
    return entry.rsplit("/", 1)[-1].lower() in TABLES


def read_table(
    source: Path, classes: tuple[str, ...], broken: Broken, size: tuple[int, int] | None, channels: int | None
) -> Arrays:
    """Read the table, plain, inside a zip or inside a `.tar.gz`.

    Args:
        source: the file.
        classes: class names; the column "emotion" is the index.
        broken: is told of rows that cannot be used; named by their line, the header being line 1.
        size: (height, width) of the result, None for 48 x 48.
        channels: 1 or 3.

    Returns:
        The arrays that are cached; ids are "<Usage>/<row>", rows counted from 0 as FER+ counts them.

    Raises:
        FerlabError: no such table inside, its columns are others, or it is cut short.
    """
    listing = Listing(classes)
    images: list[Image] = []
    try:
        with _opened(source, broken) as file:
            column = _columns(file.readline(), source, broken)
            for row, line in enumerate(watched(file, None, f"{broken.name}: reading {source.name}")):
                if not line.strip():
                    continue
                try:
                    label, image, usage = _row(line, column, len(classes))
                except BadEntryError as error:
                    broken.report(f"line {row + 2}", str(error))
                    continue
                listing.add("", f"{usage}/{row:05d}", label, _SPLITS[usage])
                images.append(image)
    except (EOFError, OSError, zlib.error, zipfile.BadZipFile, tarfile.TarError, BadEntryError) as error:
        raise FerlabError(
            f"{broken.name}: {source} is cut short or damaged ({error or 'it ends too early'}); expected the whole "
            "file: download it again"
        ) from error
    if not images:
        raise FerlabError(f"{broken.name}: no usable row in {source}: {len(broken.skipped)} broken")
    return listing.arrays(fit_all(images, size, channels, broken), np.ones(len(images), bool), broken)


def _row(line: bytes, column: tuple[int, int, int], classes: int) -> tuple[int, Image, str]:
    cells = line.replace(b'"', b"").split(b",")
    if len(cells) <= max(column):
        raise BadEntryError(f"is short: expected {max(column) + 1} columns, found {len(cells)}")
    emotion, pixels, usage = (cells[c].strip() for c in column)
    if not emotion.isdigit() or int(emotion) >= classes:
        raise BadEntryError(f"has an unknown class: expected 0 to {classes - 1}, found {_shown(emotion)}")
    if usage.decode("ascii", "replace") not in _SPLITS:
        raise BadEntryError(f"has an unknown Usage: expected one of {list(_SPLITS)}, found {_shown(usage)}")
    if strange := pixels.translate(None, b"0123456789 "):
        raise BadEntryError(f"has a pixel that is no number 0 to 255: found {_shown(strange)}")
    values = np.fromstring(pixels, np.int64, sep=" ")
    if len(values) != SIDE * SIDE:
        raise BadEntryError(f"is short: expected {SIDE * SIDE} pixels, found {len(values)}")
    if values.max() > 255:
        raise BadEntryError(f"has a pixel that is no number 0 to 255: found {values.max()}")
    return int(emotion), values.astype(np.uint8).reshape(SIDE, SIDE, 1), usage.decode()


def _shown(text: bytes) -> str:
    return repr(text[:20].decode("ascii", "replace"))


def _columns(header: bytes, source: Path, broken: Broken) -> tuple[int, int, int]:
    # icml_face_data.csv has blanks before its column names
    names = [c.strip().strip('"').strip().lower() for c in header.decode("utf-8-sig", "replace").split(",")]
    wanted = ("emotion", "pixels", "usage")
    if any(w not in names for w in wanted):
        raise FerlabError(f"{broken.name}: {source}: expected the columns emotion, pixels, Usage, found {names[:8]}")
    return names.index("emotion"), names.index("pixels"), names.index("usage")


@contextmanager
def _opened(source: Path, broken: Broken) -> Iterator[io.BufferedReader]:
    if source.suffix.lower() == ".zip":
        with ZipArchive(source, broken) as archive:
            tables = [n for n in archive.names if is_table(n)]
            if not tables:
                raise _no_table(source, broken)
            yield archive.stream(tables[0], TABLE_BYTES)
    elif source.name.lower().endswith((".tar.gz", ".tgz", ".tar")):
        with tarfile.open(source) as tar:
            yield _member(tar, source, broken)
    else:
        with source.open("rb") as file:
            yield file


def _member(tar: tarfile.TarFile, source: Path, broken: Broken) -> io.BufferedReader:
    total = 0
    for member in tar:
        total += member.size
        if total > TABLE_BYTES:
            raise FerlabError(f"{broken.name}: {source} is an archive bomb: {member.name} claims {member.size:,} bytes")
        if member.isfile() and is_table(member.name) and (file := tar.extractfile(member)):
            return io.BufferedReader(cast(io.RawIOBase, file))
    raise _no_table(source, broken)


def _no_table(source: Path, broken: Broken) -> FerlabError:
    return FerlabError(f"{broken.name}: {source}: expected {' or '.join(TABLES)} inside, found none")
