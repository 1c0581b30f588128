import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from ferlab.cache import cache_root
from ferlab.errors import FerlabError
from ferlab.features.extract import extract
from ferlab.features.feature import name_of, names_of, options_of
from ferlab.features.raw import Raw


@dataclass(frozen=True)
class Corner:
    """The first pixels of an image, and the number of calls."""

    pixels: int = 3
    modality: ClassVar[str] = "image"
    learns: ClassVar[bool] = False
    version: ClassVar[int] = 1
    chunk: ClassVar[int] = 4
    cores: ClassVar[str] = "threads"
    calls: ClassVar[list[int]] = []

    def transform(self, x: np.ndarray) -> np.ndarray:
        self.calls.append(len(x))
        return x.reshape(len(x), -1)[:, : self.pixels].astype(np.float32)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERLAB_CACHE", str(tmp_path / "cache"))
    Corner.calls.clear()


def images(count: int = 18, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 6, 6, 3), np.uint8)


@pytest.mark.parametrize("workers", [1, 2, 5, None])
@pytest.mark.parametrize("cores", ["threads", "own"])
def test_rows_stand_in_the_order_of_the_samples(
    workers: int | None, cores: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Corner, "cores", cores)
    x = images()
    rows = extract(Corner(), x, "toy", workers)
    assert rows.dtype == np.float32 and np.array_equal(rows, x.reshape(18, -1)[:, :3])
    assert sorted(Corner.calls) == [2, 4, 4, 4, 4]


@pytest.mark.slow  # each process imports torch
def test_processes_give_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Raw, "cores", "processes", raising=False)
    monkeypatch.setattr(Raw, "chunk", 3, raising=False)
    x = images(6)
    assert np.array_equal(extract(Raw(), x, "toy", 2), Raw().transform(x))


def test_a_second_call_reads_and_other_content_options_or_versions_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    x = images()
    first = extract(Corner(), x, "toy")
    assert isinstance(first, np.memmap) and not first.flags.writeable
    Corner.calls.clear()
    assert np.array_equal(extract(Corner(), x.copy(), "the same under another name"), first)
    assert not Corner.calls
    changed = x.copy()
    changed[17, 5, 5, 2] ^= 1
    for feature, samples in ((Corner(), changed), (Corner(2), x), (Corner(), x[:17])):
        Corner.calls.clear()
        extract(feature, samples, "toy")
        assert Corner.calls
    monkeypatch.setattr(Corner, "version", 2)
    Corner.calls.clear()
    extract(Corner(), x, "toy")
    assert Corner.calls


def test_a_failure_keeps_the_chunks_that_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    x, whole = images(), Corner.transform

    def third_fails(self: Corner, part: np.ndarray) -> np.ndarray:
        if np.array_equal(part, x[8:12]):
            raise KeyboardInterrupt
        return whole(self, part)

    monkeypatch.setattr(Corner, "transform", third_fails)
    with pytest.raises(KeyboardInterrupt):
        extract(Corner(), x, "toy", 1)
    assert Corner.calls == [4, 4]
    assert not list((cache_root() / "features").glob("*/manifest.json"))
    monkeypatch.setattr(Corner, "transform", whole)
    Corner.calls.clear()
    assert np.array_equal(extract(Corner(), x, "toy", 1), whole(Corner(), x))
    assert Corner.calls == [4, 4, 2, 18]
    assert not list((cache_root() / "features").glob("unfinished-*"))


