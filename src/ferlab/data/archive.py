"""A zip or a folder as a flat list of entries, read in place, never unpacked; unsafe entries are kept out."""

import io
import os
import re
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import cast

from ferlab.data.broken import BadEntryError, Broken
from ferlab.errors import FerlabError

IMAGE_BYTES = 64 << 20
TABLE_BYTES = 1 << 30
# deflate reaches 1,032; photographs stay near 1, text near 10
_RATIO, _RATIO_FROM = 200, 1 << 20
_JUNK = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)


class ZipArchive:
    """The entries of a zip file.

    Args:
        path: the zip.
        broken: gets entries with an unsafe path, encrypted or listed twice, and those that are bombs.

    Raises:
        FerlabError: no zip, cut short, or a bomb as a whole.
    """

    def __init__(self, path: Path, broken: Broken) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
            raise FerlabError(
                f"{broken.name}: cannot open {path} as a zip ({error}); expected a whole zip file, "
                f"found {path.stat().st_size:,} bytes that are cut short or none: download it again"
            ) from error
        self._infos: dict[str, zipfile.ZipInfo] = {}
        try:
            self._judge(path, broken)
        except FerlabError:
            self._zip.close()
            raise

    def _judge(self, path: Path, broken: Broken) -> None:
        infos = [i for i in self._zip.infolist() if not i.is_dir() and not _JUNK.search(i.filename)]
        packed, unpacked = sum(i.compress_size for i in infos), sum(i.file_size for i in infos)
        size = path.stat().st_size
        if packed > size or unpacked > max(_RATIO * size, TABLE_BYTES):
            raise FerlabError(
                f"{broken.name}: {path} is an archive bomb: its {len(infos)} entries claim {packed:,} packed and "
                f"{unpacked:,} unpacked bytes in a file of {size:,}; expected no overlaps and at most "
                f"{_RATIO} times the file's size. Get the archive from its official place"
            )
        for info in sorted(infos, key=lambda i: i.filename):
            if why := _unsafe(info):
                broken.report(repr(info.orig_filename), why)
            elif info.filename in self._infos:
                broken.report(info.filename, "is listed twice in the zip; expected each entry once")
            else:
                self._infos[info.filename] = info

    @property
    def names(self) -> list[str]:
        """Entry names with forward slashes, sorted; folders and system files left out."""
        return list(self._infos)

    def read(self, name: str, largest: int = IMAGE_BYTES) -> bytes:
        """Return an entry's content, its checksum verified.

        Raises:
            BadEntryError: larger than `largest` bytes, damaged, or packed by an unknown method.
        """
        info = self._infos[name]
        _check_size(info.file_size, largest)
        try:
            # never yields more than the size the directory declares
            return self._zip.read(info)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise BadEntryError(f"cannot be read from the zip ({error or 'it ends too early'})") from error

    def stream(self, name: str, largest: int) -> io.BufferedReader:
        """Open an entry for reading line by line; arguments as `read`."""
        _check_size(self._infos[name].file_size, largest)
        # the stub promises less than the class gives
        return io.BufferedReader(cast(io.RawIOBase, self._zip.open(self._infos[name])))

    def __enter__(self) -> "ZipArchive":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._zip.close()


class FolderArchive:
    """The files under a folder, or under some of its subfolders.

    Args:
        path: the folder.
        tops: subfolders to look into, and files beside them; everything where None.
    """

    def __init__(self, path: Path, tops: tuple[str, ...] | None = None) -> None:
        self._path = path
        self.names = sorted(_walk(path, tops))

    def read(self, name: str, largest: int = IMAGE_BYTES) -> bytes:
        """Return a file's content.

        Raises:
            BadEntryError: larger than `largest` bytes, or unreadable.
        """
        try:
            _check_size((self._path / name).stat().st_size, largest)
            return (self._path / name).read_bytes()
        except OSError as error:
            raise BadEntryError(f"cannot be read ({error.strerror})") from error

    def __enter__(self) -> "FolderArchive":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass


Archive = ZipArchive | FolderArchive


def open_archive(path: Path, broken: Broken, tops: tuple[str, ...] | None = None) -> Archive:
    """Open a zip file, or a folder and of it only `tops`, for reading in a `with` block."""
    return FolderArchive(path, tops) if path.is_dir() else ZipArchive(path, broken)


def files_of(path: Path, tops: tuple[str, ...] | None = None) -> list[Path]:
    """Return the files an archive consists of: the zip itself, or every file of the folder."""
    return [path / name for name in _walk(path, tops)] if path.is_dir() else [path]


def _walk(path: Path, tops: tuple[str, ...] | None) -> list[str]:
    names: list[str] = []
    seen: set[str] = set()
    for top in [path] if tops is None else [path / t for t in tops]:
        if top.is_file():
            names.append(top.relative_to(path).as_posix())
        for folder, below, files in os.walk(top, followlinks=True):
            # links to class folders are usual, a link to a parent would never end
            real = os.path.realpath(folder)
            if real in seen:
                below.clear()
                continue
            seen.add(real)
            prefix = Path(folder).relative_to(path).as_posix()
            names += [f if prefix == "." else f"{prefix}/{f}" for f in files]
    return [name for name in names if not _JUNK.search(name)]


def _check_size(size: int, largest: int) -> None:
    if size > largest:
        raise BadEntryError(f"is too large: expected at most {largest:,} bytes, found {size:,}")


def _unsafe(info: zipfile.ZipInfo) -> str | None:
    name = info.orig_filename.replace("\\", "/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or "\0" in name:
        return "has an absolute path; expected a path inside the archive"
    if ".." in name.split("/"):
        return "has '..' in its path; expected a path inside the archive"
    if info.flag_bits & 1:
        return "is encrypted; expected a plain entry"
    if info.file_size > _RATIO_FROM and info.file_size > _RATIO * max(info.compress_size, 1):
        return f"is an archive bomb: {info.compress_size:,} bytes claim to unpack to {info.file_size:,}"
    return None
