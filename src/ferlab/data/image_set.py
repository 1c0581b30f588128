"""What every image data set shares: its options, and the way from a list of entries through the cache to Samples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ferlab.cache import Arrays, cached
from ferlab.data.broken import Broken
from ferlab.data.images import read_images
from ferlab.data.listing import Check, Listing, listed_samples
from ferlab.data.samples import Samples
from ferlab.data.subset import subset, task_spec
from ferlab.errors import FerlabError
from ferlab.spec import TaskSpec

# raise it when readers make other arrays from the same files: old cache entries are then left alone
_READER = 1


@dataclass(frozen=True)
class ImageOptions:
    """The options every image data set takes.

    Attributes:
        classes: classes to keep, relabelled in this order; None for all.
        size: side, or (height, width); None for the files' own.
        grey: True one channel, False three, None as the source has it.
        kind: "binary" or "multiclass"; None: binary where there are exactly two classes.
        on_bad: "stop" at a broken entry, or "skip" and count it.
    """

    classes: Sequence[str] | None = None
    size: int | Sequence[int] | None = None
    grey: bool | None = None
    kind: str | None = None
    on_bad: str = "stop"

    def shape(self) -> tuple[int, int] | None:
        """Return (height, width), None for the files' own.

        Raises:
            FerlabError: `size` is neither a positive whole number nor a pair of them.
        """
        if self.size is None:
            return None
        pair = (self.size, self.size) if isinstance(self.size, int) else tuple(self.size)
        if len(pair) != 2 or not all(isinstance(v, int) and not isinstance(v, bool) and 0 < v <= 4096 for v in pair):
            raise FerlabError(f"data.size: expected null, a side or [height, width], 1 to 4096, found {self.size!r}")
        return pair

    def spec(self, name: str, known: Sequence[str], side: int, native: bool) -> TaskSpec:
        """Return the task of a data set whose own images have `side` pixels a side and are grey where `native`."""
        shape = (*(self.shape() or (side, side)), self.channels(native) or 1)
        return task_spec(name, known, shape, self.classes, self.kind)

    def channels(self, native: bool | None) -> int | None:
        """Return 1, 3, or None where neither the options nor the source say; `native` is the source's own grey."""
        grey = native if self.grey is None else self.grey
        return None if grey is None else 1 if grey else 3


def read_listed(
    listing: Listing, read: Callable[[str], bytes], broken: Broken, size: tuple[int, int] | None, channels: int | None
) -> Arrays:
    """Decode the images of a listing and return the arrays that are cached; arguments as `read_images`."""
    x, kept = read_images(listing.entries, read, broken, size, channels)
    return listing.arrays(x, kept, broken)


def cached_images(
    name: str,
    options: ImageOptions,
    broken: Broken,
    key: Mapping[str, Any],
    build: Callable[[], Arrays],
    check: Check | None = None,
) -> Samples:
    """Return a data set's samples, from the cache where it holds them.

    `on_bad` is no part of the key: what was skipped lies in the cache and stops a later start that asks for it.

    Args:
        name: the data set's name.
        options: its options.
        broken: the one that `build` reports to.
        key: what the arrays depend on besides size and channels: the content of the source.
        build: reads the source; see `read_listed`.
        check: looks at the splits of all samples and the number of skipped entries, and raises where they are wrong.

    Raises:
        FerlabError: a broken entry under on_bad=stop, or options the data does not allow.
    """
    full = {"reader": _READER, "size": options.shape(), "grey": options.grey, **key}
    arrays = cached(name, full, build)
    samples = listed_samples(name, "image", arrays, broken, check)
    return subset(samples, options.classes, options.kind)
