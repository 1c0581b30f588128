"""KernelSvc is SVC: the same support vectors, decisions and predictions, whatever the kernel and the weights."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC

from ferlab.classic.svm.kernel_svc import KernelSvc
from ferlab.errors import FerlabError

TIGHT = 1e-5
DIGITS, NUMBERS = load_digits(return_X_y=True)
DIGITS = (DIGITS / 16).astype(np.float32)


def faces(samples: int = 300, classes: int = 4, seed: int = 0, **options) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping classes, some rarer than others."""
    x, y = make_classification(
        samples, 40, n_informative=8, n_classes=classes, n_clusters_per_class=1, class_sep=0.5,
        weights=np.arange(1, classes + 1) / sum(range(1, classes + 1)), random_state=seed, **options,
    )  # fmt: skip
    return x.astype(np.float32), y


def assert_same_model(ours: KernelSvc, plain: SVC, x: np.ndarray) -> None:
    """Both stop within `tol` of the optimum: decisions agree to a few `tol`, supports but for vanishing weights."""
    assert ours.classes_.tolist() == plain.classes_.tolist()
    ovo_ours, ovo_plain = (clone(m).set_params(decision_function_shape="ovo") for m in (ours, plain))
    ovo_ours.__dict__.update({**ours.__dict__, "decision_function_shape": "ovo"})
    ovo_plain.__dict__.update({**plain.__dict__, "decision_function_shape": "ovo"})
    margins = ovo_plain.decision_function(x)
    tolerance = 5 * max(plain.tol, 2e-4) * max(1.0, float(np.abs(margins).mean()))
    np.testing.assert_allclose(ovo_ours.decision_function(x), margins, atol=tolerance)
    np.testing.assert_allclose(ours.intercept_, plain.intercept_, atol=tolerance)
    weight = {int(s): abs(c).max() for m in (ours, plain) for s, c in zip(m.support_, m.dual_coef_.T, strict=True)}
    differing = set(ours.support_.tolist()) ^ set(plain.support_.tolist())
    assert all(weight[s] < 0.1 * plain.C for s in differing)
    assert len(differing) <= 0.02 * len(plain.support_)
    # a row that lies on a border may change sides
    assert (ours.predict(x) != plain.predict(x)).sum() <= 1


@pytest.mark.parametrize("kernel", ["linear", "rbf", "poly", "sigmoid"])
@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_same_model_as_svc(kernel: str, classes: int, dtype: type) -> None:
    chosen = np.isin(NUMBERS, range(classes))
    x = (DIGITS[chosen] * (16 if dtype is np.uint8 else 1)).astype(dtype)
    y = NUMBERS[chosen]
    train = np.arange(len(y)) % 3 > 0
    options = {"kernel": kernel, "C": 0.5, "coef0": 0.0 if kernel == "sigmoid" else 0.3}
    ours, plain = KernelSvc(**options).fit(x[train], y[train]), SVC(**options).fit(x[train], y[train])
    assert_same_model(ours, plain, x[~train])
    assert ours.n_support_.sum() == len(ours.support_) == ours.dual_coef_.shape[1]
    if dtype is np.float64 and kernel == "rbf":
        np.testing.assert_array_equal(ours.support_, plain.support_)
        np.testing.assert_allclose(ours.dual_coef_, plain.dual_coef_, atol=1e-6)
        np.testing.assert_allclose(ours.decision_function(x), plain.decision_function(x), atol=1e-6)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("C", [0.01, 1])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 3.0, 2: 0.5}])
def test_same_model_on_overlapping_unbalanced_classes(kernel: str, C: float, class_weight: object) -> None:
    x, y = faces()
    options = {"kernel": kernel, "C": C, "class_weight": class_weight}
    ours, plain = KernelSvc(**options).fit(x, y), SVC(**options).fit(x, y)
    assert (ours.predict(x) != plain.predict(x)).sum() <= 2
    # fewer features than rows: the optimum is flat, so both must go all the way to it to be compared
    options["tol"] = TIGHT
    assert_same_model(KernelSvc(**options).fit(x, y), SVC(**options).fit(x, y), x)


def test_weights_of_classes_as_a_list_and_of_samples() -> None:
    x, y = faces()
    weights = np.random.default_rng(0).choice([0.0, 0.5, 2.0], len(y))
    each = [1.0, 2.0, 0.5, 3.0]
    ours = KernelSvc(class_weight=each, tol=TIGHT).fit(x, y, weights)
    plain = SVC(class_weight=dict(enumerate(each)), tol=TIGHT).fit(x, y, weights)
    # SVC's own numbers are those of the rows that are left
    plain.support_ = np.flatnonzero(weights > 0)[plain.support_].astype(np.int32)
    assert_same_model(ours, plain, x)
    assert_same_model(KernelSvc().fit(x, y, np.ones(len(y))), SVC().fit(x, y), x)


