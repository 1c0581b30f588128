"""Keeping freed memory in the process, so that a training step on a processor does not ask the system for it anew."""

import ctypes
import sys

from ferlab.memory import available_memory

# glibc's <malloc.h>
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_NEVER = 2**31 - 1
_PAD = 256 << 20


def keep_freed_memory() -> bool:
    """Tell glibc's malloc to reuse large freed blocks instead of handing them back to the system.

    By default each activation above 32 MB is mapped, zeroed page by page by the kernel and unmapped again in every
    step: a third of the time of `cnn10` at 96 pixels. The process keeps its peak memory until it ends, or until
    `give_back_where_short`.

    Returns:
        Whether the C library understood; False on other systems, where nothing changes.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    wishes = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, _NEVER), (_M_TOP_PAD, _PAD))
    return all(mallopt(option, value) == 1 for option, value in wishes)


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
