"""What every audio data set shares: its options, and the way from a list of entries through the cache to Samples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ferlab.cache import Arrays, cached
from ferlab.data.audio import read_audio
from ferlab.data.broken import Broken
from ferlab.data.listing import Listing, listed_samples
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError

# raise it when readers make other arrays from the same files: old cache entries are then left alone
_READER = 1


@dataclass(frozen=True)
class AudioOptions:
    """The options every audio data set takes.

    Attributes:
        classes: classes to keep, relabelled in this order; None for all.
        kind: "binary" or "multiclass"; None: binary where there are exactly two classes.
        rate: samples a second, 1,000 to 192,000.
        max_seconds: longest clip, up to 3,600; a longer one counts as broken.
        on_bad: "stop" at a broken entry, or "skip" and count it.
    """

    classes: Sequence[str] | None = None
    kind: str | None = None
    rate: int = 16_000
    max_seconds: int | float = 30
    on_bad: str = "stop"

    def __post_init__(self) -> None:
        if not 1_000 <= self.rate <= 192_000:
            raise FerlabError(f"data.rate: expected samples a second, 1,000 to 192,000, found {self.rate!r}")
        if not 0 < self.max_seconds <= 3_600:
            raise FerlabError(f"data.max_seconds: expected more than 0, at most 3,600, found {self.max_seconds!r}")

    def read(self, listing: Listing, read: Callable[[str], bytes], broken: Broken) -> Arrays:
        """Decode the clips of a listing and return the arrays that are cached."""
        x, kept = read_audio(listing.entries, read, broken, self.rate, self.max_seconds)
        return listing.arrays(x, kept, broken)


def cached_audio(
    name: str, options: AudioOptions, broken: Broken, key: Mapping[str, Any], build: Callable[[], Arrays]
) -> Samples:
    """Return all samples of a data set, from the cache where it holds them.

    `on_bad` is no part of the key: what was skipped lies in the cache and stops a later start that asks for it.

    Args:
        name: the data set's name.
        options: its options.
        broken: the one that `build` reports to.
        key: what the arrays depend on besides rate and longest clip: the content of the source.
        build: reads the source; see `AudioOptions.read`.

    Raises:
        FerlabError: a broken entry under on_bad=stop.
    """
    full = {"reader": _READER, "rate": options.rate, "max_seconds": options.max_seconds, **key}
    return listed_samples(name, "audio", cached(name, full, build), broken)
