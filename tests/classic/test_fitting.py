"""Classifiers: probabilities whose largest is the decision, class weights, and what they refuse."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from classic_toy import clouds, recipe
from ferlab.classic.calibrating import calibration_of
from ferlab.classic.fitting import fit_recipe, has_probabilities
from ferlab.config import conf_dir
from ferlab.errors import FerlabError

CLASSIFIERS = sorted(path.stem for path in (conf_dir() / "classifier").glob("*.yaml"))
QUICK = {"random_forest": ["classifier.n_estimators=20"], "gradient_boosting": ["classifier.max_iter=10"]}
# what takes no negative feature
POSITIVE = {"multinomial_nb": ["scaling=minmax"]}


def overrides(name: str) -> list[str]:
    return [f"classifier={name}", *QUICK.get(name, []), *POSITIVE.get(name, [])]


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("labels", [("a", "b", "c"), ("no", "yes")])
def test_the_largest_probability_is_the_decision(name: str, labels: tuple[str, ...]) -> None:
    rows = clouds()
    y = np.minimum(rows.y, len(labels) - 1)
    fitted = fit_recipe(recipe(*overrides(name), labels=labels), rows.x[::2], y[::2])
    fitted.calibration = calibration_of(fitted.decisions(rows.x), y, fitted.calibration.own)
    p = fitted.probabilities(rows.x)
    assert p.shape == (120, len(labels))
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-9)
    np.testing.assert_array_equal(p.argmax(1), fitted.estimator.predict(fitted.prepared.transform(rows.x)))
    assert (p.argmax(1) == y).mean() > 0.6


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_same_seed_gives_the_same_bits(name: str) -> None:
    rows = clouds(each=20)
    one, two = (fit_recipe(recipe(*overrides(name)), rows.x, rows.y).probabilities(rows.x) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", sorted(set(CLASSIFIERS) - {"knn"}))
def test_weights_of_a_class_move_decisions_towards_it(name: str) -> None:
    rows = clouds(apart=0.4, each=30)
    few = np.flatnonzero((rows.y != 2) | (np.arange(90) % 6 == 0))
    even, weighted = (
        fit_recipe(recipe(*overrides(name), weights=w), rows.x[few], rows.y[few]).probabilities(rows.x).argmax(1)
        for w in (None, [1.0, 1.0, 6.0])
    )
    assert (weighted == 2).sum() > (even == 2).sum()


def test_class_weights_are_read_by_name_and_given_once() -> None:
    y = np.array([0, 0, 0, 1, 2, 2])
    balanced = recipe("classifier=svm_rbf", "classifier.class_weight=balanced").class_weights(y)
    np.testing.assert_allclose(balanced, [6 / 9, 2.0, 1.0])
    named = recipe("classifier=svm_rbf", "classifier.class_weight={b: 3}").class_weights(y)
    np.testing.assert_allclose(named, [1, 3, 1])
    with pytest.raises(FerlabError, match="expected null, balanced or factors of a, b, c; found"):
        recipe("classifier=svm_rbf", "classifier.class_weight={d: 3}").class_weights(y)
    with pytest.raises(FerlabError, match="given twice"):
        recipe("classifier=svm_rbf", "classifier.class_weight=balanced", weights=[1.0, 1.0, 1.0]).class_weights(y)
    with pytest.raises(FerlabError, match="knn: knows no class weights; cure: rebalance=oversample"):
        fit_recipe(recipe("classifier=knn", weights=[1.0, 1.0, 2.0]), clouds().x, clouds().y)


def test_what_a_classifier_refuses_is_one_message() -> None:
    rows = clouds()
    with pytest.raises(FerlabError, match=r"multinomial_nb: .*cure: scaling=none or minmax"):
        fit_recipe(recipe("classifier=multinomial_nb"), rows.x, rows.y)
    with pytest.raises(FerlabError, match=r"naive_bayes: takes no sparse features .*cure: classifier=linear_svc"):
        fit_recipe(recipe("classifier=naive_bayes", "scaling=none"), csr_array(rows.x), rows.y)
    with pytest.raises(FerlabError, match=r"classifier=knn: .*weights"):
        fit_recipe(recipe("classifier=knn", "classifier.weights=best"), rows.x, rows.y)
    for name in ("linear_svc", "logistic_regression", "svm_linear"):
        fitted = fit_recipe(recipe(f"classifier={name}", "scaling=max_abs"), csr_array(rows.x), rows.y)
        assert fitted.probabilities(csr_array(rows.x)).shape == (120, 3)


def test_a_fit_that_did_not_converge_says_so() -> None:
    rows = clouds()
    fitted = fit_recipe(recipe("classifier=logistic_regression", "classifier.max_iter=1"), rows.x, rows.y)
    assert any("stopped at max_iter" in note for note in fitted.notes) and has_probabilities(fitted.estimator)
