"""What every test shares: one thread, a cache of its own, no display, and the markers' skips."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Machines differ in speed, so no example is too slow; on CI the examples are always the same.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

CACHE = pytest.StashKey[tempfile.TemporaryDirectory[str]]()


def pytest_configure(config: pytest.Config) -> None:
    # Before torch and OpenCV are imported: two workers with a pool of threads each would fight over the cores.
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    os.environ["MPLBACKEND"] = "Agg"
    os.environ["WANDB_MODE"] = "offline"
    # Workers of xdist inherit the folder, so that a data set is made once for all of them.
    if "PYTEST_XDIST_WORKER" not in os.environ:
        folder = tempfile.TemporaryDirectory(prefix="ferlab-tests-", ignore_cleanup_errors=True)
        config.stash[CACHE] = folder
        os.environ["FERLAB_CACHE"] = folder.name


def pytest_unconfigure(config: pytest.Config) -> None:
    if CACHE in config.stash:
        config.stash[CACHE].cleanup()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if any("gpu" in item.keywords for item in items):
        import torch

        if not torch.cuda.is_available():
            _skip(items, "gpu", "no accelerator")
    if not Path(os.environ.get("FERLAB_DATA") or "-").is_dir():
        _skip(items, "realdata", "FERLAB_DATA names no folder")


def _skip(items: list[pytest.Item], marker: str, reason: str) -> None:
    for item in items:
        if item.get_closest_marker(marker):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def no_data_of_the_user(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only tests marked `realdata` see FERLAB_DATA: the others pass or fail alike on every machine."""
    if not request.node.get_closest_marker("realdata"):
        monkeypatch.delenv("FERLAB_DATA", raising=False)
    yield


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("FERLAB_CACHE", str(folder))
    return folder
