import subprocess
import sys

import pytest

BLOCKS = """
import resource
from ferlab.allocator import keep_freed_memory
{call}
pages = 40 * 2**20 // resource.getpagesize()
for _ in range(2):
    bytearray(40 * 2**20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(2):
    bytearray(40 * 2**20)
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / (2 * pages))
"""


def faults_a_page(call: str) -> float:
    done = subprocess.run([sys.executable, "-c", BLOCKS.format(call=call)], capture_output=True, text=True, check=True)
    return float(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc only")
def test_freed_blocks_are_reused_without_page_faults():
    kept = faults_a_page("assert keep_freed_memory()")
    assert kept < 0.01


@pytest.mark.skipif(sys.platform != "linux", reason="glibc only")
def test_it_is_the_call_that_makes_the_difference():
    # Else the test above would pass on any allocator. Huge pages make one fault out of 512.
    assert faults_a_page("") > 1 / 1024


def test_another_system_is_left_alone(monkeypatch):
    from ferlab.allocator import keep_freed_memory

    monkeypatch.setattr(sys, "platform", "darwin")
    assert keep_freed_memory() is False


def test_another_c_library_is_left_alone(monkeypatch):
    import ctypes

    from ferlab.allocator import keep_freed_memory

    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert keep_freed_memory() is False
