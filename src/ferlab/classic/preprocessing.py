"""From features to what a classifier takes: constant ones out, scaling, reduction; fitted on training rows alone."""

import inspect
import warnings
from typing import Any

import numpy as np

from ferlab.build import build
from ferlab.errors import FerlabError

# dense float32 (row, feature), or scipy CSR
Features = Any
# each row by itself: these learn nothing
SAMPLEWISE = ("unit",)
COUNTS = ("n_components", "n_features", "k")


class Preprocessing:
    """Constant features out, then scaling, then reduction.

    Args:
        scaling: values of conf/scaling; empty: none.
        reduction: values of conf/reduction; empty: none.
        seed: of what draws.

    Attributes:
        steps: the fitted scaling and reduction.
        kept: mask of the features that vary over the training rows; None: all of them.
        sizes: features as given, varying, and after reduction.
    """

    def __init__(self, scaling: dict[str, Any], reduction: dict[str, Any], seed: int = 0) -> None:
        self.values = {"scaling": scaling or {}, "reduction": reduction or {}}
        self.seed = seed
        self.steps: list[tuple[str, Any]] = []
        self.kept: np.ndarray | None = None
        self.sizes: tuple[int, int, int] = (0, 0, 0)

    @property
    def samplewise(self) -> bool:
        """Whether every step takes each row by itself: then one fit serves all folds."""
        targets = [values["_target_"].rpartition(".")[2] for values in self.values.values() if values]
        return all(name in SAMPLEWISE for name in targets)

    def fit(self, x: Features, y: np.ndarray) -> Features:
        """Fit on training rows and return them as they come out.

        Raises:
            FerlabError: a step that cannot be fitted on these rows (sparse, too few, all constant).
        """
        given = x.shape[1]
        varies = _varies(x)
        if not varies.any():
            raise FerlabError(
                f"features: all {given:,} are constant over {x.shape[0]:,} training rows: nothing to learn"
            )
        self.kept = None if varies.all() else varies
        x = self._varying(x)
        self.steps = []
        for part, values in self.values.items():
            if not values:
                continue
            step = self._build(values, sparse=not isinstance(x, np.ndarray), features=x.shape[1])
            x = _told(part, values, lambda step=step, x=x: step.fit_transform(x, y))
            self.steps.append((part, step))
        self.sizes = (given, int(varies.sum()), x.shape[1])
        return x

    def transform(self, x: Features) -> Features:
        """Return rows as the fitted steps make them."""
        x = self._varying(x)
        for part, step in self.steps:
            x = _told(part, self.values[part], lambda step=step, x=x: step.transform(x))
        return x

    def _varying(self, x: Features) -> Features:
        return x if self.kept is None else x[:, self.kept]

    def _build(self, values: dict[str, Any], sparse: bool, features: int) -> Any:
        name = values["_target_"].rpartition(".")[2]
        values = dict(values)
        _check_counts(name, values)
        if name == "standard" and sparse:
            values["with_mean"] = False
        if name == "sequential" and sparse:
            raise FerlabError("reduction=sequential: takes no sparse features (TF-IDF); cure: reduction=svd or rfe")
        if name == "select_k_best":
            values["k"] = min(values["k"], features)
        seeded = {"seed": self.seed} if name in ("pca", "svd", "select_k_best", "rfe") else {}
        return build(values, **seeded)


def _check_counts(name: str, values: dict[str, Any]) -> None:
    for option in COUNTS:
        count = values.get(option, 1)
        # lda's null: as many as there are; pca's share of variance
        whole = isinstance(count, int) and not isinstance(count, bool) and count >= 1
        share = name == "pca" and isinstance(count, float) and 0 < count < 1
        if not whole and not share and not (name == "lda" and count is None):
            also = ", or a share of variance below 1" if name == "pca" else ""
            raise FerlabError(f"reduction.{option}: expected a whole number, 1 or more{also}, found {count!r}")


def _varies(x: Features) -> np.ndarray:
    if isinstance(x, np.ndarray):
        return np.asarray(x.max(0) > x.min(0))
    # of a sparse column the zeros that are not stored count too
    return np.asarray(x.max(0).toarray() > x.min(0).toarray()).ravel()


def _told(part: str, values: dict[str, Any], run: Any) -> Features:
    """Run a step; what scikit-learn refuses is the user's to mend."""
    name = values["_target_"].rpartition(".")[2]
    try:
        with warnings.catch_warnings():
            # more components than the data span: those left over are noise, and the report tells the number
            warnings.simplefilter("ignore")
            return run()
    except (ValueError, TypeError, np.linalg.LinAlgError) as error:
        if "parse" in str(error) and isinstance(error, TypeError | ValueError):
            raise FerlabError(
                f"{part}={name}: takes no sparse features (TF-IDF): {_first_line(error)}; cure: reduction=svd, "
                "reduction=select_k_best, or scaling=max_abs"
            ) from error
        options = ", ".join(inspect.signature(_target(values)).parameters)
        raise FerlabError(f"{part}={name}: {_first_line(error)}; its options: {options}") from error


def _target(values: dict[str, Any]) -> Any:
    import importlib

    module, _, name = values["_target_"].rpartition(".")
    return getattr(importlib.import_module(module), name)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
