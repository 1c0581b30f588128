"""The classifiers that a data set asks for: one of all classes, or of a multilabel set one a label.

Each is searched, fitted on all training rows, and calibrated.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from ferlab.classic.calibrating import Calibration, calibration_of
from ferlab.classic.fitting import Fitted, Recipe, fit_recipe
from ferlab.classic.folds import Material, inner_folds
from ferlab.classic.preprocessing import Features
from ferlab.classic.scoring import Scored
from ferlab.classic.search import Found, draw_share, run_search
from ferlab.classic.shared_kernel import scorer_for
from ferlab.errors import FerlabError
from ferlab.progress import Bar

TRUTH = ("no", "yes")
OUT_OF_FOLD = 5


@dataclass(frozen=True)
class Parts:
    """The rows of each role.

    Attributes:
        train: training rows after rebalancing.
        val: validation rows.
    """

    train: Material
    val: Material


@dataclass(frozen=True)
class Output:
    """One fitted classifier.

    Attributes:
        label: of a multilabel set the label that it tells, else None.
        fitted: steps and classifier.
        found: what the search found; None without search.
        fit_seconds: of the last fit, on all training rows.
    """

    label: str | None
    fitted: Fitted
    found: Found | None
    fit_seconds: float


def fit_outputs(
    config: Mapping[str, Any],
    labels: tuple[str, ...],
    multilabel: bool,
    weights: Sequence[float] | None,
    parts: Callable[[int | None], Parts],
    keep: Callable[[str | None, Sequence[Scored]], None],
    say: Callable[[str], None],
    bar: Bar,
) -> list[Output]:
    """Search and fit all classifiers that a data set needs.

    Args:
        config: conf/baseline.yaml composed and resolved, plain values.
        labels: of the data set.
        multilabel: whether each label has a classifier of its own.
        weights: of classes, from the rebalancing.
        parts: gives the rows, of one label where it is given its index.
        keep: told of the finished candidates after each.
        say: told a line of progress.
        bar: shows what is being done.
    """
    done = []
    for index, label in enumerate(labels) if multilabel else [(None, None)]:
        if label is not None:
            say(f"label {label}")
        recipe = Recipe(
            config["scaling"],
            config["reduction"],
            config["classifier"],
            TRUTH if multilabel else labels,
            weights,
            config["seed"],
        )
        done.append(_fit_one(config, label, recipe, parts(index), keep, say, bar))
        if done[-1].found is not None and done[-1].found.interrupted and len(done) < len(labels) and multilabel:
            # the labels that are left have no classifier: nothing could be said of them
            raise KeyboardInterrupt
    return done


def _fit_one(
    config: Mapping[str, Any],
    label: str | None,
    recipe: Recipe,
    parts: Parts,
    keep: Callable[[str | None, Sequence[Scored]], None],
    say: Callable[[str], None],
    bar: Bar,
) -> Output:
    search, found, of = config["search"], None, f"{label}: " if label else ""
    if search["kind"] != "none":
        material = draw_share(parts.val if search["rows"] == "val" else parts.train, search["share"], recipe.seed)
        found = run_search(
            search,
            recipe,
            material,
            recipe.labels,
            keep=lambda scored: keep(label, scored),
            say=say,
            scorer=scorer_for(recipe),
            bar=bar,
            what=f"{of}{recipe.name}, search",
        )
        recipe = recipe.chosen(found.winner.candidate)
    begun = time.monotonic()
    bar.begin(f"{of}{recipe.name}, fit on {len(parts.train):,} rows")
    fitted = fit_recipe(recipe, parts.train.x, parts.train.y, bar.reach)
    seconds = time.monotonic() - begun
    bar.begin(f"{of}{recipe.name}, calibration")
    fitted.calibration = _calibration(config["calibrate_on"], fitted, parts, bar)
    return Output(label, fitted, found, seconds)


def _calibration(on: str, fitted: Fitted, parts: Parts, bar: Bar) -> Calibration:
    if on == "none":
        return fitted.calibration
    if on == "val":
        values, y = fitted.decisions(parts.val.x), parts.val.y
    else:
        values, y = _out_of_fold(fitted.recipe, parts.train, bar)
    return calibration_of(values, y, fitted.calibration.own)


def _out_of_fold(
    recipe: Recipe, material: Material, bar: Bar
) -> tuple[Float64[np.ndarray, "row classes"], Int64[np.ndarray, "row"]]:
    """Return what training samples are decided by, each by a fit that did not see it."""
    try:
        folds = inner_folds(material, OUT_OF_FOLD, recipe.seed, recipe.labels)
    except FerlabError as error:
        told = str(error).partition("; cure: ")[0].replace(f"search.folds={OUT_OF_FOLD}", "calibrate_on=train")
        raise FerlabError(f"{told} ({OUT_OF_FOLD} folds); cure: calibrate_on=val, or none") from error
    values = []
    for number, fold in enumerate(folds, 1):
        x, held = material.parts(fold)
        values.append(fit_recipe(recipe, x, material.y[fold.train]).decisions(held))
        bar.reach(number, len(folds))
    return np.concatenate(values), material.y[np.concatenate([fold.held for fold in folds])]


def probabilities(outputs: Sequence[Output], x: Features) -> Float64[np.ndarray, "row classes"]:
    """Return the probability of each class, or of a multilabel set that of each label."""
    if outputs[0].label is None:
        return outputs[0].fitted.probabilities(x)
    return np.stack([one.fitted.probabilities(x)[:, 1] for one in outputs], axis=1)
