"""A search over an SVM's options: the rows are multiplied once, and every candidate and fold reads from that."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64
from sklearn.base import clone
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from sklearn.model_selection import ParameterGrid

from ferlab.classic.svm.kernel import check_matrix
from ferlab.classic.svm.kernel_svc import KernelSvc
from ferlab.classic.svm.memory import allowed, gram_fits
from ferlab.classic.svm.options import check_numbers, sample_weights
from ferlab.classic.svm.pairs import Solver, cores
from ferlab.classic.svm.shared import Fold, Outcome, Table, Trial, run_shared
from ferlab.errors import FerlabError

Score = Callable[[Any, Any], float]
SCORES: dict[str, Score] = {
    "accuracy": lambda y, said: float(accuracy_score(y, said)),
    "recall_macro": lambda y, said: float(balanced_accuracy_score(y, said)),
    "f1_macro": lambda y, said: float(f1_score(y, said, average="macro")),
}
# numbers that a kernel does not read
IDLE = {"linear": {"gamma", "degree", "coef0"}, "rbf": {"degree", "coef0"}, "sigmoid": {"degree"}, "poly": set[str]()}


@dataclass(frozen=True)
class SvmSearch:
    """What a search found.

    Attributes:
        candidates: options of each.
        scores: of each candidate on each fold's held rows.
        seconds: of computation for each candidate, all folds and threads together; what several share is divided.
        supports: support vectors of each candidate, mean over the folds.
        notes: what a reader should know.
    """

    candidates: list[dict[str, Any]]
    scores: Float64[np.ndarray, "candidate fold"]
    seconds: Float64[np.ndarray, "candidate"]
    supports: Float64[np.ndarray, "candidate"]
    notes: list[str] = field(default_factory=list)

    @property
    def best(self) -> int:
        """Number of the candidate with the highest mean score, the first of several, as scikit-learn has it."""
        return int(self.scores.mean(axis=1).argmax())


def search_svm(
    x: Any,
    y: Any,
    grid: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]],
    folds: Sequence[tuple[Any, Any]],
    base: KernelSvc | None = None,
    score: str | Score = "accuracy",
    sample_weight: Any = None,
    progress: Callable[[int, int], None] | None = None,
    each: Callable[[int, int, float, float], None] | None = None,
) -> SvmSearch:
    """Fit and score every candidate on every fold; candidates that come to the same are fitted once.

    Args:
        x: (sample, feature), dense or CSR; multiplied in the precision that `KernelSvc.fit` takes.
        y: (sample,) labels.
        grid: {option: values}, all of whose combinations are tried, or the candidates themselves.
        folds: for each, rows to train on and rows to score on.
        base: with all other options, memory_mb and jobs among them; None: `KernelSvc()`.
        score: "accuracy", "recall_macro", "f1_macro" or a function of the true and the predicted labels.
        sample_weight: (sample,) that multiplies C.
        progress: called with the fits (of a candidate on a fold) done and all.
        each: called with candidate, fold, score and seconds as soon as these are known; whoever interrupts the search
            keeps them.

    Raises:
        FerlabError: a wrong option, fold or shape, NaN, or a class of `y` missing among a fold's rows to train on.
    """
    x, base = check_matrix(x, "svm"), base or KernelSvc()
    classes, labels = np.unique(np.asarray(y), return_inverse=True)
    if labels.ndim != 1 or len(labels) != x.shape[0]:
        raise FerlabError(f"svm: expected one label for each of {x.shape[0]} rows, found {np.shape(y)}")
    candidates = [dict(c) for c in (ParameterGrid(dict(grid)) if isinstance(grid, Mapping) else grid)]
    tried = [_estimator(base, candidate) for candidate in candidates]
    parts = _folds(folds, labels, classes)
    scorer = _scorer(score)
    weights = None if sample_weight is None else sample_weights(None, classes, labels, sample_weight)

    same: dict[str, list[int]] = {}
    for number, estimator in enumerate(tried):
        same.setdefault(repr(trial_of(estimator)), []).append(number)
    twins = list(same.values())
    firsts = [tried[numbers[0]] for numbers in twins]
    table = Table(x, labels, classes, weights)
    scores = np.full((len(candidates), len(parts)), np.nan)
    found = SvmSearch(candidates, scores, np.zeros(len(candidates)), np.zeros(len(candidates)))
    done = 0
    for outcome in _outcomes(table, firsts, parts, base, found.notes):
        value = scorer(classes[labels[parts[outcome.fold].held]], classes[outcome.said])
        for number in twins[outcome.trial]:
            scores[number, outcome.fold] = value
            found.seconds[number] += outcome.seconds / len(twins[outcome.trial])
            found.supports[number] += outcome.supports / len(parts)
            done += 1
            if each:
                each(number, outcome.fold, value, outcome.seconds / len(twins[outcome.trial]))
        if progress:
            progress(done, scores.size)
    return found


def trial_of(estimator: KernelSvc) -> Trial:
    """Return an estimator's options, without those that its kernel does not read."""
    numbers = {"gamma": estimator.gamma, "degree": estimator.degree, "coef0": float(estimator.coef0)}
    numbers |= dict.fromkeys(IDLE[estimator.kernel], 0)
    gamma = numbers["gamma"] if isinstance(numbers["gamma"], str) else float(numbers["gamma"])
    solver = Solver(estimator.C, estimator.tol, estimator.shrinking, estimator.max_iter)
    matrix = (estimator.kernel, gamma, int(numbers["degree"]), float(numbers["coef0"]))
    return Trial(matrix, solver, estimator.break_ties, estimator.class_weight)


