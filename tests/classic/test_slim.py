"""What is written of every step and classifier predicts as the fitted one did, bit for bit, and is no larger."""

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from classic_toy import clouds, recipe
from ferlab.classic.classifiers import multinomial_nb
from ferlab.classic.fitting import decisions, fit_recipe
from ferlab.classic.model_file import megabytes, read_fitted, write_model
from ferlab.classic.slim import slim, whole
from ferlab.classic.svm.kernel_svc import KernelSvc
from ferlab.classic.trusted import check_trees

CLASSIFIERS = ["svm_rbf", "svm_linear", "linear_svc", "logistic_regression", "knn", "naive_bayes", "decision_tree"]
CLASSIFIERS += ["random_forest", "gradient_boosting"]
FEW = {"random_forest": ["classifier.n_estimators=5"], "gradient_boosting": ["classifier.max_iter=5"]}
STEPS = [
    "scaling=minmax",
    "scaling=max_abs",
    "scaling=unit",
    "reduction=pca",
    "reduction=lda",
    "reduction=select_k_best",
]
STEPS += ["reduction=mutual_information", "reduction=rfe", "reduction=sequential", "reduction=svd"]
SMALL = {"rfe": "n_features=3", "sequential": "n_features=3", "svd": "n_components=3", "pca": "n_components=3"}


def again(path: Path, fitted: object) -> object:
    write_model(path, {}, fitted)
    loaded, notes = read_fitted(path)
    assert notes == []
    return loaded


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers(name: str, tmp_path: Path) -> None:
    rows = clouds()
    fitted = fit_recipe(recipe(f"classifier={name}", "scaling=none", *FEW.get(name, [])), rows.x, rows.y)
    wanted, before = decisions(fitted.estimator, rows.x), megabytes(fitted.estimator)
    bare = slim(fitted.estimator)
    loaded = whole(again(tmp_path / "m.skops", bare))
    check_trees(loaded)
    np.testing.assert_array_equal(decisions(loaded, rows.x), wanted)
    np.testing.assert_array_equal(decisions(fitted.estimator, rows.x), wanted, "the fitted one stays as it is")
    assert megabytes(bare) <= before


@pytest.mark.parametrize("option", STEPS)
def test_steps(option: str, tmp_path: Path) -> None:
    rows, (group, name) = clouds(), option.split("=")
    more = [f"{group}.{SMALL[name]}"] if name in SMALL else []
    scaling = ["scaling=none"] if group == "reduction" else []
    prepared = recipe(option, *scaling, *more, "classifier=naive_bayes").preprocessing()
    wanted = prepared.fit(rows.x, rows.y)
    loaded = again(tmp_path / "m.skops", [slim(step) for _, step in prepared.steps])
    assert isinstance(loaded, list) and len(loaded) == 1
    np.testing.assert_allclose(loaded[0].transform(rows.x), wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(loaded[0].transform(rows.x), prepared.transform(rows.x))


@pytest.mark.parametrize("kind", ["svm", "knn", "tree_knn", "counts", "complement"])
def test_sparse_rows_and_few_columns(kind: str, tmp_path: Path) -> None:
    from sklearn.neighbors import KNeighborsClassifier

    rows = clouds()
    x = np.abs(rows.x[:, :3]) if kind == "tree_knn" else sp.csr_array(np.abs(rows.x))
    made = {
        "svm": KernelSvc(),
        "knn": KNeighborsClassifier(),
        "tree_knn": KNeighborsClassifier(),
        "counts": multinomial_nb(),
        "complement": multinomial_nb(complement=True),
    }[kind].fit(x, rows.y)
    loaded = whole(again(tmp_path / "m.skops", slim(made)))
    np.testing.assert_array_equal(decisions(loaded, x), decisions(made, x))
    if kind == "tree_knn":
        assert made._tree is not None and slim(made)._tree is None


def test_trees_that_lead_astray_are_refused() -> None:
    rows = clouds()
    for name, table, child in (("decision_tree", "left_child", -5), ("random_forest", "right_child", 10**6)):
        fitted = slim(fit_recipe(recipe(f"classifier={name}", *FEW.get(name, [])), rows.x, rows.y).estimator)
        check_trees(fitted)
        tree = getattr(fitted, "estimators_", [fitted])[0].tree_
        state = tree.__getstate__()
        nodes = state["nodes"].copy()
        # a root that leads to itself would be followed for ever
        nodes[table][0] = 0 if child < 0 else child
        tree.__setstate__({**state, "nodes": nodes})
        with pytest.raises(ValueError, match="lead out of it"):
            check_trees(fitted)
    boosted = fit_recipe(recipe("classifier=gradient_boosting", *FEW["gradient_boosting"]), rows.x, rows.y).estimator
    check_trees(boosted)
    boosted._predictors[0][0].nodes["feature_idx"][0] = 10**6
    with pytest.raises(ValueError, match="lead out of it"):
        check_trees(boosted)
