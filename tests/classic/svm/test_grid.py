"""The shared search finds what scikit-learn's grid search over SVC finds, candidate by candidate and fold by fold."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_digits
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.svm import SVC

from ferlab.classic.svm.grid import search_svm
from ferlab.classic.svm.kernel_svc import KernelSvc
from ferlab.errors import FerlabError

X, Y = load_digits(return_X_y=True)
FEW = np.flatnonzero(Y < 5)[:250]
X, Y = (X[FEW] / 16 + np.random.default_rng(0).normal(0, 0.4, (250, 64))).astype(np.float32), Y[FEW]
FOLDS = list(StratifiedKFold(3).split(X, Y))
D4 = {"kernel": ["linear", "rbf"], "C": [0.01, 0.1, 1, 10], "gamma": [0.001, 0.01, 0.1, "scale"]}


def assert_same_scores(found: np.ndarray, plain: GridSearchCV, held: int) -> None:
    """One held row of a fold may lie on a border."""
    expected = np.stack([plain.cv_results_[f"split{fold}_test_score"] for fold in range(len(FOLDS))], axis=1)
    assert np.abs(found - expected).max() <= 1.001 / held
    assert (found != expected).mean() <= 0.02


@pytest.mark.parametrize("break_ties", [False, True])
def test_same_scores_as_a_grid_search(break_ties: bool) -> None:
    grid = [D4, {"kernel": ["poly", "sigmoid"], "C": [1], "degree": [2, 3], "coef0": [0.0, 0.5]}]
    plain = GridSearchCV(SVC(break_ties=break_ties), grid, cv=FOLDS).fit(X, Y)
    found = search_svm(X, Y, plain.cv_results_["params"], FOLDS, KernelSvc(break_ties=break_ties))
    assert_same_scores(found.scores, plain, 83)
    assert found.candidates == plain.cv_results_["params"]
    assert found.scores[found.best].mean() == pytest.approx(plain.best_score_, abs=0.005)
    assert (found.seconds > 0).all()


def test_a_grid_is_scikit_learns_grid_and_the_best_is_the_first_of_several() -> None:
    found = search_svm(X, Y, D4, FOLDS)
    plain = GridSearchCV(SVC(), D4, cv=FOLDS).fit(X, Y)
    assert found.candidates == plain.cv_results_["params"]
    assert_same_scores(found.scores, plain, 83)
    best = np.flatnonzero(found.scores.mean(axis=1) == found.scores.mean(axis=1).max())
    assert found.best == best[0]
    # a linear kernel knows no gamma: fitted once
    linear = [n for n, c in enumerate(found.candidates) if c["kernel"] == "linear" and c["C"] == 1]
    assert len(np.unique(found.seconds[linear])) == 1


def test_support_vectors_weights_and_another_score() -> None:
    weights = np.random.default_rng(1).choice([0.5, 2.0], len(Y))
    base = KernelSvc(class_weight="balanced", kernel="rbf")
    found = search_svm(
        X, Y, {"C": [0.5, 5]}, FOLDS, base, lambda y, said: balanced_accuracy_score(y, said), sample_weight=weights
    )
    for row, C in enumerate((0.5, 5)):
        plain = [SVC(C=C, class_weight="balanced").fit(X[t], Y[t], weights[t]) for t, _ in FOLDS]
        scores = [balanced_accuracy_score(Y[h], m.predict(X[h])) for m, (_, h) in zip(plain, FOLDS, strict=True)]
        np.testing.assert_allclose(found.scores[row], scores, atol=0.013)
        assert found.supports[row] == pytest.approx(np.mean([len(m.support_) for m in plain]), abs=1)
    named = search_svm(X, Y, {"C": [0.5, 5]}, FOLDS, base, "recall_macro", sample_weight=weights)
    np.testing.assert_array_equal(named.scores, found.scores)


def test_sparse_rows_words_and_progress() -> None:
    words = np.array(["sad", "angry", "happy", "fear", "calm"])[Y]
    seen: list[tuple[int, int]] = []
    grid = {"C": [0.1, 1], "kernel": ["linear", "rbf"]}
    sparse = np.where(np.abs(X) > 0.5, X, 0)
    found = search_svm(sp.csr_matrix(sparse), words, grid, FOLDS, progress=lambda *now: seen.append(now))
    assert seen[-1] == (12, 12)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    dense = search_svm(sparse, words, grid, FOLDS)
    np.testing.assert_allclose(found.scores, dense.scores, atol=0.013)


def test_where_the_products_do_not_fit_each_candidate_is_fitted_by_itself_and_that_is_said() -> None:
    grid = {"C": [0.1, 1], "kernel": ["linear", "rbf"]}
    free, tight = (search_svm(X, Y, grid, FOLDS, KernelSvc(memory_mb=mb)) for mb in (2000, 3))
    assert free.notes == []
    assert "do not fit into memory_mb=3" in tight.notes[0]
    np.testing.assert_allclose(tight.scores, free.scores, atol=0.013)


def test_memory_stays_below_the_limit() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3000, 30)).astype(np.float32), np.arange(3000) % 6
    x[:, 0] += y
    folds = list(StratifiedKFold(3).split(x, y))
    tracemalloc.start()
    found = search_svm(x, y, {"C": [0.01], "kernel": ["linear", "rbf"]}, folds, KernelSvc(memory_mb=160, jobs=2))
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert found.notes == []
    assert peak < 160


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: search_svm(X, Y, {"D": [1]}, FOLDS), "svm: no option D; there are C, break_ties"),
        (lambda: search_svm(X, Y, {"C": [-1]}, FOLDS), "svm: C: expected a number above 0, found -1"),
        (lambda: search_svm(X, Y, {"C": [1]}, FOLDS, score="auc"), "expected one of accuracy, recall_macro, f1_macro"),
        (lambda: search_svm(X, Y, {"C": [1]}, []), "expected one fold or more"),
        (lambda: search_svm(X, Y[:9], {"C": [1]}, FOLDS), "expected one label for each of 250 rows"),
        (
            lambda: search_svm(X, Y, {"C": [1]}, [(np.flatnonzero(Y != 3), np.flatnonzero(Y == 3))]),
            "fold 0 has no row of 3 to train on",
        ),
        (lambda: search_svm(X, Y, {"C": [1]}, [(np.arange(250), np.arange(0))]), "fold 0 has no row to score"),
        (lambda: search_svm(np.where(X > 1, np.nan, X), Y, {"C": [1]}, FOLDS), "NaN or infinity"),
    ],
)
def test_mistakes_are_told(call, message: str) -> None:
    with pytest.raises(FerlabError) as told:
        call()
    assert message in str(told.value)
