"""One pair of classes at a time: libsvm (scikit-learn's) solves it on the pair's own kernel matrix.

libsvm trains one machine for each pair of classes (Chang & Lin 2011, "LIBSVM") and computes the kernel anew, row by
row, for every one of them. Here each pair's matrix is made beforehand by matrix products, so memory is bounded by
the largest pair and not by all rows.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float64, Int64
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ferlab.classic.svm.kernel import Indices, Kernel, Rows, block
from ferlab.errors import FerlabError

MB = 2**20
Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Solution:
    """The machine that tells one class ("first") from another: `kernel @ coefficients + intercept` above 0 is "first".

    Attributes:
        rows: positions of the support vectors among the pair's rows (the first class's rows, then the second's).
        coefficients: dual coefficient of each, above 0 for the first class.
        intercept: in the same sign.
        iterations: that the solver took.
    """

    rows: Int64[np.ndarray, "support"]
    coefficients: Float64[np.ndarray, "support"]
    intercept: float
    iterations: int


@dataclass(frozen=True)
class Solver:
    """libsvm's options that do not touch the kernel, named as in SVC."""

    C: int | float = 1.0
    tol: int | float = 1e-3
    shrinking: bool = True
    max_iter: int = -1

    @property
    def options(self) -> dict[str, Any]:
        """As SVC takes them; with a seed of its own it leaves numpy's global one alone."""
        return {**self.__dict__, "random_state": 0}

    def solve(
        self,
        matrix: Float64[np.ndarray, "pair pair"],
        first: int,
        weights: Float64[np.ndarray, "pair"] | None,
    ) -> Solution:
        """Return the machine of one pair; runs beside other threads.

        Args:
            matrix: kernel values, the first class's rows before the second's.
            first: number of rows of the first class.
            weights: that multiply C for each row, above 0; None: ones.
        """
        # libsvm keeps single-precision copies of the columns that it has touched: room for all
        cache = max(1.0, matrix.shape[0] ** 2 * 4 / MB + 1)
        svc = SVC(kernel="precomputed", cache_size=cache, **self.options)
        svc.fit(matrix, np.arange(len(matrix)) >= first, sample_weight=weights)
        return as_solution(svc)


def as_solution(svc: SVC) -> Solution:
    """Return a fitted SVC of two classes in libsvm's own sign, which SVC turns round."""
    return Solution(svc.support_.astype(np.int64), -svc.dual_coef_[0], -float(svc.intercept_[0]), int(svc.n_iter_[0]))


def groups_of(
    labels: Int64[np.ndarray, "sample"], classes: Iterable[object], weights: Float64[np.ndarray, "sample"] | None
) -> list[Indices]:
    """Return the rows of each class, in order; rows of weight 0 or less take no part, as in libsvm.

    Raises:
        FerlabError: fewer than two classes, or one without rows.
    """
    taken = labels >= 0 if weights is None else weights > 0
    groups = [np.flatnonzero((labels == number) & taken) for number in range(int(labels.max(initial=-1)) + 1)]
    empty = [str(name) for name, group in zip(classes, groups, strict=True) if not len(group)]
    if len(groups) < 2 or empty:
        found = f"none of {', '.join(empty)}" if empty else f"{len(groups)}"
        raise FerlabError(f"svm: expected training samples (of weight above 0) of two classes or more, found {found}")
    return groups


def pairs_of(classes: int) -> list[tuple[int, int]]:
    """Return all pairs of classes, in libsvm's order."""
    return list(combinations(range(classes), 2))


