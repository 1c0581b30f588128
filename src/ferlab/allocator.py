"""Keeping freed memory in the process, so that a training step on a processor does not ask the system for it anew."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ferlab.memory import available_memory

# glibc's <malloc.h>
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_MMAP_MAX = -1, -2, -3, -4
_NEVER = 2**31 - 1
_PAD = 256 << 20
# once a limit was set glibc moves none any more: these are what its own moving ones come to
_USUAL = ((_M_MMAP_MAX, 65_536), (_M_MMAP_THRESHOLD, 32 << 20), (_M_TRIM_THRESHOLD, 64 << 20), (_M_TOP_PAD, 128 << 10))
_for_good = False


def keep_freed_memory() -> bool:
    """Tell glibc's malloc to reuse large freed blocks instead of handing them back to the system.

    By default each activation above 32 MB is mapped, zeroed page by page by the kernel and unmapped again in every
    step: a third of the time of `cnn10` at 96 pixels. The process keeps its peak memory until it ends, or until
    `give_back_where_short`.

    Returns:
        Whether the C library understood; False on other systems, where nothing changes.
    """
    global _for_good
    kept = _set(((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, _NEVER), (_M_TOP_PAD, _PAD)))
    _for_good = _for_good or kept
    return kept


@contextmanager
def freed_memory_kept() -> Iterator[bool]:
    """Do what `keep_freed_memory` does within a `with` block alone, and hand back what was kept at its end.

    For work on batches that is followed by other work, a fit that needs the memory itself, say. Where
    `keep_freed_memory` was called before nothing changes.

    Yields:
        Whether freed memory is kept.
    """
    global _for_good
    if _for_good:
        yield True
        return
    kept = keep_freed_memory()
    try:
        yield kept
    finally:
        if kept:
            _for_good = False
            _set(_USUAL)
            ctypes.CDLL(None).malloc_trim(0)


def _set(limits: tuple[tuple[int, int], ...]) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(option, value) == 1 for option, value in limits)


def give_back_where_short(share: float = 0.25) -> bool:
    """Hand what is freed back to the system where less than `share` of the machine's memory is left.

    Blocks of many sizes leave holes between them, so that what is kept can grow to twice what a step needs. Asking
    for it anew costs the next step about a second for 8 GB, so it is for the end of an epoch.

    Returns:
        Whether anything was handed back.
    """
    if not sys.platform.startswith("linux") or available_memory() >= share:
        return False
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and bool(trim(0))
