"""How much memory this process has held, and how much the machine has left."""

import re
import resource
import sys
from pathlib import Path


def peak_memory() -> int:
    """Return the most memory this process has held, in bytes."""
    status = Path("/proc/self/status")
    if status.is_file():
        # of this process alone; a child's ru_maxrss carries its parent's peak over
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])  # type: ignore[index]
    # macOS counts in bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def available_memory() -> float:
    """Return which share of the machine's memory is left, 0..1; 1 where the system does not tell."""
    sizes = _sizes()
    return sizes["MemAvailable"] / sizes["MemTotal"] if sizes else 1.0


def free_memory() -> int | None:
    """Return how many bytes this process may still take: of the machine, or of its control group where that is less.

    None where the system does not tell.
    """
    left = [_sizes()["MemAvailable"]] if _sizes() else []
    limit, used = (Path(f"/sys/fs/cgroup/memory.{name}") for name in ("max", "current"))
    if limit.is_file() and used.is_file() and (most := limit.read_text().strip()).isdigit():
        left.append(max(0, int(most) - int(used.read_text())))
    return min(left, default=None)


def _sizes() -> dict[str, int]:
    """Return what the kernel tells of memory, in bytes; empty where it tells nothing."""
    told = Path("/proc/meminfo")
    if not told.is_file():
        return {}
    sizes = {name: 1024 * int(size) for name, size in re.findall(r"^(\w+):\s+(\d+)", told.read_text(), re.MULTILINE)}
    return {"MemAvailable": sizes["MemTotal"], **sizes}