def _outcomes(
    table: Table, tried: list[KernelSvc], folds: list[Fold], base: KernelSvc, notes: list[str]
) -> Iterator[Outcome]:
    largest = max(int(np.sort(np.bincount(table.labels[fold.train]))[-2:].sum()) for fold in folds)
    held = max(len(fold.held) for fold in folds)
    megabytes = allowed(base.memory_mb)
    for jobs in dict.fromkeys((cores(base.jobs), 1)):
        if gram_fits(table.x.shape[0], largest, held, table.x.shape[1], jobs, megabytes):
            return run_shared(table, [trial_of(estimator) for estimator in tried], folds, jobs)
    notes.append(
        f"svm: the inner products of {table.x.shape[0]} rows do not fit into memory_mb={megabytes:g}, so the "
        "search computed each candidate's kernel by itself, which is slower"
    )
    return _apart(table, tried, folds)


def _apart(table: Table, tried: list[KernelSvc], folds: list[Fold]) -> Iterator[Outcome]:
    """Fit every candidate by itself."""
    for number, estimator in enumerate(tried):
        for place, fold in enumerate(folds):
            begun = time.perf_counter()
            weights = None if table.weights is None else table.weights[fold.train]
            fitted = clone(estimator).fit(table.x[fold.train], table.classes[table.labels[fold.train]], weights)
            said = np.searchsorted(table.classes, fitted.predict(table.x[fold.held]))
            yield Outcome(number, place, said, time.perf_counter() - begun, len(fitted.support_))


def _estimator(base: KernelSvc, candidate: Mapping[str, Any]) -> KernelSvc:
    known = base.get_params()
    unknown = set(candidate) - set(known)
    if unknown:
        raise FerlabError(f"svm: no option {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    check_numbers({**known, **candidate})
    estimator: KernelSvc = clone(base).set_params(**candidate)
    return estimator


def _folds(folds: Sequence[tuple[Any, Any]], labels: Int64[np.ndarray, "sample"], classes: np.ndarray) -> list[Fold]:
    parts = []
    for number, (train, held) in enumerate(folds):
        part = Fold(*(np.arange(len(labels))[np.asarray(rows)] for rows in (train, held)))
        missing = [str(name) for k, name in enumerate(classes) if k not in labels[part.train]]
        if missing or not len(part.held):
            what = f"no row of {', '.join(missing)} to train on" if missing else "no row to score"
            raise FerlabError(f"svm: fold {number} has {what}; cure: fewer folds, stratified, or more samples")
        parts.append(part)
    if not parts:
        raise FerlabError("svm: expected one fold or more, found none")
    return parts


def _scorer(score: str | Score) -> Score:
    if not isinstance(score, str):
        return score
    if score not in SCORES:
        raise FerlabError(f"svm: score: expected one of {', '.join(SCORES)}, found {score!r}")
    return SCORES[score]
