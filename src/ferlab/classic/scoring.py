"""The scores of candidates on inner folds: each fold fits its own features, scaling, reduction and classifier."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float64, Int64

from ferlab.classic.candidates import Candidate
from ferlab.classic.fitting import Recipe, decisions, told
from ferlab.classic.folds import Fold, Material
from ferlab.classic.preprocessing import Features, Preprocessing
from ferlab.errors import FerlabError
from ferlab.evaluation.scores import confusion_matrix, macro_scores

# prepared folds are kept up to this size, so that candidates of the same steps share them
KEPT_MB = 800


@dataclass(frozen=True)
class Scored:
    """A candidate's scores.

    Attributes:
        candidate: its values.
        scores: of each fold.
        seconds: that fitting and scoring took.
        samples: training rows of a fold, on average.
        round: of successive halving, from 1; else 1.
        failed: why it could not be fitted; its scores are then empty.
    """

    candidate: Candidate
    scores: tuple[float, ...]
    seconds: float
    samples: int
    round: int = 1
    failed: str | None = None

    @property
    def mean(self) -> float:
        """The mean over folds; minus infinity where it failed."""
        return float(np.mean(self.scores)) if self.scores else float("-inf")

    @property
    def sd(self) -> float:
        """The standard deviation over folds."""
        return float(np.std(self.scores, ddof=1)) if len(self.scores) > 1 else 0.0


Tell = Callable[[Scored], None]
# told how many fits of a candidate on a fold are done since the last call
Step = Callable[[int], None]


def score_of(metric: str, y: Int64[np.ndarray, "row"], values: Float64[np.ndarray, "row classes"]) -> float:
    """Return accuracy, recall_macro or f1_macro of what a classifier decides."""
    confusion = confusion_matrix(y, values.argmax(1).astype(np.int64), values.shape[1])
    if metric == "accuracy":
        return float(np.trace(confusion) / confusion.sum())
    return float(macro_scores(confusion)[metric])


def score(
    recipe: Recipe,
    candidates: Sequence[Candidate],
    material: Material,
    folds: Sequence[Fold],
    metric: str,
    tell: Tell,
    step: Step,
) -> None:
    """Tell each candidate's scores as it is done, and each of its folds to `step`."""
    prepared: dict[str, list[tuple[Features, Features]]] = {}
    for candidate in candidates:
        begun, one = time.monotonic(), recipe.chosen(candidate)
        key = repr((one.scaling, one.reduction))
        scores: list[float] = []
        failed = None
        try:
            if key not in prepared:
                prepared.clear()  # candidates come sorted by their steps
                prepared[key] = _prepared(one, material, folds)
            for number, fold in enumerate(folds):
                fitted, held = prepared[key][number] if prepared[key] else _prepare(one, material, fold)
                estimator = one.fit(fitted, material.y[fold.train])
                values = told(one.name, partial(decisions, estimator, held))
                scores.append(score_of(metric, material.y[fold.held], values))
                step(1)
        except FerlabError as error:
            # one candidate that cannot be is no reason to lose the others
            step(len(folds) - len(scores))
            scores, failed = [], str(error)
        tell(Scored(candidate, tuple(scores), time.monotonic() - begun, samples_of(folds), failed=failed))


def samples_of(folds: Sequence[Fold]) -> int:
    """Return the training rows of a fold, on average."""
    return round(float(np.mean([len(fold.train) for fold in folds])))


def _prepare(recipe: Recipe, material: Material, fold: Fold) -> tuple[Features, Features]:
    steps: Preprocessing = recipe.preprocessing()
    fitted, held = material.parts(fold)
    return steps.fit(fitted, material.y[fold.train]), steps.transform(held)


def _prepared(recipe: Recipe, material: Material, folds: Sequence[Fold]) -> list[tuple[Features, Features]]:
    """Return all folds' rows, or nothing where they would not fit into memory."""
    first = _prepare(recipe, material, folds[0])
    size = sum(part.nbytes if isinstance(part, np.ndarray) else part.data.nbytes * 2 for part in first)
    if size * len(folds) > KEPT_MB * 2**20:
        return []
    return [first, *(_prepare(recipe, material, fold) for fold in folds[1:])]
