"""Scoring SVM candidates with the kernel's inner products computed once for all candidates and folds that share them.

That holds without steps before it, or with those that take each row by itself (unit length). What learns from rows
(TF-IDF, z-score, PCA, LDA, selection) must not have seen those that score: then each fold has its own steps, and its
own products, which the candidates share.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ferlab.classic.candidates import Candidate
from ferlab.classic.fitting import STEPS, Recipe
from ferlab.classic.folds import Fold, Material
from ferlab.classic.scoring import Scored, Step, Tell, samples_of, score
from ferlab.classic.search import Scorer
from ferlab.classic.svm.grid import search_svm
from ferlab.classic.svm.kernel_svc import KernelSvc
from ferlab.classic.svm.options import check_numbers
from ferlab.errors import FerlabError

SVM = "ferlab.classic.classifiers.svm"


def scorer_for(recipe: Recipe) -> Scorer:
    """Return what scores a recipe's candidates."""
    return score_svm if recipe.classifier["_target_"] == SVM else score


def score_svm(
    recipe: Recipe,
    candidates: Sequence[Candidate],
    material: Material,
    folds: Sequence[Fold],
    metric: str,
    tell: Tell,
    step: Step,
) -> None:
    """Tell each candidate's scores as it is done, candidates of the same steps together."""
    sound = []
    for one in candidates:
        try:
            check_numbers(recipe.chosen(one).classifier)
            sound.append(one)
        except FerlabError as error:
            # those that share its steps can still be fitted
            step(len(folds))
            tell(Scored(one, (), 0.0, samples_of(folds), failed=str(error)))
    for group in _of_same_steps(sound):
        own = [{name: value for name, value in one.items() if "." not in name} for one in group]
        steps = recipe.chosen({name: value for name, value in group[0].items() if "." in name})
        scores = np.full((len(group), len(folds)), np.nan)
        seconds = np.zeros(len(group))

        def each(
            number: int,
            fold: int,
            value: float,
            spent: float,
            scores: np.ndarray = scores,
            seconds: np.ndarray = seconds,
            group: Sequence[Candidate] = group,
        ) -> None:
            scores[number, fold] = value
            seconds[number] += spent
            step(1)
            if not np.isnan(scores[number]).any():
                tell(Scored(group[number], tuple(scores[number].tolist()), float(seconds[number]), samples_of(folds)))

        try:
            _search(steps, own, material, folds, metric, each)
        except FerlabError as error:
            for number, one in enumerate(group):
                if missing := int(np.isnan(scores[number]).sum()):
                    step(missing)
                    tell(Scored(one, (), float(seconds[number]), samples_of(folds), failed=str(error)))


def _search(
    recipe: Recipe, candidates: list[Candidate], material: Material, folds: Sequence[Fold], metric: str, each: Any
) -> None:
    base, steps = _machine(recipe, material), recipe.preprocessing()
    if steps.samplewise and material.relearn is None:
        x = steps.fit(material.x, material.y)
        search_svm(x, material.y, candidates, [(f.train, f.held) for f in folds], base, metric, each=each)
        return
    for number, fold in enumerate(folds):
        parts = _prepared(recipe, material, fold)
        rows = np.concatenate([fold.train, fold.held])
        inside = (np.arange(len(fold.train)), np.arange(len(fold.train), len(rows)))

        def place(candidate: int, _: int, value: float, seconds: float, number: int = number) -> None:
            each(candidate, number, value, seconds)

        search_svm(parts, material.y[rows], candidates, [inside], base, metric, each=place)


def _prepared(recipe: Recipe, material: Material, fold: Fold) -> Any:
    """Return a fold's rows to fit on and, behind them, those to score, by steps fitted on the former."""
    steps, (fitted, held) = recipe.preprocessing(), material.parts(fold)
    parts = [steps.fit(fitted, material.y[fold.train]), steps.transform(held)]
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    from scipy.sparse import vstack

    return vstack(parts, format="csr")


def _machine(recipe: Recipe, material: Material) -> KernelSvc:
    machine, _ = recipe.classifier_for(material.y)
    assert isinstance(machine, KernelSvc)
    if recipe.classifier.get("class_weight") == "balanced":
        machine.set_params(class_weight="balanced")  # by the rows of each fold
    return machine


def _of_same_steps(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    groups: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        steps = {name: value for name, value in candidate.items() if name.partition(".")[0] in STEPS}
        groups.setdefault(repr(sorted(steps.items(), key=str)), []).append(candidate)
    return list(groups.values())
