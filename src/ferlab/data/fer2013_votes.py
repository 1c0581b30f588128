"""FER+: the votes of ten people a picture over FER-2013's pictures, Microsoft's `fer2013new.csv`.

Source: Barsoum et al., ICMI 2016, arXiv 1608.01041. It has no pixels: its rows stand in the order of the original
`fer2013.csv`, and only that order says whose votes they are.
"""

import csv
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import numpy as np
from jaxtyping import Bool, Float32, Int64, Shaped

from ferlab.data.samples import Samples
from ferlab.errors import FerlabError

FILE = "fer2013new.csv"
GET = "https://github.com/microsoft/FERPlus (fer2013new.csv)"
CANDIDATES = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
HEADER = ("Usage", "Image name", *CANDIDATES)
# FER-2013's own classes in FER-2013's own order
SEVEN = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")

_ORDER = [CANDIDATES.index(name) for name in SEVEN]
_NO_EMOTION = [CANDIDATES.index(name) for name in ("unknown", "NF")]
_ID = re.compile(r"(Training|PublicTest|PrivateTest)/(\d+)")


@dataclass(frozen=True)
class Votes:
    """The votes on some pictures.

    Attributes:
        counts: votes of each picture for each of `CANDIDATES`; usually ten in all.
        usages: "Training", "PublicTest" or "PrivateTest".
        images: Microsoft's file name of each picture, empty where Microsoft removed it.
    """

    counts: Int64[np.ndarray, "row 10"]
    usages: Shaped[np.ndarray, "row"]
    images: Shaped[np.ndarray, "row"]

    def __len__(self) -> int:
        return len(self.counts)

    def of(self, ids: Shaped[np.ndarray, "sample"], rows: int) -> "Votes":
        """Return the votes on samples of the original table, in their order.

        Args:
            ids: "<Usage>/<row>", as `read_table` gives them.
            rows: how many rows the original table has, broken ones too.

        Raises:
            FerlabError: the samples come from another source than the original table, or from a table of other rows.
        """
        at, usages = _places(ids)
        if rows != len(self):
            raise FerlabError(f"fer2013: {FILE} has {len(self):,} rows, the original table {rows:,}; expected as many")
        for i in np.flatnonzero(at >= len(self))[:1]:
            raise FerlabError(f"fer2013: {FILE} has no row {at[i]:,}, {len(self):,} in all; expected one for {ids[i]}")
        for i in np.flatnonzero(self.usages[at] != usages)[:1]:
            raise FerlabError(
                f"fer2013: {FILE}, row {at[i]:,} is of {self.usages[at[i]]}, the original table's of {usages[i]}; "
                f"the two files do not belong together: get both whole, the votes from {GET}"
            )
        return replace(self, counts=self.counts[at], usages=self.usages[at], images=self.images[at])

    @property
    def removed(self) -> Bool[np.ndarray, "row"]:
        """Whether Microsoft took the picture out (no face in it, say)."""
        return np.asarray(self.images == "")

    @property
    def no_emotion(self) -> Bool[np.ndarray, "row"]:
        """Whether "unknown" or "not a face" (NF) has more votes than any emotion."""
        most = np.delete(self.counts, _NO_EMOTION, axis=1).max(1)
        return np.asarray(self.counts[:, _NO_EMOTION].max(1) > most)

    @property
    def majority(self) -> Int64[np.ndarray, "row"]:
        """The candidate with the most votes, as index into `CANDIDATES`; the first of several."""
        return np.asarray(self.counts.argmax(1), dtype=np.int64)

    def soft(self) -> Float32[np.ndarray, "row 7"]:
        """Return the shares of FER-2013's seven classes, in their order, each row summing to one.

        Votes for contempt, unknown and NF do not count. A row of zeros has no target: Microsoft removed the picture,
        `no_emotion` holds, or no vote is left.
        """
        seven = self.counts[:, _ORDER].astype(np.float32)
        total = seven.sum(1, keepdims=True)
        usable = (total > 0) & ~(self.removed | self.no_emotion)[:, None]
        return np.asarray(np.divide(seven, total, out=np.zeros_like(seven), where=usable))


