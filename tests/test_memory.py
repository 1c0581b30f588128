"""What a process may still take: of the machine, or of a control group that has less."""

import pytest

from ferlab import memory


def test_the_smaller_of_machine_and_control_group_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"/proc/meminfo": "MemTotal: 4000 kB\nMemFree: 1 kB\nMemAvailable:   3000 kB\n"}

    class Told:
        def __init__(self, path: str) -> None:
            self.path = path

        def is_file(self) -> bool:
            return self.path in files

        def read_text(self) -> str:
            return files[self.path]

    monkeypatch.setattr(memory, "Path", Told)
    assert memory.available_memory() == 0.75 and memory.free_memory() == 3000 * 1024
    files |= {"/sys/fs/cgroup/memory.max": "max\n", "/sys/fs/cgroup/memory.current": "5000\n"}
    assert memory.free_memory() == 3000 * 1024
    files["/sys/fs/cgroup/memory.max"] = "105000\n"
    assert memory.free_memory() == 100_000
    files["/sys/fs/cgroup/memory.max"] = "4000\n"
    assert memory.free_memory() == 0
    files.clear()
    assert memory.free_memory() is None and memory.available_memory() == 1
