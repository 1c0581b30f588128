"""AffectNet in YOLO format: 25,262 faces of 96 x 96, eight classes; the copy that D4 used, zip or folder.

Not the official AffectNet (Mollahosseini et al. 2017, arXiv 1708.03985): part of its labels are model-generated, part
of its faces come from FFHQ, and its splits share files.
"""

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from ferlab.cache import Arrays
from ferlab.data.archive import Archive, files_of, open_archive
from ferlab.data.broken import BadEntryError, Broken
from ferlab.data.fingerprint import fingerprint
from ferlab.data.image_header import SUFFIXES
from ferlab.data.image_set import ImageOptions, cached_images, read_listed
from ferlab.data.listing import Listing
from ferlab.data.samples import Samples
from ferlab.data.sources import data_root, missing
from ferlab.errors import FerlabError
from ferlab.spec import TaskSpec

CLASSES = ("anger", "contempt", "disgust", "fear", "happy", "neutral", "sad", "surprise")
GET = "https://www.kaggle.com/datasets/fatihkgg/affectnet-yolo-format"

_TOPS = ("train", "valid", "test", "data.yaml")
_ENTRY = re.compile(r"^(?:.*/)?((train|valid|test)/(images|labels)/([^/]+)\.(\w+))$")
_ZIPS = ("affectnet_yolo.zip", "affectnet-yolo-format.zip", "affectnet.zip", "archive.zip")
_FOLDERS = ("YOLO_format", "affectnet_yolo", "affectnet", "affectnet-yolo-format")
_LOOKED_FOR = (*_ZIPS, *(f"{f}/" for f in _FOLDERS))


class AffectNet:
    """AffectNet's YOLO-format copy as `Samples`: RGB 96 x 96, splits "train", "valid", "test".

    Args:
        root: folder the archive lies in, or the archive itself; None for `$FERLAB_DATA`.
        classes: classes to keep, relabelled in this order.
        size: side, or [height, width]; None for the files' own.
        grey: True one channel; None or False three (RGB).
        kind: "binary" or "multiclass"; None: binary where there are exactly two classes.
        on_bad: "stop" at a broken entry, or "skip" and count it.
    """

    def __init__(
        self,
        root: str | None = None,
        classes: Sequence[str] | None = None,
        size: int | Sequence[int] | None = None,
        grey: bool | None = None,
        kind: str | None = None,
        on_bad: str = "stop",
    ) -> None:
        self.root = root
        self.options = ImageOptions(classes, size, grey, kind, on_bad)

    @property
    def spec(self) -> TaskSpec:
        """What is to be told apart; known without reading the archive."""
        return self.options.spec("affectnet", CLASSES, 96, native=False)

    def load(self) -> Samples:
        """Read the archive, or the cache where it has been read before.

        Raises:
            FerlabError: no archive, or a broken one.
        """
        source = _find(data_root("affectnet", self.root, _LOOKED_FOR, GET))
        broken = Broken("affectnet", source, self.options.on_bad)
        size, channels = self.options.shape(), self.options.channels(native=False)

        def build() -> Arrays:
            with open_archive(source, broken, _TOPS) as archive:
                listing = _list(archive, broken)
                return read_listed(listing, archive.read, broken, size, channels)

        key = {"content": fingerprint(files_of(source, _TOPS), source)}
        return cached_images("affectnet", self.options, broken, key, build)


def _find(root: Path) -> Path:
    if root.is_file() or _is_split_folder(root):
        return root
    for name in _ZIPS:
        if (root / name).is_file() and (name != "archive.zip" or _holds_labels(root / name)):
            return root / name
    for folder in (root / name / inner for name in _FOLDERS for inner in ("", "YOLO_format")):
        if _is_split_folder(folder):
            return folder
    raise missing("affectnet", f"in {root}", _LOOKED_FOR, GET)


def _is_split_folder(folder: Path) -> bool:
    return (folder / "train" / "images").is_dir() and (folder / "train" / "labels").is_dir()


def _holds_labels(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any("train/labels/" in name for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


def _list(archive: Archive, broken: Broken) -> Listing:
    """Pair images with labels; ids are "<split>/<file name without suffix>"."""
    images: dict[str, str] = {}
    labels: dict[str, str] = {}
    described = ""
    for entry in archive.names:
        match = _ENTRY.match(entry)
        if not match:
            described = entry if entry.rsplit("/", 1)[-1] == "data.yaml" else described
        elif match[3] == "labels" and match[5] == "txt":
            labels[f"{match[2]}/{match[4]}"] = entry
        elif match[3] == "images" and f".{match[5].lower()}" in SUFFIXES:
            sample = f"{match[2]}/{match[4]}"
            if sample in images:
                broken.report(entry, f"repeats the id {sample} of {images[sample]}; expected each once")
            else:
                images[sample] = entry
    listing = Listing(_classes(archive, described, broken))
    for sample, entry in images.items():
        if sample not in labels:
            broken.report(entry, f"has no label; expected labels/{sample.rsplit('/', 1)[-1]}.txt beside images/")
            continue
        try:
            label = _label(archive.read(labels[sample]), len(listing.classes))
        except BadEntryError as error:
            broken.report(labels[sample], str(error))
        else:
            listing.add(entry, sample, label, sample.split("/", 1)[0])
    for sample in sorted(labels.keys() - images.keys()):
        broken.report(labels[sample], "is a label without an image")
    return listing


def _classes(archive: Archive, entry: str, broken: Broken) -> tuple[str, ...]:
    if not entry:
        return CLASSES
    try:
        names = yaml.safe_load(archive.read(entry))["names"]
        found = tuple(str(n).lower() for n in (names.values() if isinstance(names, dict) else names))
    except (BadEntryError, yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise FerlabError(f"{broken.name}: {broken.source}: {entry}: expected a list `names`, found none") from error
    if sorted(found) != sorted(CLASSES):
        raise FerlabError(
            f"{broken.name}: {broken.source}: {entry}: expected the names {list(CLASSES)}, found {list(found)}"
        )
    return found


def _label(text: bytes, classes: int) -> int:
    first = [line.split()[0] for line in text.splitlines() if line.strip()]
    if not first:
        raise BadEntryError("is empty; expected a class id and a box")
    if len(set(first)) > 1:
        raise BadEntryError(f"names several classes; expected one, found {sorted(set(first))}")
    if not first[0].isdigit() or int(first[0]) >= classes:
        found = first[0][:20].decode("ascii", "replace")
        raise BadEntryError(f"has an unknown class id: expected 0 to {classes - 1}, found {found!r}")
    return int(first[0])
