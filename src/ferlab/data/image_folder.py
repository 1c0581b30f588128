"""Any images of one's own: a folder (or zip) of class folders, or a CSV of path,label."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ferlab.data.archive import Archive, FolderArchive, files_of, open_archive
from ferlab.data.broken import Broken
from ferlab.data.cache import Arrays
from ferlab.data.fingerprint import fingerprint
from ferlab.data.image_header import SUFFIXES
from ferlab.data.image_list import in_order, read_list
from ferlab.data.image_set import ImageOptions, cached_images, read_listed
from ferlab.data.listing import Listing
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError

SPLITS = ("train", "val", "valid", "validation", "test")
_LAYOUTS = f"<class>/<image>, {{{','.join(SPLITS)}}}/<class>/<image>, or a CSV with the columns path,label[,split]"


class ImageFolder:
    """Class folders, split and class folders, or a CSV of path,label as `Samples`.

    Classes are in alphabetical order (numbers by value). Splits are the folders' or the CSV's, "all" where there are
    none. Further columns of the CSV are kept as text in `Samples.columns`.

    Args:
        root: the folder, a zip of it, or the CSV.
        classes: classes to keep, relabelled in this order.
        size: side, or [height, width]; None for the files' own, which must then agree.
        grey: True one channel, False three, None three where any image is in colour.
        kind: "binary" or "multiclass"; None: binary where there are exactly two classes.
        on_bad: "stop" at a broken entry, or "skip" and count it.
        name: the data set's name in outputs.
    """

    def __init__(
        self,
        root: str | None = None,
        classes: Sequence[str] | None = None,
        size: int | Sequence[int] | None = 96,
        grey: bool | None = None,
        kind: str | None = None,
        on_bad: str = "stop",
        name: str = "image_folder",
    ) -> None:
        if not re.fullmatch(r"[\w-]+", name):
            raise FerlabError(f"data.name: expected letters, digits, - and _, found {name!r}")
        self.root, self.name = root, name
        self.options = ImageOptions(classes, size, grey, kind, on_bad)

    def load(self) -> Samples:
        """Read the images, or the cache where they have been read before.

        Raises:
            FerlabError: nothing there, a layout that is none of the three, or a broken image.
        """
        source = self._source()
        broken = Broken(self.name, source, self.options.on_bad)
        size, channels = self.options.shape(), self.options.channels(native=None)
        table = source.suffix.lower() == ".csv"
        if table:
            listing = read_list(source, broken)
            here = [path for entry in listing.entries if (path := source.parent / entry).is_file()]
            content = fingerprint([source, *dict.fromkeys(here)], source.parent)
        else:
            content = fingerprint(files_of(source), source)

        def build() -> Arrays:
            # what the table itself had to report is reported again by the cache
            with FolderArchive(source.parent, ()) if table else open_archive(source, broken) as archive:
                found = listing if table else list_tree(archive, broken)
                return read_listed(found, archive.read, broken, size, channels)

        return cached_images(self.name, self.options, broken, {"content": content}, build)

    def _source(self) -> Path:
        if not self.root:
            raise FerlabError(
                f"{self.name}: data.root is not set; expected data.root=<folder, zip or CSV> that holds {_LAYOUTS}. "
                "Without any data: data=synthetic_faces"
            )
        path = Path(self.root).expanduser().absolute()
        if not path.is_dir() and (not path.is_file() or path.suffix.lower() not in (".zip", ".csv")):
            found = "another kind of file" if path.exists() else "nothing"
            raise FerlabError(
                f"{self.name}: data.root={path}: expected a folder, a .zip or a .csv that holds {_LAYOUTS}, "
                f"found {found}"
            )
        return path


def list_tree(archive: Archive, broken: Broken) -> Listing:
    """List class folders, or split folders that hold class folders; ids are paths from there on.

    Raises:
        FerlabError: there are no images, or split folders and class folders stand side by side.
    """
    entries = [name for name in archive.names if name.lower().endswith(SUFFIXES)]
    parts = _without_wrapper([tuple(name.split("/")) for name in entries])
    tops = Counter(p[0] for p in parts if len(p) > 1)
    if not tops:
        raise FerlabError(
            f"{broken.name}: {broken.source}: expected {_LAYOUTS}, found {len(entries)} images in no folder"
        )
    split_tops = [top for top in tops if top in SPLITS]
    has_splits = bool(split_tops)
    if has_splits and len(split_tops) < len(tops):
        others = sorted(set(tops) - set(split_tops))
        raise FerlabError(
            f"{broken.name}: {broken.source}: split folders {sorted(split_tops)} stand beside {others[:5]}; expected "
            "split folders alone or class folders alone"
        )
    found = []
    for entry, path in zip(entries, parts, strict=True):
        if len(path) < 2 + has_splits:
            broken.report(entry, f"lies in no class folder; expected {_LAYOUTS}")
        else:
            found.append((entry, "/".join(path), path[has_splits], path[0] if has_splits else "all"))
    listing = Listing(in_order({label for _, _, label, _ in found}))
    index = {name: number for number, name in enumerate(listing.classes)}
    for entry, sample, label, split in found:
        listing.add(entry, sample, index[label], split)
    return listing


def _without_wrapper(paths: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Drop folders that hold everything: a zip made of one folder begins with its name."""
    while paths and len({p[0] for p in paths}) == 1 and paths[0][0] not in SPLITS and min(map(len, paths)) > 2:
        paths = [p[1:] for p in paths]
    return paths
