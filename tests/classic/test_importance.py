"""What counts: the value that alone tells the classes apart comes first, whatever the classifier and the steps."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from classic_toy import clouds, recipe
from ferlab.classic.fitting import fit_recipe
from ferlab.classic.importance import importance
from ferlab.features.belonging import belonging

NAMES = [f"toy: value {k}" for k in range(6)]


def told_by_one(scale: float = 1.0):
    """Rows of which value 4 alone tells the class; `scale` makes it small beside the others."""
    rows = clouds(each=60)
    rng = np.random.default_rng(0)
    x = rng.normal(size=rows.x.shape).astype(np.float32)
    x[:, 4] += 4 * rows.y
    x[:, 4] *= scale
    x[:, 2] = 7
    return replace(rows, x=x)


@pytest.mark.parametrize(
    "overrides",
    [
        ["classifier=svm_linear"],
        ["classifier=linear_svc", "scaling=none"],
        ["classifier=logistic_regression", "reduction=pca"],
        ["classifier=logistic_regression", "reduction=lda"],
        ["classifier=logistic_regression", "reduction=select_k_best", "reduction.k=2"],
        ["classifier=svm_linear", "reduction=sequential", "reduction.n_features=2"],
        ["classifier=random_forest", "classifier.n_estimators=20"],
        ["classifier=decision_tree"],
    ],
)
def test_weights_and_gains_name_the_value_that_tells(overrides: list[str]) -> None:
    rows = told_by_one()
    fitted = fit_recipe(recipe(*overrides), rows.x, rows.y)
    found = importance(fitted, NAMES, rows.x, rows.x, rows.y)
    assert found is not None and found.names[0] == "toy: value 4" and found.values[0] > 2 * found.values[1]
    assert "toy: value 2" not in found.names and found.errors is None, "a constant value has no weight"


@pytest.mark.parametrize("name", ["knn", "svm_rbf", "naive_bayes", "gradient_boosting"])
def test_others_are_asked_without_each_part(name: str) -> None:
    rows = told_by_one()
    more = ["classifier.max_iter=5"] if name == "gradient_boosting" else []
    fitted = fit_recipe(recipe(f"classifier={name}", *more), rows.x, rows.y)
    names = ["toy: mfcc 0 mean", "toy: mfcc 1 mean", "toy: mfcc 2 std", "toy: x 0", "toy: pitch p10", "toy: y 3"]
    found = importance(fitted, names, rows.x, rows.x, rows.y)
    assert found is not None and found.rows == 180 and found.errors is not None
    assert found.names[0] == "toy: pitch" and sorted(found.names) == ["toy: coordinates", "toy: mfcc", "toy: pitch"]
    assert found.values[0] > 0.3 > found.values[1]


def test_of_two_classes_the_sign_is_told_and_sparse_rows_are_taken() -> None:
    rows = told_by_one()
    two = rows.y < 2
    x = csr_array(np.abs(rows.x[two]))
    own = recipe("classifier=linear_svc", "scaling=none", labels=("no", "yes"))
    found = importance(fit_recipe(own, x, rows.y[two]), NAMES, x, x, rows.y[two])
    assert found is not None and found.signs is not None and found.names[0] == "toy: value 4" and found.signs[0] == 1


def test_one_part_alone_says_nothing() -> None:
    rows = clouds()
    fitted = fit_recipe(recipe("classifier=knn"), rows.x, rows.y)
    assert importance(fitted, [f"toy: embedding {k}" for k in range(6)], rows.x, rows.x, rows.y) is None


def test_values_belong_to_cells_bands_frequencies_and_kinds() -> None:
    names = ["block 3,4 cell 0,1 20-40 degrees", "cell 5,2 pattern 7", "row 9 column 17 red", "frequency 2,3"]
    names += ["degree 8 repetition 2", "mfcc 3 delta p50", "log_mel 3 mean", "distance 3 9", "sine 3", "word not good"]
    names += ["embedding 17", "face found"]
    assert belonging(names) == [
        *("block 3,4", "cell 5,2", "pixels from row 8 column 16", "frequencies 5", "degree 8", "mfcc delta"),
        *("log_mel", "distances", "angles", "word n-grams", "embedding", "face found"),
    ]