def test_a_table_that_was_cut_short_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    x, whole = images(), Corner.transform
    monkeypatch.setattr(Corner, "transform", lambda self, part: whole(self, part) if len(part) == 4 else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        extract(Corner(), x, "toy", 1)
    monkeypatch.setattr(Corner, "transform", whole)
    (rows,) = (cache_root() / "features").glob("unfinished-*/rows.npy")
    os.truncate(rows, 150)
    assert np.array_equal(extract(Corner(), x, "toy", 1), whole(Corner(), x))


CHILD = """
import sys, time, numpy as np
from ferlab.features.extract import extract
from ferlab.features.raw import Raw
whole = Raw.transform
def slow(self, part):
    print("chunk", flush=True)
    time.sleep(0.2)
    return whole(self, part)
Raw.transform, Raw.chunk = slow, 1
extract(Raw(), np.arange(40 * 12, dtype=np.uint8).reshape(40, 2, 2, 3), "toy", 2)
"""


def test_ctrl_c_ends_it_soon_and_keeps_what_was_done(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout
    for _ in range(8):
        child.stdout.readline()
    began = time.monotonic()
    child.send_signal(signal.SIGINT)
    _, error = child.communicate(timeout=30)
    assert child.returncode != 0 and "KeyboardInterrupt" in error and time.monotonic() - began < 10
    (done,) = (cache_root() / "features").glob("unfinished-*/done.npy")
    assert np.load(done).sum() >= 4


def test_two_at_once_compute_it_once() -> None:
    x, rows = images(), list[Any]()
    calls = [threading.Thread(target=lambda: rows.append(extract(Corner(), x, "toy", 1))) for _ in range(2)]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    assert np.array_equal(rows[0], rows[1]) and len(Corner.calls) == 5


@dataclass
class Sparse:
    modality: ClassVar[str] = "text"
    learns: ClassVar[bool] = True
    version: ClassVar[int] = 1
    chunk: ClassVar[int] = 2

    def transform(self, x: np.ndarray) -> Any:
        from scipy.sparse import csr_matrix

        return csr_matrix(np.array([[len(text), text.count("a")] for text in x], np.float32))


def test_sparse_rows_of_a_feature_that_learns_are_not_cached() -> None:
    x = np.array(["a", "banana", "", "né", "aa"], object)
    rows = extract(Sparse(), x, "toy", 2)
    assert rows.format == "csr" and rows.toarray()[:, 1].tolist() == [1, 3, 0, 0, 2]
    assert not (cache_root() / "features").exists()


def test_another_modality_is_refused() -> None:
    sound = np.zeros((3, 100), np.int16)
    with pytest.raises(FerlabError, match=r"features=corner: reads images, found sounds"):
        extract(Corner(), sound, "toy")
    with pytest.raises(FerlabError, match=r"features=sparse: reads texts, found images"):
        extract(Sparse(), images(), "toy")
    with pytest.raises(FerlabError, match=r"expected raw samples.*float64 \(2, 3\)"):
        extract(Corner(), np.zeros((2, 3)), "toy")
    with pytest.raises(FerlabError, match="features=corner: no samples"):
        extract(Corner(), images(0), "toy")


def test_no_room_is_one_clear_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(FerlabError, match=r"no room for 18 rows of 3 values .*No space left.*FERLAB_CACHE"):
        extract(Corner(), images(), "toy")
    assert not list((cache_root() / "features").glob("unfinished-*/rows.npy"))


def test_names_and_options() -> None:
    class ClipStatistics:
        options: ClassVar[dict[str, Any]] = {"rate": 16000, "bands": (1, 2)}

    assert name_of(ClipStatistics()) == "clip_statistics" and name_of(Corner()) == "corner"
    assert options_of(ClipStatistics()) == {"rate": 16000, "bands": [1, 2]}
    assert options_of(replace(Corner(), pixels=2)) == {"pixels": 2}
    assert names_of(Corner(), (6, 6, 3), 2) == ["corner 0", "corner 1"]
    assert names_of(Raw(colour="grey"), (1, 2, 3), 2) == ["row 0 column 0", "row 0 column 1"]
    with pytest.raises(ValueError, match="2 names for 3 values"):
        names_of(Raw(colour="grey"), (1, 2, 3), 3)
    with pytest.raises(TypeError, match="expected a dataclass"):
        options_of(object())
