"""Rows on their way: a table on the disk that is filled chunk by chunk and survives an interruption."""

import os
import time
from pathlib import Path
from types import TracebackType

import numpy as np
from jaxtyping import Float32

from ferlab.errors import FerlabError

_SECONDS = 5.0


class Unfinished:
    """A table of `samples` rows in a folder, with a mark for each row that is done.

    Marks are written after the rows they stand for: every few seconds, and when the `with` block is left, by an
    exception too. A table that fits neither the samples nor the width of the rows is begun anew.

    Args:
        folder: where it lies; made where it is not there.
        samples: rows of the finished table.

    Raises:
        FerlabError: the folder cannot be written or has no room.
    """

    def __init__(self, folder: Path, samples: int) -> None:
        self.folder, self.samples = folder, samples
        self._table: np.memmap | None = None
        self._done = np.zeros(samples, bool)
        self._saved = time.monotonic()

    def __enter__(self) -> "Unfinished":
        try:
            # a file that was cut short can only be mapped for writing, which lengthens it by zeros
            np.load(self.folder / "rows.npy", mmap_mode="r", allow_pickle=False)
            table = np.load(self.folder / "rows.npy", mmap_mode="r+", allow_pickle=False)
            done = np.load(self.folder / "done.npy", allow_pickle=False)
            if len(table) == self.samples and done.shape == (self.samples,) and table.dtype == np.float32:
                self._table, self._done = table, done.astype(bool)
        except (OSError, ValueError, EOFError):
            # nothing there, or cut short: from the beginning
            pass
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.save()

    def has(self, chunk: slice) -> bool:
        """Return whether all rows of a chunk are done."""
        return bool(self._done[chunk].all())

    def put(self, chunk: slice, part: Float32[np.ndarray, "row feature"]) -> None:
        """Write a chunk's rows.

        Raises:
            FerlabError: there is no room.
        """
        if self._table is None or self._table.shape[1] != part.shape[1]:
            self._begin(part.shape[1])
        assert self._table is not None
        self._table[chunk] = part
        self._done[chunk] = True
        if time.monotonic() - self._saved > _SECONDS:
            self.save()

    def rows(self) -> Float32[np.ndarray, "sample feature"]:
        """Return the table, memory-mapped, every row of it done."""
        assert self._table is not None and self._done.all()
        return self._table

    def save(self) -> None:
        """Write the marks of what is done."""
        if self._table is not None:
            self._table.flush()
            temporary = self.folder / "done.part.npy"
            np.save(temporary, self._done)
            temporary.replace(self.folder / "done.npy")
            self._saved = time.monotonic()

    def _begin(self, width: int) -> None:
        path = self.folder / "rows.npy"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / "done.npy").unlink(missing_ok=True)
            table = np.lib.format.open_memmap(path, "w+", np.float32, (self.samples, width))
            # a mapped file without room behind it ends the process, not the call
            if hasattr(os, "posix_fallocate"):
                with path.open("r+b") as file:
                    os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise FerlabError(
                f"features: no room for {self.samples:,} rows of {width:,} values "
                f"({4 * self.samples * width / 2**30:.1f} GiB) in {self.folder}: {error.strerror or error}; "
                "cure: free some, or set FERLAB_CACHE to a folder on another disk"
            ) from error
        self._table, self._done = table, np.zeros(self.samples, bool)