class PairMatrices:
    """Kernel matrices of all pairs of classes: a class's own block is computed once and kept, or computed each time.

    Args:
        kernel: kernel function.
        rows: training rows.
        groups: rows of each class.
        keep: keep the classes' own blocks (single precision), which every pair of theirs needs.
    """

    def __init__(self, kernel: Kernel, rows: Rows, groups: Sequence[Indices], keep: bool) -> None:
        self.kernel, self.rows, self.groups, self.keep = kernel, rows, groups, keep
        self._own: dict[int, np.ndarray] = {}
        if kernel.name == "rbf":
            # before any thread asks
            _ = rows.squares

    def prepare(self, number: int) -> None:
        """Compute the block of one class, where blocks are kept."""
        if self.keep:
            self._own[number] = self._block(number, number).astype(np.float32)

    def pair(self, i: int, j: int) -> Float64[np.ndarray, "pair pair"]:
        """Return the matrix of two classes, the first one's rows before the second's."""
        cut = len(self.groups[i])
        size = cut + len(self.groups[j])
        matrix = np.empty((size, size))
        matrix[:cut, :cut] = self._own[i] if i in self._own else self._block(i, i)
        matrix[cut:, cut:] = self._own[j] if j in self._own else self._block(j, j)
        matrix[:cut, cut:] = self._block(i, j)
        matrix[cut:, :cut] = matrix[:cut, cut:].T
        return matrix

    def _block(self, i: int, j: int) -> np.ndarray:
        return block(self.kernel, self.rows, self.groups[i], self.rows, self.groups[j])


def in_threads(task: Callable[[Task], Result], tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Task, Result]]:
    """Run tasks in threads (libsvm and BLAS let others run) and yield each with its result, as they end.

    Tasks that have not begun are dropped where one fails or the caller stops.
    """
    workers = max(1, min(jobs, len(tasks)))
    with threadpool_limits(max(1, jobs // workers)), ThreadPoolExecutor(workers) as pool:
        waiting = {pool.submit(task, one): one for one in tasks}
        try:
            while waiting:
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield waiting.pop(future), future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def cores(jobs: int | None) -> int:
    """Return how many threads to use: `jobs`, or the cores that this process may use."""
    if jobs is not None and jobs < 1:
        raise FerlabError(f"svm: jobs: expected null or a number from 1, found {jobs}")
    affinity = getattr(os, "sched_getaffinity", None)
    return jobs or (len(affinity(0)) if affinity else os.cpu_count() or 1)


def weights_of(groups: Iterable[Indices], weights: Float64[np.ndarray, "sample"] | None) -> np.ndarray | None:
    """Return the weights of some classes' rows, one class after the other."""
    return None if weights is None else np.concatenate([weights[group] for group in groups])


def by_machine(
    dual: Float64[np.ndarray, "others support"], supports: Int64[np.ndarray, "classes"]
) -> Float64[np.ndarray, "support pair"]:
    """Return the coefficients that each pair's machine gives to all support vectors, from libsvm's compact table.

    Args:
        dual: support vectors class by class; a vector of class i has its coefficient against class j in row j - 1
            where j > i, else in row j.
        supports: support vectors of each class.
    """
    ends = np.cumsum(supports)
    own = [slice(end - count, end) for end, count in zip(ends, supports, strict=True)]
    out = np.zeros((dual.shape[1], len(pairs_of(len(supports)))))
    for column, (i, j) in enumerate(pairs_of(len(supports))):
        out[own[i], column] = dual[j - 1, own[i]]
        out[own[j], column] = dual[i, own[j]]
    return out


def joined(
    solutions: Mapping[tuple[int, int], Solution], groups: Sequence[Indices], samples: int
) -> tuple[Indices, Int64[np.ndarray, "classes"], Float64[np.ndarray, "others support"]]:
    """Join the pairs' machines as libsvm does.

    Returns:
        Rows of the support vectors, class by class; how many each class has; `by_machine`'s compact table.
    """
    dual = np.zeros((len(groups) - 1, samples))
    taken = np.zeros(samples, bool)
    for (i, j), solution in solutions.items():
        rows = np.concatenate([groups[i], groups[j]])[solution.rows]
        first = solution.rows < len(groups[i])
        dual[j - 1, rows[first]] = solution.coefficients[first]
        dual[i, rows[~first]] = solution.coefficients[~first]
        taken[rows] = True
    supports = [group[taken[group]] for group in groups]
    chosen = np.concatenate(supports)
    return chosen, np.array([len(support) for support in supports]), dual[:, chosen]
