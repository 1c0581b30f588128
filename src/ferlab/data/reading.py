"""What reading many files shares, whatever they hold: threads, and the check that the result fits into memory."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ferlab.errors import FerlabError

T = TypeVar("T")
_BLOCK = 256


def in_threads(work: Callable[[str], T], entries: Sequence[str]) -> Iterator[T]:
    """Yield `work` of every entry in order, a block at a time, so that few decoded samples wait in memory."""
    pool = ThreadPoolExecutor(min(4, os.cpu_count() or 1))
    try:
        for start in range(0, len(entries), _BLOCK):
            yield from pool.map(work, entries[start : start + _BLOCK])
    finally:
        pool.shutdown(cancel_futures=True)


def check_room(needed: int, what: str, cure: str) -> None:
    """Stop before an array is made that this machine cannot hold.

    Args:
        needed: bytes.
        what: the data set and what its samples are, for the message.
        cure: what makes the array smaller.

    Raises:
        FerlabError: more than half of the machine's memory.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 1 << 62
    if needed > memory // 2:
        raise FerlabError(
            f"{what} need {needed / 2**30:,.1f} GiB; expected at most half of this machine's "
            f"{memory / 2**30:,.1f} GiB. {cure}"
        )
