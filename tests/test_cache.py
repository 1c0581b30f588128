"""The cache: built once, mapped on reuse, sound or rebuilt, nothing half-written."""

import multiprocessing as mp
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ferlab.cache import Arrays, cache_root, cached
from ferlab.errors import FerlabError

pytestmark = pytest.mark.usefixtures("own_cache")


class Builder:
    """Makes the same arrays at each call and counts the calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Arrays:
        self.calls += 1
        return {"x": np.arange(4096, dtype=np.uint8).reshape(64, 64), "any/name ü": np.array(["a", "bc"])}


def files(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock"]


def test_builds_once_and_maps_on_reuse() -> None:
    build = Builder()
    first, second = (cached("set", {"a": 1}, build) for _ in range(2))
    assert build.calls == 1
    assert isinstance(second["x"], np.memmap) and not second["x"].flags.writeable
    for arrays in (first, second):
        assert list(arrays) == ["x", "any/name ü"]
        for name, array in build().items():
            np.testing.assert_array_equal(arrays[name], array)
            assert arrays[name].dtype == array.dtype


@pytest.mark.parametrize("key", [{"a": 2}, {"a": 1, "b": None}, {"a": "1"}])
def test_another_key_is_another_entry(key: dict[str, Any]) -> None:
    build = Builder()
    cached("set", {"a": 1}, build)
    cached("set", key, build)
    assert build.calls == 2


@pytest.mark.parametrize("harm", ["cut", "alter", "no manifest", "bad manifest", "no array", "other manifest"])
def test_a_harmed_entry_is_built_again(own_cache: Path, harm: str) -> None:
    build = Builder()
    cached("set", {"a": 1}, build)
    array, manifest = next(own_cache.rglob("0.npy")), next(own_cache.rglob("manifest.json"))
    if harm == "cut":
        array.write_bytes(array.read_bytes()[:-1])
    elif harm == "alter":
        array.write_bytes(array.read_bytes()[:-1] + b"\x00")
    elif harm == "no array":
        array.unlink()
    elif harm == "no manifest":
        manifest.unlink()
    else:
        manifest.write_text("{" if harm == "bad manifest" else "[]")
    arrays = cached("set", {"a": 1}, build)
    assert build.calls == 2
    np.testing.assert_array_equal(arrays["x"], build()["x"])
    cached("set", {"a": 1}, build)
    assert build.calls == 3  # the one of the line above


def test_a_copied_entry_is_still_good(own_cache: Path) -> None:
    build = Builder()
    cached("set", {"a": 1}, build)
    for path in files(own_cache):
        os.utime(path, ns=(1, 1))
    cached("set", {"a": 1}, build)
    assert build.calls == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, FerlabError, MemoryError])
def test_a_build_that_stops_leaves_nothing(own_cache: Path, error: type[BaseException]) -> None:
    def stop() -> Arrays:
        raise error

    with pytest.raises(error):
        cached("set", {"a": 1}, stop)
    assert files(own_cache) == []
    build = Builder()
    cached("set", {"a": 1}, build)
    assert build.calls == 1


def test_an_interrupted_write_leaves_nothing(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = np.save

    def save(path: Path, array: np.ndarray, **options: Any) -> None:
        if path.name == "1.npy":
            raise KeyboardInterrupt
        real(path, array, **options)

    monkeypatch.setattr(np, "save", save)
    with pytest.raises(KeyboardInterrupt):
        cached("set", {"a": 1}, Builder())
    assert files(own_cache) == []


def test_what_a_killed_process_left_is_swept(own_cache: Path) -> None:
    cached("set", {"a": 1}, Builder())
    entry = next(own_cache.rglob("0.npy")).parent
    leftover = entry.with_name(f".{entry.name}-abc")
    entry.rename(leftover)
    cached("set", {"a": 1}, Builder())
    assert not leftover.exists() and entry.exists()


def _build_slowly(folder: str, barrier: Any, calls: Any, sums: Any) -> None:
    os.environ["FERLAB_CACHE"] = folder

    def build() -> Arrays:
        import time

        with calls.get_lock():
            calls.value += 1
        time.sleep(0.3)
        return {"x": np.arange(1000)}

    barrier.wait()
    sums.put(int(cached("set", {"a": 1}, build)["x"].sum()))


# a newer Python warns of forking beside the threads that other tests' libraries keep
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_two_processes_at_once_build_once(own_cache: Path) -> None:
    context = mp.get_context("fork")
    barrier, calls, sums = context.Barrier(2), context.Value("i", 0), context.Queue()
    workers = [context.Process(target=_build_slowly, args=(str(own_cache), barrier, calls, sums)) for _ in range(2)]
    for worker in workers:
        worker.start()
    assert [sums.get(timeout=20) for _ in workers] == [499_500] * 2
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert calls.value == 1


def test_objects_are_refused() -> None:
    with pytest.raises(ValueError, match="'x' holds Python objects"):
        cached("set", {}, lambda: {"x": np.array([None])})


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FERLAB_CACHE", str(tmp_path / "file"))
    with pytest.raises(FerlabError, match=r"cannot write to .*file.*set FERLAB_CACHE"):
        cached("set", {}, Builder())


def test_root_is_the_environment_or_the_users_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLAB_CACHE", "~/here")
    assert cache_root() == Path.home() / "here"
    monkeypatch.delenv("FERLAB_CACHE")
    assert cache_root().name == "ferlab"


@settings(max_examples=30)
@given(
    hnp.arrays(
        st.one_of(hnp.integer_dtypes(), hnp.floating_dtypes(), hnp.unicode_string_dtypes()),
        hnp.array_shapes(min_dims=0, min_side=0, max_side=4),
    )
)
def test_any_array_comes_back_as_it_was(array: np.ndarray) -> None:
    key = {"shape": list(array.shape), "type": array.dtype.str, "content": array.tobytes().hex()}
    for _ in range(2):
        back = cached("any", key, lambda: {"x": array})["x"]
        assert back.dtype == array.dtype and back.shape == array.shape and back.tobytes() == array.tobytes()
