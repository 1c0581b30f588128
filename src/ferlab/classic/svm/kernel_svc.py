"""The same model as scikit-learn's SVC, its kernel computed by matrix products, one pair of classes at a time."""

import warnings
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float64, Shaped
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted

from ferlab.classic.svm.kernel import Kernel, Rows, Spread, block, centre, check_matrix
from ferlab.classic.svm.memory import allowed, plan
from ferlab.classic.svm.options import check_numbers, sample_weights
from ferlab.classic.svm.pairs import (
    MB,
    PairMatrices,
    Solution,
    Solver,
    as_solution,
    by_machine,
    cores,
    groups_of,
    in_threads,
    joined,
    pairs_of,
    weights_of,
)
from ferlab.classic.svm.votes import margins, ovr, winners
from ferlab.errors import FerlabError

# rows, and support vectors, that a prediction looks at together: some 100 MB a thread
BLOCK = 1024
# rows that a linear machine looks at together, all their features in double precision
FEW = 128


class KernelSvc(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Support vector classifier, one machine a pair of classes; options and attributes as those of SVC.

    Args:
        C: penalty of a training error.
        kernel: "linear", "rbf", "poly" or "sigmoid".
        gamma: of all kernels but linear: a number, "scale" = 1 / (features * variance) or "auto" = 1 / features.
        degree: of "poly".
        coef0: of "poly" and "sigmoid".
        class_weight: what multiplies C for a class: {class: weight}, "balanced", one number for each class in the
            order of `classes_`, or None.
        tol: at which the solver stops.
        shrinking: use libsvm's shrinking heuristic.
        max_iter: the solver's limit; -1: none.
        decision_function_shape: "ovr" or "ovo".
        break_ties: predict by the decision function where classes have equally many votes.
        memory_mb: megabytes that a fit may use beside the data handed in and the model; None: half of what the machine
            has left, 2,000 at least. It takes what it needs, and more makes it faster until every pair's matrix fits.
        jobs: threads; None: one a core.

    Attributes:
        classes_, support_, n_support_, dual_coef_, intercept_, n_iter_: as SVC's.
        coef_: (pair or 1, feature), linear kernel only.
        support_vectors_: (support, feature), all other kernels only: a linear machine does not need them again.
        plan_: how the memory was used.
    """

    def __init__(
        self,
        *,
        C: int | float = 1.0,  # noqa: N803 (SVC's name)
        kernel: str = "rbf",
        gamma: str | int | float = "scale",
        degree: int = 3,
        coef0: int | float = 0.0,
        class_weight: Any = None,
        tol: int | float = 1e-3,
        shrinking: bool = True,
        max_iter: int = -1,
        decision_function_shape: Literal["ovr", "ovo"] = "ovr",
        break_ties: bool = False,
        memory_mb: int | float | None = None,
        jobs: int | None = None,
    ) -> None:
        self.C = C
        self.kernel = kernel
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.class_weight = class_weight
        self.tol = tol
        self.shrinking = shrinking
        self.max_iter = max_iter
        self.decision_function_shape = decision_function_shape
        self.break_ties = break_ties
        self.memory_mb = memory_mb
        self.jobs = jobs

    def fit(
        self, x: Any, y: Any, sample_weight: Any = None, progress: Callable[[int, int], None] | None = None
    ) -> "KernelSvc":
        """Fit to (sample, feature), dense or CSR, and a label each.

        Args:
            x: float64 is computed in double precision, all else in single precision summed in double.
            y: labels, numbers or words.
            sample_weight: (sample,) that multiplies C; samples of weight 0 take no part.
            progress: called with the pairs of classes done and all.

        Raises:
            FerlabError: wrong shapes, NaN, a wrong option, fewer than two classes, or more memory than there may be.
        """
        x = check_matrix(x, "svm")
        self.classes_, labels = np.unique(np.asarray(y), return_inverse=True)
        if labels.ndim != 1 or len(labels) != x.shape[0]:
            raise FerlabError(f"svm: expected one label for each of {x.shape[0]} rows, found {np.shape(y)}")
        check_numbers(self.get_params())
        solver = self._solver()
        weights = sample_weights(self.class_weight, self.classes_, labels, sample_weight)
        groups = groups_of(labels, self.classes_, weights)
        gamma = 1.0 if self.kernel == "linear" else Spread(x).gamma(self.gamma)
        self.kernel_ = Kernel(self.kernel, gamma, self.degree, float(self.coef0))
        rows = Rows(x, centre(x, self.kernel))
        megabytes = allowed(self.memory_mb)
        sizes = [len(group) for group in groups]
        self.plan_ = plan(sizes, x.shape[1], cores(self.jobs), megabytes, rows.precision.itemsize)
        if self.plan_.note:
            warnings.warn(self.plan_.note, stacklevel=2)
        matrices = PairMatrices(self.kernel_, rows, groups, self.plan_.keep)

        def solve(pair: tuple[int, int]) -> Solution:
            own = weights_of([groups[c] for c in pair], weights)
            if self.plan_.whole:
                return solver.solve(matrices.pair(*pair), len(groups[pair[0]]), own)
            return self._row_by_row(rows, [groups[c] for c in pair], own)

        for _ in in_threads(matrices.prepare, range(len(groups)), self.plan_.jobs):
            pass
        solutions: dict[tuple[int, int], Solution] = {}
        # the largest first, so that no core waits long for the last
        pairs = sorted(pairs_of(len(groups)), key=lambda pair: -sum(len(groups[c]) for c in pair))
        for pair, solution in in_threads(solve, pairs, self.plan_.jobs):
            solutions[pair] = solution
            if progress:
                progress(len(solutions), len(pairs))
        self._keep(rows, groups, solutions)
        return self

    def _row_by_row(self, rows: Rows, groups: list[np.ndarray], weights: np.ndarray | None) -> Solution:
        """Solve a pair whose matrix does not fit, with libsvm's own cache of kernel rows."""
        part = rows.part(np.concatenate(groups), slice(None)).astype(np.float64)
        cache = max(32.0, self.plan_.megabytes - 12 * part.shape[0] * part.shape[1] / MB)
        svc = SVC(cache_size=cache, kernel=self.kernel, **self._numbers(), **self._solver().options)
        return as_solution(svc.fit(part, np.arange(part.shape[0]) >= len(groups[0]), sample_weight=weights))

    def _solver(self) -> Solver:
        return Solver(self.C, self.tol, self.shrinking, self.max_iter)

    def _numbers(self) -> dict[str, Any]:
        return {"gamma": self.kernel_.gamma, "degree": self.kernel_.degree, "coef0": self.kernel_.coef0}

    def _keep(self, rows: Rows, groups: list[np.ndarray], solutions: dict[tuple[int, int], Solution]) -> None:
        pairs = pairs_of(len(groups))
        # of an earlier fit with another kernel
        for name in ("coef_", "support_vectors_"):
            self.__dict__.pop(name, None)
        self.n_features_in_ = rows.x.shape[1]
        self.mean_, self.sparse_ = rows.mean, sp.issparse(rows.x)
        self.support_, self.n_support_, self.dual_coef_ = joined(solutions, groups, len(rows))
        self.n_iter_ = np.array([solutions[pair].iterations for pair in pairs])
        self.intercept_ = np.array([solutions[pair].intercept for pair in pairs])
        if self.kernel == "linear":
            machines = by_machine(self.dual_coef_, self.n_support_)
            self.coef_ = np.zeros((len(pairs), self.n_features_in_))
            for first in range(0, len(machines), FEW):
                part = rows.x[self.support_[first : first + FEW]].astype(np.float64)
                self.coef_ += (part.T @ machines[first : first + FEW]).T
            if rows.mean is not None:
                self.intercept_ -= self.coef_ @ rows.mean
        else:
            self.support_vectors_ = rows.x[self.support_]
        if len(groups) == 2:
            # SVC's sign: above 0 is the second class
            self.dual_coef_, self.intercept_ = -self.dual_coef_, -self.intercept_
            if self.kernel == "linear":
                self.coef_ = -self.coef_

    def machines(self, x: Any) -> Float64[np.ndarray, "sample pair"]:
        """Return what each pair's machine says of (sample, feature): above 0 is the pair's first class.

        Raises:
            FerlabError: another number of features, or NaN.
        """
        check_is_fitted(self, "intercept_")
        x = check_matrix(x, "svm")
        if x.shape[1] != self.n_features_in_:
            raise FerlabError(f"svm: expected {self.n_features_in_} features as in training, found {x.shape[1]}")
        if sp.issparse(x) != self.sparse_:
            x = sp.csr_array(x) if self.sparse_ else x.toarray()
        out = np.empty((x.shape[0], len(self.intercept_)))
        linear = self.kernel == "linear"
        coefficients = np.zeros((0, 0)) if linear else by_machine(self.dual_coef_, self.n_support_)
        asked, known = Rows(x, self.mean_), Rows(x[:0] if linear else self.support_vectors_, self.mean_)
        if self.kernel == "rbf":
            # before any thread asks
            _ = asked.squares, known.squares

        step = FEW if linear else BLOCK

        def ask(first: int) -> None:
            some = np.arange(first, min(first + step, x.shape[0]))
            if linear:
                out[some] = x[some].astype(np.float64) @ self.coef_.T
                return
            total = np.zeros((len(some), out.shape[1]))
            for start in range(0, len(known), BLOCK):
                others = np.arange(start, min(start + BLOCK, len(known)))
                total += block(self.kernel_, asked, some, known, others) @ coefficients[others]
            out[some] = total

        for _ in in_threads(ask, range(0, x.shape[0], step), cores(self.jobs)):
            pass
        out += self.intercept_
        return -out if len(self.classes_) == 2 else out

    def decision_function(self, x: Any) -> Float64[np.ndarray, "sample *classes"]:
        """Return SVC's decision values: a column a class ("ovr") or a pair ("ovo"); of two classes (sample,)."""
        machines = self.machines(x)
        if len(self.classes_) == 2:
            return -machines[:, 0]
        return ovr(machines, len(self.classes_)) if self.decision_function_shape == "ovr" else machines

    def margins(self, x: Any) -> Float64[np.ndarray, "sample classes"]:
        """Return how far each class is ahead, the class that `predict` breaks ties for being the largest.

        Of two classes (sample, 2): 0 and the decision value.
        """
        machines = self.machines(x)
        if len(self.classes_) == 2:
            return np.stack([np.zeros(len(machines)), -machines[:, 0]], axis=1)
        return margins(machines, len(self.classes_))

    def predict(self, x: Any) -> Shaped[np.ndarray, "sample"]:
        """Return the label of each row."""
        return np.asarray(self.classes_[winners(self.machines(x), len(self.classes_), self.break_ties)])
