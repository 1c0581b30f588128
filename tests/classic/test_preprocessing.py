"""Scaling and reduction: fitted on training rows alone, constant features out, wrong input told."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from classic_toy import clouds, config
from ferlab.classic.preprocessing import Preprocessing
from ferlab.classic.stepwise import Stepwise
from ferlab.errors import FerlabError

REDUCED = {
    "pca": ("reduction.n_components=3", 3),
    "svd": ("reduction.n_components=3", 3),
    "lda": ("reduction.n_components=null", 2),
    "select_k_best": ("reduction.k=4", 4),
    "mutual_information": ("reduction.k=4", 4),
    "rfe": ("reduction.n_features=4", 4),
    "sequential": ("reduction.n_features=4", 4),
}


def steps(*overrides: str) -> Preprocessing:
    values = config(*overrides)
    return Preprocessing(values["scaling"], values["reduction"])


@pytest.mark.parametrize(("name", "facts"), REDUCED.items(), ids=REDUCED)
def test_a_reduction_learns_from_training_rows_alone(name: str, facts: tuple[str, int]) -> None:
    rows = clouds(features=10)
    prepared = steps(f"reduction={name}", facts[0])
    fitted = prepared.fit(rows.x[:90], rows.y[:90])
    assert fitted.shape == (90, facts[1]) and prepared.sizes == (10, 10, facts[1])
    np.testing.assert_allclose(prepared.transform(rows.x[:90]), fitted, rtol=1e-3, atol=1e-4)
    # what another row is does not move it
    alone = prepared.transform(rows.x[90:91])
    np.testing.assert_allclose(prepared.transform(np.concatenate([rows.x[90:], 1e3 + rows.x]))[:1], alone, rtol=1e-3)


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("standard", lambda x: np.abs(x.mean(0)).max() < 1e-5 and np.abs(x.std(0) - 1).max() < 1e-4),
        ("minmax", lambda x: abs(x.min()) < 1e-6 and abs(x.max() - 1) < 1e-6),
        ("max_abs", lambda x: np.allclose(np.abs(x).max(0), 1)),
        ("unit", lambda x: np.allclose(np.linalg.norm(x, axis=1), 1, atol=1e-5)),
    ],
)
def test_scaling(name: str, check: object) -> None:
    rows = clouds()
    assert callable(check) and check(steps(f"scaling={name}").fit(rows.x, rows.y))


def test_constant_features_are_dropped_and_counted() -> None:
    rows = clouds()
    x = np.insert(rows.x, [0, 3], 7.0, axis=1)
    prepared = steps()
    assert prepared.fit(x, rows.y).shape[1] == 6 and prepared.sizes == (8, 6, 6)
    with pytest.raises(FerlabError, match="all 6 are constant over 120 training rows"):
        prepared.fit(np.ones_like(rows.x), rows.y)


def test_sparse_features_stay_sparse_or_are_refused_in_one_message() -> None:
    rows = clouds()
    x = csr_array(np.insert(np.where(rows.x > 0, rows.x, 0), 2, 0.0, axis=1))
    for name in ("standard", "max_abs", "unit", "none"):
        out = steps(f"scaling={name}").fit(x, rows.y)
        assert not isinstance(out, np.ndarray) and out.shape == (120, 6)
    assert steps("scaling=none", "reduction=svd", "reduction.n_components=2").fit(x, rows.y).shape == (120, 2)
    for wrong in ("scaling=minmax", "reduction=lda", "reduction=sequential"):
        with pytest.raises(FerlabError, match=r"takes no sparse features .*cure: reduction=svd"):
            steps("scaling=none", wrong).fit(x, rows.y)


def test_an_option_that_cannot_be_is_told_with_those_that_exist() -> None:
    rows = clouds()
    with pytest.raises(FerlabError, match=r"reduction=pca: n_components=50 .*its options: n_components, whiten"):
        steps("reduction=pca", "reduction.n_components=50").fit(rows.x, rows.y)
    with pytest.raises(FerlabError, match=r"reduction\.score: expected one of f_classif, chi2, mutual_info"):
        steps("reduction=select_k_best", "reduction.score=best").fit(rows.x, rows.y)


@pytest.mark.parametrize(("name", "option"), [*((name, facts[0]) for name, facts in REDUCED.items())])
@pytest.mark.parametrize("count", [0, -1, "x"])
def test_a_number_of_features_that_cannot_be_is_told(name: str, option: str, count: object) -> None:
    rows, option = clouds(), option.partition("=")[0]
    with pytest.raises(FerlabError, match=rf"{option}: expected a whole number, 1 or more.*found {count!r}"):
        steps(f"reduction={name}", f"{option}={count}").fit(rows.x, rows.y)


def test_stepwise_selection_is_that_of_wilks_lambda_by_determinants() -> None:
    rows = clouds(features=7, apart=0.8)
    x, y = rows.x.astype(np.float64), rows.y

    def wilks(columns: list[int]) -> float:
        part = x[:, columns]
        total = np.cov(part.T, bias=True).reshape(len(columns), -1) * len(x)
        within = sum(np.cov(part[y == k].T, bias=True).reshape(len(columns), -1) * (y == k).sum() for k in range(3))
        return float(np.linalg.det(within) / np.linalg.det(total))

    naive: list[int] = []
    for _ in range(4):
        naive.append(min(set(range(7)) - set(naive), key=lambda k: wilks([*naive, k])))
    assert Stepwise(4).fit(x, y).chosen.tolist() == naive


def test_stepwise_selection_takes_no_feature_that_repeats_another() -> None:
    rows = clouds(features=3)
    x = np.concatenate([rows.x, 2 * rows.x, rows.x[:, :1] - rows.x[:, 1:2]], axis=1)
    chosen = Stepwise(7).fit(x.astype(np.float64), rows.y).chosen
    assert len(chosen) == 3 == np.linalg.matrix_rank(x[:, chosen])
