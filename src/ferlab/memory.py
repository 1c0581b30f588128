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
    told = Path("/proc/meminfo")
    if not told.is_file():
        return 1.0
    sizes = {name: int(size) for name, size in re.findall(r"^(\w+):\s+(\d+)", told.read_text(), re.MULTILINE)}
    return sizes.get("MemAvailable", sizes["MemTotal"]) / sizes["MemTotal"]