def read_votes(path: Path) -> Votes:
    """Read `fer2013new.csv`.

    Raises:
        FerlabError: no such file, another header, or a row that is short or holds no votes.
    """
    if not path.is_file():
        raise FerlabError(f"fer2013: no {FILE} at {path}; get it from {GET} and put it beside the original table")
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        lines = csv.reader(file)
        header = [name.strip() for name in next(lines, [])]
        if header != list(HEADER):
            raise FerlabError(
                f"fer2013: {path}: expected the header {','.join(HEADER)}, found {','.join(header)[:120]!r}"
            )
        cells = [line for line in lines if line]
    try:
        counts = np.array([[int(cell) for cell in line[2:]] for line in cells], dtype=np.int64)
        sound = counts.ndim == 2 and counts.shape[1] == len(CANDIDATES) and counts.min() >= 0
    except ValueError:
        sound = False
    if not sound:
        _blame(path, cells)
    return Votes(counts, np.array([line[0].strip() for line in cells]), np.array([line[1].strip() for line in cells]))


def _blame(path: Path, cells: list[list[str]]) -> NoReturn:
    """Name the first row that cannot be read; the header is line 1."""
    for number, line in enumerate(cells):
        if len(line) != len(HEADER):
            problem = f"expected {len(HEADER)} columns, found {len(line)}"
        elif wrong := [cell for cell in line[2:] if not cell.strip().isdecimal()]:
            problem = f"expected whole numbers of votes, found {wrong[0]!r}"
        else:
            continue
        raise FerlabError(f"fer2013: {path}, line {number + 2}: {problem}; get the file again from {GET}")
    raise FerlabError(f"fer2013: {path} holds no row; get the file again from {GET}")


def _places(ids: Shaped[np.ndarray, "sample"]) -> tuple[Int64[np.ndarray, "sample"], Shaped[np.ndarray, "sample"]]:
    """Return each sample's row in the original table and its usage."""
    rows, usages = [], []
    for one in map(str, ids):
        match = _ID.fullmatch(one)
        if match is None:
            raise FerlabError(
                "fer2013: FER+ votes belong to rows of the original table, in its order; the archive of JPEG files "
                f"does not keep that order ({one!r} names no row), so votes cannot be joined to it; cure: get the "
                "challenge's fer2013.csv, icml_face_data.csv or fer2013.tar.gz and set data.root to it"
            )
        rows.append(int(match[2]))
        usages.append(match[1])
    return np.array(rows, dtype=np.int64), np.array(usages)


def find_votes(source: Path) -> Path:
    """Return where the votes lie, or should: beside the original table or its archive, or a folder above."""
    folder = source if source.is_dir() else source.parent
    return next((f / FILE for f in (folder, folder.parent) if (f / FILE).is_file()), folder / FILE)


def with_soft(samples: Samples, path: Path, rows: int) -> Samples:
    """Give FER-2013's samples, all seven classes of them, the votes as soft training labels.

    Args:
        samples: of the original table; labels stay as they are.
        path: `fer2013new.csv`.
        rows: how many rows the original table has, broken ones too.

    Raises:
        FerlabError: the samples have no place in the original table, the file cannot be read, or the two do not belong
            together.
    """
    # before the file is asked for: to the archive of JPEG files no file can be joined
    _places(samples.ids)
    return replace(samples, soft=read_votes(path).of(samples.ids, rows).soft())


def note(samples: Samples) -> str:
    """Return what a reader of the report must know of soft labels: how many samples have none, by split."""
    assert samples.soft is not None
    without = samples.soft.sum(1) == 0
    splits = ", ".join(f"{int(without[samples.splits == s].sum()):,} of {s}" for s in np.unique(samples.splits))
    return (
        "training targets are the FER+ votes (contempt, unknown and NF left out); labels, and so every figure of "
        f"merit, are FER-2013's own. Never trained on, for want of votes for a class: {int(without.sum()):,} samples "
        f"({splits})"
    )