def test_words_as_labels_and_the_coefficients_of_a_linear_machine() -> None:
    for classes in (2, 4):
        x, y = faces(classes=classes)
        words = np.array(["sad", "angry", "happy", "fear"])[y]
        ours, plain = (m(kernel="linear", C=0.1).fit(x, words) for m in (KernelSvc, SVC))
        assert_same_model(ours, plain, x)
        np.testing.assert_allclose(ours.coef_, plain.coef_, atol=2e-3)
        assert ours.predict(x).dtype == words.dtype


def test_far_from_the_origin_single_precision_suffices() -> None:
    x, y = faces()
    for kernel in ("linear", "rbf"):
        ours = KernelSvc(kernel=kernel, C=0.1, tol=TIGHT).fit(x + np.float32(300), y)
        asked = (x + np.float32(300)).astype(np.float64) - 300
        exact = SVC(kernel=kernel, C=0.1, tol=TIGHT).fit(asked, y)
        margins = ours.set_params(decision_function_shape="ovo").decision_function(x + np.float32(300))
        expected = exact.set_params(decision_function_shape="ovo").decision_function(asked)
        np.testing.assert_allclose(margins, expected, atol=5e-3)


def test_ties_are_broken_as_svc_breaks_them() -> None:
    # three pairs that go round: each class wins one
    x = np.array([[0.0, 1.0], [-0.87, -0.5], [0.87, -0.5]] * 4, np.float64)
    y = np.arange(12) % 3
    asked = np.vstack([x * 0, np.random.default_rng(0).normal(0, 0.3, (300, 2))])
    for broken in (False, True):
        options = {"kernel": "sigmoid", "gamma": 2.0, "coef0": 0.5, "C": 0.3, "break_ties": broken}
        ours, plain = KernelSvc(**options).fit(x, y), SVC(**options).fit(x, y)
        np.testing.assert_array_equal(ours.predict(asked), plain.predict(asked))
        np.testing.assert_allclose(ours.decision_function(asked), plain.decision_function(asked), atol=1e-3)


def test_constant_and_doubled_features_and_rows() -> None:
    x, y = faces()
    x[:, 5], x[:, 6] = 3.0, x[:, 7]
    for kernel in ("linear", "rbf"):
        options = {"kernel": kernel, "C": 0.1, "tol": TIGHT}
        assert_same_model(KernelSvc(**options).fit(x, y), SVC(**options).fit(x, y), x)
    # which of two equal rows carries the weight is open; what is decided is not
    x, y = np.vstack([x, x[:50]]), np.concatenate([y, y[:50]])
    ours, plain = KernelSvc().fit(x, y), SVC().fit(x, y)
    np.testing.assert_array_equal(ours.predict(x), plain.predict(x))
    flat = np.full((30, 4), 0.1, np.float32)
    ours, plain = KernelSvc().fit(flat, np.arange(30) % 3), SVC().fit(flat, np.arange(30) % 3)
    assert ours.kernel_.gamma == 1.0
    np.testing.assert_array_equal(ours.predict(flat), plain.predict(flat))


def test_sparse_rows() -> None:
    x, y = faces()
    x[np.abs(x) < 1] = 0
    for kernel in ("linear", "rbf"):
        ours = KernelSvc(kernel=kernel).fit(sp.csr_matrix(x), y)
        plain = SVC(kernel=kernel).fit(x, y)
        assert_same_model(ours, plain, x)
        np.testing.assert_allclose(ours.predict(sp.csr_matrix(x)), ours.predict(x))
    assert ours.kernel_.gamma == pytest.approx(SVC(kernel="rbf").fit(sp.csr_matrix(x), y)._gamma)


@settings(max_examples=15)
@given(
    st.integers(0, 10_000), st.integers(2, 5), st.sampled_from(["linear", "rbf"]), st.sampled_from([0.05, 0.3, 1]),
    st.sampled_from(["scale", "auto", 0.05]),
)  # fmt: skip
def test_any_data_the_same_model(seed: int, classes: int, kernel: str, C: float, gamma: object) -> None:
    x, y = faces(120, classes, seed, flip_y=0.1)
    options = {"kernel": kernel, "C": C, "gamma": gamma, "tol": TIGHT}
    ours, plain = KernelSvc(**options).fit(x, y), SVC(**options).fit(x, y)
    ours.decision_function_shape = plain.decision_function_shape = "ovo"
    np.testing.assert_allclose(ours.decision_function(x), plain.decision_function(x), rtol=1e-3, atol=3e-3)


