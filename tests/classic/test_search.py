"""The search: what it tries, on which folds, that it agrees with scikit-learn, and what an interrupted one leaves."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from classic_toy import clouds, config, recipe
from ferlab.classic.candidates import candidates_of, words
from ferlab.classic.folds import Material, inner_folds
from ferlab.classic.scoring import Scored
from ferlab.classic.search import check_search, draw_share, run_search
from ferlab.classic.shared_kernel import score_svm, scorer_for
from ferlab.errors import FerlabError

LABELS = ("a", "b", "c")


def search(*overrides: str, kind: str = "grid") -> dict[str, Any]:
    return dict(config(f"search={kind}", *overrides)["search"])


def test_a_grid_is_every_combination_once() -> None:
    found = candidates_of(search(), recipe("classifier=svm"))
    assert len(found) == 4 + 4 * 4 and {"kernel": "linear", "C": 0.1} in found
    own = search("search.grid={C: [1, 2], reduction.n_components: [2, 3]}")
    assert candidates_of(own, recipe("classifier=svm_rbf", "reduction=pca"))[0] == {"C": 1, "reduction.n_components": 2}
    assert words({"C": 0.010000001, "max_depth": None}) == "C=0.01, max_depth=null"


def test_draws_stay_inside_their_ranges_and_repeat_with_the_seed() -> None:
    values = search("search.candidates=40", "search.grid={C: {low: 0.01, high: 100, log: true}}", kind="random")
    one, two = (candidates_of(values, recipe("classifier=svm_rbf")) for _ in range(2))
    drawn = np.array([candidate["C"] for candidate in one])
    assert one == two and len(one) == 40 and drawn.min() >= 0.01 and drawn.max() <= 100
    assert 0.25 < (drawn < 1).mean() < 0.75, "log-uniform"
    # of a small grid all there is
    assert len(candidates_of(search(kind="random"), recipe("classifier=svm_linear"))) == 4


@pytest.mark.parametrize(
    ("kind", "grid", "message"),
    [
        ("grid", "{c: [1]}", r"svm_rbf has no option 'c'; there are kernel, C, gamma"),
        ("grid", "{reduction.k: [1]}", r"has no option 'reduction\.k'"),
        ("grid", "3", r"search\.grid: expected \{option: \[values\]\}.*found 3"),
        ("random", "{C: {low: 1, high: x}}", r"expected \{low: \.\., high: \.\., log: true\}"),
        ("grid", "{C: 1}", r"search\.grid\.C: expected a list of values, found 1"),
        ("grid", "{C: {low: 1, high: 2}}", r"a range is for what draws"),
        ("random", "{C: {low: 2, high: 1}}", r"expected \{low: \.\., high: \.\., log: true\}"),
        ("random", "{C: {low: 0, high: 1, log: true}}", r"log asks for a low above 0"),
    ],
)
def test_a_grid_that_cannot_be_is_told(kind: str, grid: str, message: str) -> None:
    with pytest.raises(FerlabError, match=message):
        candidates_of(search(f"search.grid={grid}", kind=kind), recipe("classifier=svm_rbf"))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("search.kind=best", "search.kind: expected one of none, grid"),
        ("search.metric=auroc", "search.metric: expected one of accuracy"),
        ("search.rows=test", "search.rows: expected one of train, val, found 'test'"),
        ("search.share=0", "search.share: expected a share above 0"),
    ],
)
def test_options_that_no_search_knows(override: str, message: str) -> None:
    with pytest.raises(FerlabError, match=message):
        check_search(search(override))


@pytest.mark.parametrize(
    ("name", "theirs", "grid"),
    [
        ("knn", KNeighborsClassifier(), {"n_neighbors": [1, 5, 9]}),
        ("svm_rbf", SVC(break_ties=True), {"C": [0.1, 1.0], "gamma": [0.01, 0.1]}),
    ],
)
def test_the_scores_are_scikit_learns(name: str, theirs: Any, grid: dict[str, list[Any]]) -> None:
    rows = clouds(apart=0.8)
    text = "{" + ", ".join(f"{key}: {values}" for key, values in grid.items()) + "}"
    # steps of each sample alone: the shared kernel then sees what every fold sees
    own = recipe(f"classifier={name}", "scaling=unit")
    found = run_search(search(f"search.grid={text}"), own, rows, LABELS, scorer=scorer_for(own))
    from sklearn.preprocessing import Normalizer

    pipeline = make_pipeline(Normalizer(), theirs)
    step = pipeline.steps[-1][0]
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    reference = GridSearchCV(pipeline, {f"{step}__{key}": values for key, values in grid.items()}, cv=folds)
    reference.fit(rows.x, rows.y)
    means = {tuple(one.candidate.values()): one.mean for one in found.scored}
    for params, mean in zip(reference.cv_results_["params"], reference.cv_results_["mean_test_score"], strict=True):
        assert means[tuple(params[f"{step}__{key}"] for key in grid)] == pytest.approx(mean, abs=1e-9)
    assert found.winner.mean == pytest.approx(reference.best_score_)


@pytest.mark.parametrize(
    ("name", "theirs", "grid"),
    [
        ("knn", KNeighborsClassifier(), "{n_neighbors: [5]}"),
        ("svm_rbf", SVC(break_ties=True, gamma=0.1), "{C: [1], gamma: [0.1]}"),
    ],
)
def test_each_fold_fits_its_own_scaling(name: str, theirs: Any, grid: str) -> None:
    rows = clouds(apart=0.8)
    # one sample far out: its fold alone is scaled without it
    rows.x[0] *= 300
    own = recipe(f"classifier={name}")
    found = run_search(search(f"search.grid={grid}"), own, rows, LABELS, scorer=scorer_for(own))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    reference = GridSearchCV(make_pipeline(StandardScaler(), theirs), {}, cv=folds).fit(rows.x, rows.y)
    each = [reference.cv_results_[f"split{k}_test_score"][0] for k in range(5)]
    assert found.winner.scores == pytest.approx(each)


def test_a_selection_by_class_is_fitted_inside_each_fold_of_an_svm_too() -> None:
    """Noise has nothing to tell: features chosen on all rows would seem to."""
    rng = np.random.default_rng(0)
    noise = clouds(each=20)
    noise = replace(noise, x=rng.normal(size=(60, 3000)).astype(np.float32))
    own = recipe("classifier=svm_linear", "reduction=select_k_best", "reduction.k=20")
    honest = run_search(search("search.grid={C: [1]}"), own, noise, LABELS, scorer=score_svm)
    assert honest.winner.mean < 0.55
    chosen = own.preprocessing()
    flattered = replace(noise, x=chosen.fit(noise.x, noise.y))
    dishonest = run_search(search("search.grid={C: [1]}"), recipe("classifier=svm_linear"), flattered, LABELS)
    assert dishonest.winner.mean > 0.7


def test_copies_of_a_sample_and_people_stay_on_one_side() -> None:
    rows = clouds(each=30)
    twice = np.concatenate([np.arange(90), np.arange(90)])
    copied = Material(rows.x[twice], rows.y[twice], twice, np.arange(180) < 90, None, "the training part")
    for fold in inner_folds(copied, 5, 0, LABELS):
        assert not set(copied.origin[fold.train]) & set(copied.origin[fold.held])
        assert copied.own[fold.held].all() and len(fold.train) + 2 * len(fold.held) == 180
    people = replace(rows, groups=np.arange(90) % 9)
    folds = inner_folds(people, 3, 0, LABELS)
    assert sorted(np.concatenate([fold.held for fold in folds])) == list(range(90))
    for fold in folds:
        assert not set(np.arange(90)[fold.train] % 9) & set(np.arange(90)[fold.held] % 9)


def test_folds_that_cannot_be_are_told() -> None:
    rows = clouds(each=3)
    with pytest.raises(FerlabError, match=r"search\.folds=5: a fold would miss a class: .*a \(3\), b \(3\), c \(3\)"):
        inner_folds(rows, 5, 0, LABELS)
    with pytest.raises(FerlabError, match=r"search\.folds=12: expected as many samples or more .*found 9"):
        inner_folds(rows, 12, 0, LABELS)
    with pytest.raises(FerlabError, match=r"expected as many people or more in the training part, found 2"):
        inner_folds(replace(rows, groups=np.arange(9) % 2), 3, 0, LABELS)
    with pytest.raises(FerlabError, match=r"leaves no training sample of"):
        inner_folds(replace(rows, groups=rows.y), 3, 0, LABELS)
    with pytest.raises(FerlabError, match="no sample of d in the training part"):
        inner_folds(rows, 2, 0, (*LABELS, "d"))
    with pytest.raises(FerlabError, match=r"search\.folds: expected a whole number"):
        inner_folds(rows, True, 0, LABELS)


def test_a_share_is_drawn_by_class() -> None:
    rows = clouds(each=50)
    part = draw_share(rows, 0.2, 0)
    assert np.bincount(part.y).tolist() == [10, 10, 10] and draw_share(rows, 1, 0) is rows
    again = draw_share(rows, 0.2, 0)
    np.testing.assert_array_equal(part.origin, again.origin)


def test_halving_keeps_the_better_ones_for_more_samples() -> None:
    rows = clouds(each=100, apart=0.6)
    values = search("search.min_samples=40", "search.factor=3", kind="halving")
    found = run_search(values, recipe("classifier=knn"), rows, LABELS)
    of = [[one for one in found.scored if one.round == number] for number in (1, 2, 3)]
    assert [len(one) for one in of] == [12, 4, 1]
    assert of[0][0].samples in (31, 32, 33) and found.scored[-1].samples == 240 and found.planned == len(found.scored)
    best = sorted((one.mean for one in of[0]), reverse=True)[:4]
    kept = [repr(one.candidate) for one in of[1]]
    assert sorted((one.mean for one in of[0] if repr(one.candidate) in kept), reverse=True) == best


def test_halving_begins_with_as_many_samples_as_its_rarest_class_asks_for() -> None:
    rows = clouds(each=100, apart=0.6)
    few = rows.take(np.flatnonzero((rows.y != 2) | (np.cumsum(rows.y == 2) <= 12)))
    values = search("search.min_samples=40", "search.factor=3", kind="halving")
    found = run_search(values, recipe("classifier=knn"), few, LABELS)
    # at 40 samples the class would have two of them for five folds
    assert found.scored[0].round == 1 and 80 <= found.scored[0].samples < found.scored[-1].samples
    assert all(one.failed is None for one in found.scored)


def test_an_interrupted_search_keeps_what_is_scored() -> None:
    rows, seen = clouds(), list[Sequence[Scored]]()

    def keep(scored: Sequence[Scored]) -> None:
        seen.append(list(scored))
        if len(scored) == 2:
            raise KeyboardInterrupt

    for name in ("knn", "svm_rbf"):
        seen.clear()
        own = recipe(f"classifier={name}")
        found = run_search(search(), own, rows, LABELS, keep=keep, scorer=scorer_for(own))
        assert found.interrupted and len(found.scored) == 2 and found.planned > 2
        assert found.winner in found.scored

    def at_once(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_search(search(), recipe("classifier=knn"), rows, LABELS, scorer=at_once)


def test_one_candidate_that_fails_costs_no_other() -> None:
    rows = clouds()
    for name in ("logistic_regression", "svm_linear"):
        own = recipe(f"classifier={name}")
        found = run_search(search("search.grid={C: [-1, 1]}"), own, rows, LABELS, scorer=scorer_for(own))
        assert [one.failed is None for one in found.scored] == [False, True] and found.winner.candidate == {"C": 1}
    for name in ("knn", "svm_linear"):
        own = recipe(f"classifier={name}", "reduction=pca")
        option = "n_neighbors: [5]" if name == "knn" else "C: [1]"
        values = search(f"search.grid={{{option}, reduction.n_components: [2, 60]}}")
        found = run_search(values, own, rows, LABELS, scorer=scorer_for(own))
        assert [one.failed is None for one in found.scored] == [True, False]
        assert found.winner.candidate["reduction.n_components"] == 2
    with pytest.raises(FerlabError, match=r"none of 1 candidates could be fitted; reduction=pca: n_components=60"):
        run_search(search("search.grid={reduction.n_components: [60]}"), own, rows, LABELS)
