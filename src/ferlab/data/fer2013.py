"""FER-2013: 35,887 grey faces of 48 x 48, seven classes (Goodfellow et al. 2013, arXiv 1307.0414).

Read from the Kaggle archive of JPEG files (zip or folder) or from the original table, whichever is there.
"""

import re
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from ferlab.cache import Arrays
from ferlab.data.archive import files_of, open_archive
from ferlab.data.broken import Broken
from ferlab.data.fer2013_csv import TABLES, is_table, read_table
from ferlab.data.fer2013_votes import find_votes, note, with_soft
from ferlab.data.fingerprint import fingerprint
from ferlab.data.image_header import SUFFIXES
from ferlab.data.image_set import ImageOptions, cached_images, read_listed
from ferlab.data.listing import Listing
from ferlab.data.samples import Samples
from ferlab.data.sources import data_root, missing
from ferlab.data.subset import subset
from ferlab.errors import FerlabError
from ferlab.spec import TaskSpec

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
COUNTS = {"train": 28_709, "PublicTest": 3_589, "PrivateTest": 3_589}
GET = "https://www.kaggle.com/datasets/msambare/fer2013 (zip of images, or the challenge's fer2013.tar.gz)"

_TREE = ("train", "test")
_ENTRY = re.compile(r"(?:^|/)((?:train|test)/([^/]+)/(Training|PublicTest|PrivateTest)_[^/]+)$")
_SPLITS = {"Training": "train", "PublicTest": "PublicTest", "PrivateTest": "PrivateTest"}
_ZIPS = ("fer2013.zip", "archive.zip", "fer2013.csv.zip", "icml_face_data.csv.zip", "icml_face_data.zip")
_COMPETITION = "challenges-in-representation-learning-facial-expression-recognition-challenge.zip"
_FILES = (*_ZIPS, _COMPETITION, *TABLES, "fer2013.tar.gz")
_LOOKED_FOR = (*_FILES, "fer2013/", "train/ with test/")


class Fer2013:
    """FER-2013 as `Samples`: grey 48 x 48, splits "train", "PublicTest", "PrivateTest".

    Args:
        root: folder the archive lies in, or the archive itself; None for `$FERLAB_DATA`.
        classes: classes to keep, relabelled in this order.
        size: side, or [height, width]; None for 48.
        grey: None or True one channel, False three equal ones.
        kind: "binary" or "multiclass"; None: binary where there are exactly two classes.
        on_bad: "stop" at a broken entry, or "skip" and count it.
        check_counts: insist on 28,709 / 3,589 / 3,589 images.
        votes: "soft": the FER+ votes are the training targets (`fer2013new.csv` beside the original table); None: the
            labels are.
    """

    def __init__(
        self,
        root: str | None = None,
        classes: Sequence[str] | None = None,
        size: int | Sequence[int] | None = None,
        grey: bool | None = None,
        kind: str | None = None,
        on_bad: str = "stop",
        check_counts: bool = True,
        votes: str | None = None,
    ) -> None:
        if votes not in (None, "soft"):
            raise FerlabError(f"fer2013: data.votes: expected null or 'soft', found {votes!r}")
        self.root, self.check_counts, self.votes = root, check_counts, votes
        self.options = ImageOptions(classes, size, grey, kind, on_bad)

    @property
    def spec(self) -> TaskSpec:
        """What is to be told apart; known without reading the archive."""
        return self.options.spec("fer2013", CLASSES, 48, native=True)

    def load(self) -> Samples:
        """Read the archive, or the cache where it has been read before.

        Raises:
            FerlabError: no archive, a broken one, or counts other than the official ones; votes asked for that are not
                there or do not belong to the archive.
        """
        source = _find(data_root("fer2013", self.root, _LOOKED_FOR, GET))
        broken = Broken("fer2013", source, self.options.on_bad)
        size, channels = self.options.shape(), self.options.channels(native=True)

        def build() -> Arrays:
            if source.is_dir() or (source.suffix.lower() == ".zip" and _holds_images(source)):
                return _read_tree(source, broken, size, channels)
            return read_table(source, CLASSES, broken, size, channels)

        key = {"content": fingerprint(files_of(source, _TREE), source)}
        check = self._check if self.check_counts else None
        if self.votes is None:
            return cached_images("fer2013", self.options, broken, key, build, check)
        every = cached_images("fer2013", replace(self.options, classes=None, kind=None), broken, key, build, check)
        voted = with_soft(every, find_votes(source), rows=len(every) + len(broken.skipped))
        part = subset(voted, self.options.classes, self.options.kind)
        return replace(part, notes=(*part.notes, note(part)))

    def _check(self, splits: Shaped[np.ndarray, "sample"], skipped: int) -> None:
        counts = {split: int(np.sum(splits == split)) for split in COUNTS}
        short = [official - counts[split] for split, official in COUNTS.items()]
        if min(short) < 0 or sum(short) > skipped:
            raise FerlabError(
                f"fer2013: expected {COUNTS} images, found {counts}; get the whole archive from {GET}, "
                "or take this one as it is with data.check_counts=false"
            )


def _find(root: Path) -> Path:
    """Return the archive: a file, or a folder that holds train/ and test/."""
    if root.is_file():
        return root
    for folder in (root, root / "fer2013"):
        for name in _ZIPS[:2]:
            if (folder / name).is_file() and (name != "archive.zip" or _is_fer2013(folder / name)):
                return folder / name
        if all((folder / top).is_dir() for top in _TREE):
            return folder
        for name in _FILES[2:]:
            if (folder / name).is_file():
                return folder / name
    raise missing("fer2013", f"in {root}", _LOOKED_FOR, GET)


def _names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return []


def _holds_images(path: Path) -> bool:
    names = _names(path)
    return any(_ENTRY.search(n) for n in names) or not any(is_table(n) for n in names)


def _is_fer2013(path: Path) -> bool:
    # Kaggle calls every download archive.zip
    return any(_ENTRY.search(n) or is_table(n) for n in _names(path))


def _read_tree(source: Path, broken: Broken, size: tuple[int, int] | None, channels: int | None) -> Arrays:
    listing = Listing(CLASSES)
    seen: set[str] = set()
    with open_archive(source, broken, _TREE) as archive:
        for entry in archive.names:
            if not entry.lower().endswith(SUFFIXES):
                continue
            match = _ENTRY.search(entry)
            if not match:
                broken.report(entry, "expected train|test/<class>/<Training|PublicTest|PrivateTest>_<id>.jpg")
            elif match[2] not in CLASSES:
                broken.report(entry, f"has an unknown class: expected one of {list(CLASSES)}, found {match[2]!r}")
            elif match[1] in seen:
                broken.report(entry, f"repeats the id {match[1]}; expected each once")
            else:
                seen.add(match[1])
                listing.add(entry, match[1], CLASSES.index(match[2]), _SPLITS[match[3]])
        return read_listed(listing, archive.read, broken, size, channels)
