"""Files of one's own: where they lie, and the layouts they may have: class folders, split folders, or a CSV."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ferlab.cache import Arrays
from ferlab.data.archive import Archive, FolderArchive, files_of, open_archive
from ferlab.data.broken import Broken
from ferlab.data.file_list import in_order, read_list
from ferlab.data.fingerprint import fingerprint
from ferlab.data.listing import Listing
from ferlab.errors import FerlabError

SPLITS = ("train", "val", "valid", "validation", "test")


@dataclass(frozen=True)
class OwnFiles:
    """A folder, a zip or a CSV of files of one kind.

    Attributes:
        name: the data set's name in outputs.
        root: the option `data.root`.
        noun: what one file holds, for messages.
        suffixes: of files that count.
        instead: the data set of the same modality that needs no files, for the error.
    """

    name: str
    root: str | None
    noun: str
    suffixes: tuple[str, ...]
    instead: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w-]+", self.name):
            raise FerlabError(f"data.name: expected letters, digits, - and _, found {self.name!r}")

    @property
    def layouts(self) -> str:
        """The layouts in words."""
        one = f"<class>/<{self.noun}>"
        return f"{one}, {{{','.join(SPLITS)}}}/{one}, or a CSV with the columns path,label[,split]"

    def source(self) -> Path:
        """Return the folder, zip or CSV.

        Raises:
            FerlabError: none was named, or there is none.
        """
        if not self.root:
            raise FerlabError(
                f"{self.name}: data.root is not set; expected data.root=<folder, zip or CSV> that holds "
                f"{self.layouts}. Without any data: data={self.instead}"
            )
        path = Path(self.root).expanduser().absolute()
        if not path.is_dir() and (not path.is_file() or path.suffix.lower() not in (".zip", ".csv")):
            found = "another kind of file" if path.exists() else "nothing"
            raise FerlabError(
                f"{self.name}: data.root={path}: expected a folder, a .zip or a .csv that holds {self.layouts}, "
                f"found {found}"
            )
        return path

    def opened(
        self, source: Path, broken: Broken, decode: Callable[[Listing, Callable[[str], bytes]], Arrays]
    ) -> tuple[str, Callable[[], Arrays]]:
        """Return a hash of all that the arrays come from, and what makes them.

        Args:
            source: the folder, zip or CSV.
            broken: is told of what cannot be used.
            decode: makes the arrays of a listing, given what reads an entry.

        Raises:
            FerlabError: a CSV that is none.
        """
        table = source.suffix.lower() == ".csv" and source.is_file()
        if table:
            listing = read_list(source, broken)
            here = [path for entry in listing.entries if (path := source.parent / entry).is_file()]
            content = fingerprint([source, *dict.fromkeys(here)], source.parent)
        else:
            content = fingerprint(files_of(source), source)

        def build() -> Arrays:
            # what the table itself had to report is reported again by the cache
            with FolderArchive(source.parent, ()) if table else open_archive(source, broken) as archive:
                return decode(listing if table else self.list_tree(archive, broken), archive.read)

        return content, build

    def list_tree(self, archive: Archive, broken: Broken) -> Listing:
        """List class folders, or split folders that hold class folders; ids are paths from there on.

        Raises:
            FerlabError: there are no files, or split folders and class folders stand side by side.
        """
        entries = [name for name in archive.names if name.lower().endswith(self.suffixes)]
        parts = _without_wrapper([tuple(name.split("/")) for name in entries])
        tops = Counter(p[0] for p in parts if len(p) > 1)
        if not tops:
            raise FerlabError(
                f"{broken.name}: {broken.source}: expected {self.layouts}, found {len(entries)} {self.noun}s in no "
                "folder"
            )
        split_tops = [top for top in tops if top in SPLITS]
        has_splits = bool(split_tops)
        if has_splits and len(split_tops) < len(tops):
            others = sorted(set(tops) - set(split_tops))
            raise FerlabError(
                f"{broken.name}: {broken.source}: split folders {sorted(split_tops)} stand beside {others[:5]}; "
                "expected split folders alone or class folders alone"
            )
        found = []
        for entry, path in zip(entries, parts, strict=True):
            if len(path) < 2 + has_splits:
                broken.report(entry, f"lies in no class folder; expected {self.layouts}")
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
