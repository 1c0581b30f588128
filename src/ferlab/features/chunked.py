"""A feature's chunks on several cores, a few of them in memory at a time."""

import os
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from multiprocessing import get_context
from typing import Any

import numpy as np
from jaxtyping import Shaped

from ferlab.features.feature import Feature
from ferlab.progress import watched


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_chunks(
    feature: Feature, x: Shaped[np.ndarray, "sample ..."], chunks: list[slice], workers: int, text: str
) -> Iterator[tuple[slice, Any]]:
    """Yield (chunk, its rows), in the order in which they are done.

    Args:
        feature: its `cores` says how it shares the machine.
        x: raw samples.
        chunks: parts of `x`.
        workers: chunks computed at once.
        text: what the progress bar says.
    """
    kind = getattr(feature, "cores", "threads")
    workers = min(workers, len(chunks))
    done: Iterator[tuple[slice, Any]]
    if kind == "own" or workers < 2:
        done = ((chunk, feature.transform(x[chunk])) for chunk in chunks)
    else:
        done = _parallel(feature, x, chunks, workers, kind)
    yield from watched(done, len(chunks), text, every=1)


def _parallel(
    feature: Feature, x: Shaped[np.ndarray, "sample ..."], chunks: list[slice], workers: int, kind: str
) -> Iterator[tuple[slice, Any]]:
    import torch

    threads = torch.get_num_threads()
    pool: Executor
    if kind == "processes":
        # a copy of a process with threads may hang; a fresh one cannot
        context = get_context("spawn")
        pool = ProcessPoolExecutor(workers, context, initializer=_one_thread_in_a_process)
    else:
        pool = ThreadPoolExecutor(workers, "features", initializer=torch.set_num_threads, initargs=(1,))
    left, running = iter(chunks), dict[Future[Any], slice]()
    try:
        while True:
            while len(running) < 2 * workers and (chunk := next(left, None)) is not None:
                running[pool.submit(feature.transform, np.asarray(x[chunk]))] = chunk
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def _one_thread_in_a_process() -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
