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


WITHIN = """
from ferlab.allocator import freed_memory_kept, keep_freed_memory
{first}
def held():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) / 1024
before = held()
with freed_memory_kept() as kept:
    assert kept
    bytearray(400 * 2**20)
    within = held() - before
after = held() - before
bytearray(400 * 2**20)
print(within, after, held() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc only")
@pytest.mark.parametrize("for_good", [False, True])
def test_it_can_be_for_a_while_and_goes_back_at_the_end_unless_it_was_for_good(for_good):
    code = WITHIN.format(first="keep_freed_memory()" if for_good else "")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    within, *after = map(float, done.stdout.split())
    assert within > 380
    assert all((held > 380) is for_good for held in after)


HELD = """
from ferlab import allocator
from ferlab.allocator import give_back_where_short, keep_freed_memory
assert keep_freed_memory()
def held():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) / 1024
blocks = [bytearray(b"x" * 2**22) for _ in range(64)]
last = bytearray(b"x")
del blocks
before = held()
allocator.available_memory = lambda: {left}
given = give_back_where_short()
print(int(given), before - held())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc only")
@pytest.mark.parametrize(("left", "given"), [(0.1, True), (0.9, False)])
def test_freed_memory_goes_back_where_the_machine_is_short_of_it(left, given):
    code = HELD.format(left=left)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said, freed = done.stdout.split()
    assert bool(int(said)) is given
    assert (float(freed) > 200) is given  # of 256 MB


def test_the_share_of_memory_that_is_left():
    from ferlab.memory import available_memory

    assert 0 < available_memory() <= 1
