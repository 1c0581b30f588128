"""Kernel values of many rows at once, by matrix products in blocks: linear, RBF, polynomial, sigmoid as libsvm's."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Float64, Int64, Shaped

from ferlab.errors import FerlabError

KERNELS = ("linear", "rbf", "poly", "sigmoid")
# columns that one product sums in single precision before it goes to double
COLUMNS = 4096
# rows of one product
ROWS = 4096

Matrix: TypeAlias = Shaped[np.ndarray, "sample feature"] | sp.csr_matrix | sp.csr_array
Indices: TypeAlias = Int64[np.ndarray, "_"]


def check_matrix(x: Any, who: str) -> Matrix:
    """Return `x` as an array or CSR matrix (sample, feature) of finite numbers.

    Raises:
        FerlabError: anything else.
    """
    x = sp.csr_array(x) if sp.issparse(x) else np.asarray(x)
    if x.ndim != 2 or not all(x.shape) or x.dtype.kind not in "buif":
        raise FerlabError(
            f"{who}: expected numbers of the shape (sample, feature), at least one each, found {x.dtype} {x.shape}"
        )
    for first in range(0, x.shape[0] if x.dtype.kind == "f" else 0, 512):
        block = x[first : first + 512]
        finite = np.isfinite(block.data if sp.issparse(block) else block)
        if not finite.all():
            row = first if sp.issparse(block) else first + int(np.argmin(finite.all(axis=1)))
            raise FerlabError(
                f"{who}: expected finite features, found NaN or infinity at or after row {row}; "
                "cure: features and scaling that give numbers for every sample, or leave these samples out"
            )
    return x


class Rows:
    """Rows of one matrix, ready to be multiplied with those of another.

    A soft-margin SVM is blind to a constant added to all rows where its kernel is linear or RBF, so those are
    centred: products of centred rows lose far less in single precision.

    Args:
        x: (sample, feature); float64 is multiplied in double precision, all else in single precision, summed in
            double over blocks of `COLUMNS` features.
        mean: (feature,) to subtract; None: nothing.
    """

    def __init__(self, x: Matrix, mean: Float64[np.ndarray, "feature"] | None = None) -> None:
        self.x = x
        self.mean = mean
        self.precision = np.dtype(np.float64 if x.dtype == np.float64 else np.float32)

    def __len__(self) -> int:
        return int(self.x.shape[0])

    @cached_property
    def squares(self) -> Float64[np.ndarray, "sample"]:
        """Squared length of every (centred) row."""
        if sp.issparse(self.x):
            return _row_sums_of_squares(self.x.astype(np.float64))
        squares = np.zeros(len(self))
        for first in range(0, len(self), ROWS):
            rows = np.arange(first, min(first + ROWS, len(self)))
            for columns in _blocks(self.x.shape[1]):
                squares[rows] += _row_sums_of_squares(self.part(rows, columns))
        return squares

    def part(self, rows: Indices, columns: slice) -> Float[np.ndarray, "row column"]:
        """Return a dense block, centred, in the precision of the products."""
        part = self.x[rows, columns].astype(self.precision)
        if self.mean is not None:
            part -= self.mean[columns].astype(self.precision)
        return part


def centre(x: Matrix, kernel: str) -> Float64[np.ndarray, "feature"] | None:
    """Return the vector to subtract from all rows, or None where the kernel minds or `x` is sparse."""
    if sp.issparse(x) or kernel not in ("linear", "rbf"):
        return None
    return np.asarray(x.mean(axis=0, dtype=np.float64))


def products(a: Rows, rows: Indices, b: Rows, others: Indices) -> Float64[np.ndarray, "row other"]:
    """Return the inner products of some rows of `a` with some of `b`."""
    if sp.issparse(a.x):
        dots = a.x[rows].astype(np.float64) @ b.x[others].astype(np.float64).T
        return np.asarray(dots.toarray())
    out = np.zeros((len(rows), len(others)))
    # numpy multiplies a matrix with its own transpose in half the time
    same = a is b and rows is others
    for columns in _blocks(a.x.shape[1]):
        right = b.part(others, columns)
        left = right if same else a.part(rows, columns)
        for first in range(0, len(rows), ROWS):
            out[first : first + ROWS] += left[first : first + ROWS] @ right.T
    return out


def _row_sums_of_squares(x: Any) -> Float64[np.ndarray, "row"]:
    if sp.issparse(x):
        return np.asarray(x.multiply(x).sum(axis=1), np.float64).reshape(-1)
    return np.asarray(np.einsum("ij,ij->i", x, x, dtype=np.float64))


def _blocks(columns: int) -> list[slice]:
    return [slice(first, min(first + COLUMNS, columns)) for first in range(0, columns, COLUMNS)]


@dataclass(frozen=True)
class Kernel:
    """One kernel function with its numbers, named as in scikit-learn's SVC."""

    name: str
    gamma: float
    degree: int = 3
    coef0: float = 0.0

    def values(
        self,
        dots: Float[np.ndarray, "row other"],
        squares: Float64[np.ndarray, "row"] | None = None,
        others: Float64[np.ndarray, "other"] | None = None,
    ) -> Float[np.ndarray, "row other"]:
        """Turn inner products into kernel values, in place.

        Args:
            dots: inner products; overwritten.
            squares: squared lengths of the rows; only RBF asks for them.
            others: squared lengths of the other rows.
        """
        if self.name == "linear":
            return dots
        if self.name == "rbf":
            assert squares is not None
            assert others is not None
            dots *= 2 * self.gamma
            dots -= (self.gamma * squares)[:, None]
            dots -= (self.gamma * others)[None, :]
            # rounding must not bring a distance below zero
            np.minimum(dots, 0, out=dots)
            np.exp(dots, out=dots)
            return dots
        dots *= self.gamma
        dots += self.coef0
        if self.name == "poly":
            np.power(dots, self.degree, out=dots)
        else:
            np.tanh(dots, out=dots)
        return dots


