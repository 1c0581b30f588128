"""Any images of one's own: a folder (or zip) of class folders, or a CSV of path,label."""

from collections.abc import Sequence

from ferlab.data.broken import Broken
from ferlab.data.image_header import SUFFIXES
from ferlab.data.image_set import ImageOptions, cached_images, read_listed
from ferlab.data.own_files import OwnFiles
from ferlab.data.samples import Samples


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
        self.files = OwnFiles(name, root, "image", SUFFIXES, "synthetic_faces")
        self.options = ImageOptions(classes, size, grey, kind, on_bad)

    def load(self) -> Samples:
        """Read the images, or the cache where they have been read before.

        Raises:
            FerlabError: nothing there, a layout that is none of the three, or a broken image.
        """
        source = self.files.source()
        broken = Broken(self.files.name, source, self.options.on_bad)
        size, channels = self.options.shape(), self.options.channels(native=None)
        content, build = self.files.opened(
            source, broken, lambda listing, read: read_listed(listing, read, broken, size, channels)
        )
        return cached_images(self.files.name, self.options, broken, {"content": content}, build)
