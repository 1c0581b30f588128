"""Features that learn: within a search each fold has its own, which saw none of the rows that it is scored on."""

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from classic_toy import config, recipe
from ferlab.build import build
from ferlab.classic.folds import inner_folds
from ferlab.classic.inputs import read_inputs
from ferlab.classic.material import Rows
from ferlab.classic.relearning import Relearning
from ferlab.classic.search import run_search
from ferlab.classic.shared_kernel import scorer_for
from ferlab.data.datamodule import DataModule
from ferlab.data.samples import Samples
from ferlab.features.tfidf import Tfidf
from ferlab.spec import TaskSpec


class Seen:
    """Tells of each image whether it was learnt from: 1, or 0."""

    modality: ClassVar[str] = "image"
    learns: ClassVar[bool] = True
    version: ClassVar[int] = 1
    cores: ClassVar[str] = "own"
    options: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        self.known: set[bytes] = set()

    def fit(self, x: np.ndarray) -> None:
        self.known = {image.tobytes() for image in x}

    def transform(self, x: np.ndarray) -> np.ndarray:
        return np.array([[image.tobytes() in self.known, image.mean()] for image in x], np.float32)


@pytest.mark.parametrize("rebalance", ["none", "oversample", "d1"])
def test_no_fold_is_scored_on_rows_that_its_features_learnt_from(rebalance: str) -> None:
    more = ["rebalance.copies=2", "rebalance.from_images=4"] if rebalance == "d1" else []
    values = config("data.imbalance=0.6", f"rebalance={rebalance}", *more)
    data = DataModule(build(values["data"]), build(values["protocol"]), build(values["rebalance"]), seed=0)
    feature = Seen()
    used = np.arange(len(data.samples))
    rows = Rows(data, read_inputs({"seen": feature}, data.samples, data.training.extra, data.shown, used))
    material, count = rows.parts(None).train, len(data.samples)
    for fold in inner_folds(material, 3, 0, data.spec.labels):
        x, held = material.parts(fold)
        own = material.at[fold.train] < count
        assert x[own, 0].all() and not held[:, 0].any(), "learnt from the fold's training samples alone"
        np.testing.assert_array_equal(x[:, 1], material.x[fold.train, 1])
    # the one fitted on all training samples is as it was, and so is what a search on validation rows reads
    assert feature.transform(data.samples.x[data.shown])[:, 0].all() and rows.parts(None).val.relearn is None
    part = material.take(np.arange(0, len(material), 2))
    np.testing.assert_array_equal(part.at, material.at[::2])


def texts(count: int = 60) -> Samples:
    rng = np.random.default_rng(0)
    words = np.array([f"{a}{b}{c}" for a in "bdfg" for b in "aeiou" for c in "lmn"])
    x = np.array([" ".join(rng.choice(words, 12)) for _ in range(count)], dtype=object)
    spec = TaskSpec("multiclass", ("a", "b", "c"), "text", ())
    labels, names = np.arange(count) % 3, np.array([f"t{i}" for i in range(count)])
    return Samples("texts", spec, x, labels, names, np.full(count, "train"))


@pytest.mark.parametrize(
    "options",
    [{}, {"max_features": 30}, {"min_df": 0.1, "max_df": 0.6, "characters": None}, {"words": None, "sublinear": False}],
)
def test_counting_once_gives_what_fitting_anew_would(options: dict[str, Any]) -> None:
    x, rng = texts().x, np.random.default_rng(1)
    feature = Tfidf(**options)
    counts = feature.counts(x)
    for _ in range(3):
        training = np.sort(rng.permutation(len(x))[:40])
        anew = Tfidf(**options)
        anew.fit(x[training])
        np.testing.assert_array_equal(feature.weighted(counts, training).toarray(), anew.transform(x).toarray())


@pytest.mark.parametrize("name", ["linear_svc", "svm_linear"])
def test_a_search_scores_each_fold_by_its_own_words(name: str) -> None:
    samples = texts()
    training = np.arange(10, 60)
    inputs = read_inputs({"tfidf": Tfidf()}, samples, None, training, np.arange(60))
    relearn = Relearning(inputs, samples.x, None, training)
    from ferlab.classic.folds import Material

    at, every = training, np.ones(50, bool)
    material = Material(inputs.rows(at), samples.labels[at], at, every, None, "the training part", at, relearn)
    own = recipe(f"classifier={name}", "scaling=none")
    search = config("search=grid", "search.folds=3", "search.grid={C: [1]}")["search"]
    found = run_search(search, own, material, samples.spec.labels, scorer=scorer_for(own))
    for score, fold in zip(found.winner.scores, inner_folds(material, 3, 0, samples.spec.labels), strict=True):
        anew = Tfidf()
        anew.fit(samples.x[at[fold.train]])
        x, y = (anew.transform(samples.x[at[rows]]) for rows in (fold.train, fold.held)), material.y
        fitted, held = x
        values = own.fit(fitted, y[fold.train]).decision_function(held)
        assert score == pytest.approx((values.argmax(1) == y[fold.held]).mean())
    flattered = run_search(search, own, replace(material, relearn=None), samples.spec.labels, scorer=scorer_for(own))
    assert found.winner.scores != flattered.winner.scores or name == "svm_linear"