def block(kernel: Kernel, a: Rows, rows: Indices, b: Rows, others: Indices) -> Float64[np.ndarray, "row other"]:
    """Return the kernel's values between some rows of `a` and some of `b`."""
    dots = products(a, rows, b, others)
    if kernel.name != "rbf":
        return kernel.values(dots)
    values = kernel.values(dots, a.squares[rows], b.squares[others])
    if a is b and rows is others:
        np.fill_diagonal(values, 1.0)
    return values


class Spread:
    """The variance of all features of any subset of rows, from one pass: what gamma="scale" asks for."""

    def __init__(self, x: Matrix) -> None:
        self.x = x

    @cached_property
    def _moments(self) -> tuple[float, np.ndarray, np.ndarray]:
        """Return a shift, and each row's sum and sum of squares behind it; large numbers would cancel without one."""
        sparse = sp.issparse(self.x)
        shift = 0.0 if sparse else float(self.x.mean(dtype=np.float64))
        sums, squares = np.zeros(self.x.shape[0]), np.zeros(self.x.shape[0])
        for first in range(0, self.x.shape[0], 256):
            some = slice(first, first + 256)
            part = self.x[some].astype(np.float64)
            part = part if sparse else part - shift
            sums[some] = np.asarray(part.sum(axis=1)).reshape(-1)
            squares[some] = _row_sums_of_squares(part)
        return shift, sums, squares

    def gamma(self, gamma: str | int | float, rows: Indices | None = None) -> float:
        """Return the number that "scale", "auto" or a number stands for on `rows` (None: all), as SVC does."""
        features = self.x.shape[1]
        if not isinstance(gamma, str):
            return float(gamma)
        if gamma == "auto":
            return float(1.0 / features)
        shift, sums, squares = self._moments
        chosen = slice(None) if rows is None else rows
        square: float = squares[chosen].mean() / features
        variance: float = square - (sums[chosen].mean() / features) ** 2
        # features that are all constant leave nothing but rounding
        constant = bool(variance <= 1e-14 * square + (1e-13 * shift) ** 2)
        return 1.0 if constant else float(1.0 / (features * variance))