def test_scikit_learns_tools_take_it() -> None:
    x, y = faces()
    model = KernelSvc(kernel="rbf", C=2.0, memory_mb=100)
    assert clone(model).get_params() == model.get_params()
    grid = {"C": [0.1, 1], "kernel": ["linear", "rbf"]}
    ours, plain = (GridSearchCV(m, grid, cv=3).fit(x, y) for m in (model, SVC()))
    np.testing.assert_allclose(ours.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"], atol=0.007)
    again = pickle.loads(pickle.dumps(ours.best_estimator_))
    np.testing.assert_array_equal(again.decision_function(x), ours.best_estimator_.decision_function(x))
    refitted = again.set_params(kernel="linear").fit(x, y)
    assert not hasattr(refitted, "support_vectors_")
    assert hasattr(refitted, "coef_")


def test_progress_and_the_global_seed() -> None:
    x, y = faces()
    seen: list[tuple[int, int]] = []
    before = np.random.get_state()[1].copy()
    KernelSvc().fit(x, y, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(n, 6) for n in range(1, 7)]
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"C": 0}, "svm: C: expected a number above 0, found 0"),
        ({"kernel": "precomputed"}, "svm: kernel: expected one of linear, rbf, poly, sigmoid"),
        ({"gamma": "scales"}, 'svm: gamma: expected a number above 0, "scale" or "auto", found \'scales\''),
        ({"gamma": -1}, "svm: gamma"),
        ({"degree": -1}, "svm: degree: expected a whole number from 0, found -1"),
        ({"class_weight": "even"}, "svm: class_weight"),
        ({"class_weight": {"joy": 2}}, "svm: class_weight: expected some of 0, 1, 2, 3, found joy"),
        ({"class_weight": [1, 2]}, "svm: class_weight: expected 4 numbers above 0"),
        ({"jobs": 0}, "svm: jobs"),
        ({"memory_mb": 0.1}, "cure: memory_mb="),
    ],
)
def test_mistakes_are_told(options: dict[str, object], message: str) -> None:
    x, y = faces()
    with pytest.raises(FerlabError) as told:
        KernelSvc(**options).fit(x, y)
    assert message in str(told.value)


def test_mistakes_in_the_data_are_told() -> None:
    x, y = faces()
    model = KernelSvc().fit(x, y)
    broken = x.copy()
    broken[7, 3] = np.nan
    for call, message in (
        (lambda: KernelSvc().fit(broken, y), "NaN or infinity at or after row 7"),
        (lambda: model.predict(broken), "NaN or infinity"),
        (lambda: KernelSvc().fit(x, y[:-1]), "one label for each of 300 rows, found (299,)"),
        (lambda: KernelSvc().fit(x[:, :0], y), "(sample, feature)"),
        (lambda: KernelSvc().fit(x, y * 0), "two classes or more, found 1"),
        (lambda: KernelSvc().fit(x, y, (y > 0) * 1.0), "found none of 0"),
        (lambda: KernelSvc().fit(x, y, y[:5]), "sample_weight: expected 300"),
        (lambda: model.predict(x[:, :9]), "expected 40 features as in training, found 9"),
    ):
        with pytest.raises(FerlabError) as told:
            call()
        assert message in str(told.value)


def test_margins_tell_how_sure_a_decision_is_and_never_another_one() -> None:
    x, y = faces(900, 5)
    model = KernelSvc(C=5.0, gamma=0.05, break_ties=True).fit(x[:600], y[:600])
    held, said = model.margins(x[600:]), model.predict(x[600:])
    np.testing.assert_array_equal(model.classes_[held.argmax(1)], said)
    np.testing.assert_allclose(model.margins(x[600:601]), held[:1], rtol=1e-4)
    right = said == y[600:]

    def lead(values: np.ndarray) -> np.ndarray:
        return np.asarray(np.diff(np.sort(values, axis=1)[:, -2:], axis=1)[:, 0])

    # SVC's values count votes: the lead of the first class is the same for nearly all
    plain = lead(model.decision_function(x[600:]))
    assert auc(lead(held), right) > auc(plain, right) + 0.02 and auc(lead(held), right) > 0.65


def auc(values: np.ndarray, right: np.ndarray) -> float:
    more = values[right][:, None] - values[~right][None]
    return float((more > 0).mean() + (more == 0).mean() / 2)
