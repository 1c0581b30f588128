"""The inner folds of a search: stratified by class, people whole, and never a copy of a row on both sides."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64, Shaped

from ferlab.classic.preprocessing import Features
from ferlab.errors import FerlabError

# of samples to learn from, and of places among samples and made images: the features at those places
Relearn = Callable[[Int64[np.ndarray, "sample"], Int64[np.ndarray, "row"]], Features]


@dataclass(frozen=True)
class Fold:
    """Positions of the rows that a candidate is fitted on, and of those that it is scored on."""

    train: Int64[np.ndarray, "_"]
    held: Int64[np.ndarray, "_"]


@dataclass(frozen=True)
class Material:
    """The rows that a search may use.

    Attributes:
        x: features, (row, feature).
        y: class of each row.
        origin: the sample behind each row: rows that rebalancing repeated or made share one.
        own: whether a row is its sample as it is, once: only those are scored.
        groups: who or what must stay whole, of each row; None: samples alone.
        what: for messages: "the training part", say.
        at: the place of each row among samples and made images; None where nothing is learnt anew.
        relearn: gives features that learnt from some samples alone; None: `x` holds for every fold, since no feature
            learns, or those that do saw none of these rows.
    """

    x: Features
    y: Int64[np.ndarray, "row"]
    origin: Int64[np.ndarray, "row"]
    own: Bool[np.ndarray, "row"]
    groups: Shaped[np.ndarray, "row"] | None
    what: str
    at: Int64[np.ndarray, "row"] | None = None
    relearn: Relearn | None = None

    def __len__(self) -> int:
        return len(self.y)

    def take(self, rows: Int64[np.ndarray, "chosen"]) -> "Material":
        """Return some of the rows."""
        groups = None if self.groups is None else self.groups[rows]
        at = None if self.at is None else self.at[rows]
        return Material(
            self.x[rows], self.y[rows], self.origin[rows], self.own[rows], groups, self.what, at, self.relearn
        )

    def parts(self, fold: Fold) -> tuple[Features, Features]:
        """Return a fold's features to fit on and to score on; those that learn have seen the former alone."""
        if self.relearn is None or self.at is None:
            return self.x[fold.train], self.x[fold.held]
        rows = np.concatenate([fold.train, fold.held])
        x = self.relearn(np.unique(self.origin[fold.train]), self.at[rows])
        return x[: len(fold.train)], x[len(fold.train) :]


def inner_folds(material: Material, count: int, seed: int, labels: tuple[str, ...]) -> list[Fold]:
    """Share out rows into folds.

    Args:
        material: the rows.
        count: how many folds.
        seed: of the division.
        labels: class names, for messages.

    Raises:
        FerlabError: fewer samples, people or samples of a class than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    if isinstance(count, bool) or not isinstance(count, int) or count < 2:
        raise FerlabError(f"search.folds: expected a whole number, 2 or more, found {count!r}")
    samples, first = np.unique(material.origin, return_index=True)
    y = material.y[first]
    groups = None if material.groups is None else material.groups[first]
    cure = "; cure: a smaller search.folds, or a larger search.share"
    _refuse_few(samples, y, groups, count, material.what, labels, cure)
    splitter = (StratifiedKFold if groups is None else StratifiedGroupKFold)(count, shuffle=True, random_state=seed)
    folds = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for _, held in splitter.split(samples, y, groups):
            inside = np.isin(material.origin, samples[held])
            folds.append(Fold(np.flatnonzero(~inside), np.flatnonzero(inside & material.own)))
    for number, fold in enumerate(folds):
        missing = np.setdiff1d(np.unique(y), material.y[fold.train])
        if len(missing):
            names = ", ".join(labels[k] for k in missing)
            raise FerlabError(
                f"search.folds={count}: fold {number} of {material.what} leaves no training sample of {names}: the "
                f"class stands with too few people{cure}"
            )
        if not len(fold.held):
            raise FerlabError(f"search.folds={count}: fold {number} of {material.what} has no sample to score{cure}")
    return folds


def _refuse_few(
    samples: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray | None,
    count: int,
    what: str,
    labels: tuple[str, ...],
    cure: str,
) -> None:
    if len(samples) < count:
        raise FerlabError(
            f"search.folds={count}: expected as many samples or more in {what}, found {len(samples)}{cure}"
        )
    if groups is not None and (people := len(np.unique(groups))) < count:
        raise FerlabError(f"search.folds={count}: expected as many people or more in {what}, found {people}{cure}")
    counts = np.bincount(y, minlength=len(labels))
    absent = [label for label, n in zip(labels, counts, strict=True) if n == 0]
    if absent:
        raise FerlabError(
            f"search: no sample of {', '.join(absent)} in {what}; cure: a larger search.share, search.rows=train"
        )
    few = [f"{label} ({n})" for label, n in zip(labels, counts, strict=True) if n < count]
    if few and groups is None:
        raise FerlabError(
            f"search.folds={count}: a fold would miss a class: fewer samples than folds in {what} of "
            f"{', '.join(few)}{cure}"
        )
