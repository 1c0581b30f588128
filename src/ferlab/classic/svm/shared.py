"""Many SVMs on the folds of the same rows, from one matrix of inner products that all kernels and penalties read."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int64

from ferlab.classic.svm.kernel import Indices, Kernel, Matrix, Rows, Spread, centre, products
from ferlab.classic.svm.memory import SIDE
from ferlab.classic.svm.options import sample_weights
from ferlab.classic.svm.pairs import Solver, groups_of, in_threads, pairs_of, weights_of
from ferlab.classic.svm.votes import winners

MatrixKey = tuple[str, str | float, int, float]


@dataclass(frozen=True)
class Trial:
    """One SVM's options; what its kernel does not read is None or 0, so that what comes to the same is equal."""

    matrix: MatrixKey
    solver: Solver
    break_ties: bool
    class_weight: Any = None


class Outcome(NamedTuple):
    """What one trial's machine, fitted on one fold, says of the fold's held rows: a class's number for each."""

    trial: int
    fold: int
    said: Int64[np.ndarray, "held"]
    seconds: float
    supports: int


@dataclass(frozen=True)
class Fold:
    """Rows to train on and rows to score on."""

    train: Indices
    held: Indices


@dataclass(frozen=True)
class Table:
    """The rows of a search.

    Attributes:
        x: features.
        labels: class number of each row.
        classes: names.
        weights: of each row, or None.
    """

    x: Matrix
    labels: Int64[np.ndarray, "sample"]
    classes: np.ndarray
    weights: Float64[np.ndarray, "sample"] | None


class _Part:
    """One kernel on one fold: its rows by class, and what its trials' machines have said so far."""

    def __init__(self, table: Table, fold: Fold, kernel: Kernel, trials: dict[int, Trial]) -> None:
        self.fold, self.kernel, self.trials = fold, kernel, trials
        own = None if table.weights is None else table.weights[fold.train]
        labels = table.labels[fold.train]
        self.groups = [fold.train[group] for group in groups_of(labels, table.classes, own)]
        self.weights = {
            number: _spread_out(sample_weights(trial.class_weight, table.classes, labels, own), fold.train, table)
            for number, trial in trials.items()
        }
        self.pairs = pairs_of(len(self.groups))
        self.open = len(self.pairs)
        self.machines = {number: np.zeros((len(fold.held), len(self.pairs))) for number in trials}
        self.is_support = {number: np.zeros(len(table.labels), bool) for number in trials}
        self.seconds = dict.fromkeys(trials, 0.0)

    def solve(self, pair: int, gram: Float32[np.ndarray, "sample sample"], squares: np.ndarray) -> None:
        """Fit every trial's machine for one pair of classes, and ask it about the held rows; runs beside others."""
        begun = time.perf_counter()
        i, j = self.pairs[pair]
        groups = [self.groups[i], self.groups[j]]
        rows = np.concatenate(groups)
        matrix = self._values(gram, squares, rows, rows)
        if self.kernel.name == "rbf":
            np.fill_diagonal(matrix, 1.0)
        held = self._values(gram, squares, self.fold.held, rows)
        shared = (time.perf_counter() - begun) / len(self.trials)
        for number, trial in self.trials.items():
            begun = time.perf_counter()
            found = trial.solver.solve(matrix, len(groups[0]), weights_of(groups, self.weights[number]))
            self.machines[number][:, pair] = held[:, found.rows] @ found.coefficients + found.intercept
            self.is_support[number][rows[found.rows]] = True
            self.seconds[number] += time.perf_counter() - begun + shared

    def _values(self, gram: np.ndarray, squares: np.ndarray, a: Indices, b: Indices) -> np.ndarray:
        return self.kernel.values(gram[np.ix_(a, b)].astype(np.float64), squares[a], squares[b])


def _spread_out(weights: np.ndarray | None, rows: Indices, table: Table) -> np.ndarray | None:
    """Return the weights of some rows at their places among all."""
    if weights is None:
        return None
    every = np.zeros(len(table.labels))
    every[rows] = weights
    return every


def run_shared(table: Table, trials: Sequence[Trial], folds: Sequence[Fold], jobs: int) -> Iterator[Outcome]:
    """Fit every trial on every fold.

    Args:
        table: the rows.
        trials: distinct.
        folds: each with rows of all classes to train on.
        jobs: threads.
    """
    spread = Spread(table.x)
    for centred in (True, False):
        chosen = {n: trial for n, trial in enumerate(trials) if (trial.matrix[0] in ("linear", "rbf")) == centred}
        if not chosen:
            continue
        begun = time.perf_counter()
        rows = Rows(table.x, centre(table.x, "rbf" if centred else "poly"))
        gram = gram_of(rows, jobs)
        squares = gram.diagonal().astype(np.float64)
        once = (time.perf_counter() - begun) / len(chosen) / len(folds)
        tasks: list[tuple[int, _Part, int]] = []
        for name, gamma, degree, coef0 in dict.fromkeys(trial.matrix for trial in chosen.values()):
            mine = {n: trial for n, trial in chosen.items() if trial.matrix == (name, gamma, degree, coef0)}
            for number, fold in enumerate(folds):
                value = 1.0 if name == "linear" else spread.gamma(gamma, fold.train)
                part = _Part(table, fold, Kernel(name, value, degree, coef0), mine)
                tasks += [(number, part, pair) for pair in range(len(part.pairs))]
        for (number, part, _), _ in in_threads(_task(gram, squares), tasks, jobs):
            part.open -= 1
            if part.open:
                continue
            for n in part.trials:
                said = winners(part.machines[n], len(part.groups), trials[n].break_ties)
                yield Outcome(n, number, said, part.seconds[n] + once, int(part.is_support[n].sum()))
            part.machines.clear()
            part.is_support.clear()


def _task(gram: np.ndarray, squares: np.ndarray) -> Callable[[tuple[int, _Part, int]], None]:
    return lambda task: task[1].solve(task[2], gram, squares)


def gram_of(rows: Rows, jobs: int) -> Float32[np.ndarray, "sample sample"]:
    """Return the inner products of all rows, in single precision."""
    gram = np.empty((len(rows), len(rows)), np.float32)
    parts = [np.arange(first, min(first + SIDE, len(rows))) for first in range(0, len(rows), SIDE)]

    def fill(pair: tuple[Indices, Indices]) -> None:
        a, b = (slice(part[0], part[-1] + 1) for part in pair)
        gram[a, b] = products(rows, pair[0], rows, pair[1])
        if pair[0] is not pair[1]:
            gram[b, a] = gram[a, b].T

    for _ in in_threads(fill, list(combinations_with_replacement(parts, 2)), jobs):
        pass
    return gram
