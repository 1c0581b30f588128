"""The memory that a fit may use: kept to, whatever has to be given up for it, and refused where nothing fits."""

import tracemalloc

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.svm import SVC

from ferlab.classic.svm.kernel_svc import KernelSvc
from ferlab.classic.svm.memory import LEAST, allowed, gram_fits, plan
from ferlab.errors import FerlabError


def rows(samples: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = make_classification(
        samples, 40, n_informative=8, n_classes=classes, n_clusters_per_class=1, class_sep=0.5,
        weights=np.arange(1, classes + 1) / sum(range(1, classes + 1)), random_state=0,
    )  # fmt: skip
    return (x / 4).astype(np.float32), y


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("memory_mb", [25, 16])
def test_less_memory_the_same_model(kernel: str, memory_mb: float) -> None:
    x, y = rows(1500, 4)
    free, tight = (KernelSvc(kernel=kernel, memory_mb=mb, jobs=2) for mb in (2000, memory_mb))
    free.fit(x, y)
    tracemalloc.start()
    tight.fit(x, y)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert (tight.plan_.jobs, tight.plan_.keep) != (free.plan_.jobs, free.plan_.keep)
    assert tight.plan_.whole
    # libsvm's own cache is not seen by tracemalloc, the model is
    assert peak < tight.plan_.megabytes <= memory_mb
    np.testing.assert_array_equal(tight.support_, free.support_)
    np.testing.assert_allclose(tight.dual_coef_, free.dual_coef_, atol=1e-3)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_a_pair_that_does_not_fit_is_solved_row_by_row_and_said_so(kernel: str) -> None:
    x, y = rows(2700, 2)
    with pytest.warns(UserWarning, match="row by row"):
        ours = KernelSvc(kernel=kernel, C=0.1, memory_mb=70).fit(x, y)
    assert not ours.plan_.whole
    plain = SVC(kernel=kernel, C=0.1).fit(x, y)
    np.testing.assert_allclose(ours.decision_function(x[:500]), plain.decision_function(x[:500]), atol=5e-3)
    assert len(set(ours.support_.tolist()) ^ set(plain.support_.tolist())) <= 0.01 * len(plain.support_)


def test_what_is_given_up_first() -> None:
    sizes, features = [1900, 2000, 1500], 4356
    plans = [plan(sizes, features, 2, mb) for mb in (1000, 400, 370, 330)]
    assert (plans[0].jobs, plans[0].keep, plans[0].whole) == (2, True, True)
    assert plans[0].megabytes > plans[1].megabytes >= plans[2].megabytes
    assert all(p.note == "" for p in plans if p.whole)


def test_the_refusal_names_what_would_do() -> None:
    with pytest.raises(FerlabError) as told:
        plan([9000, 8000], 27_648, 2, 1000)
    enough = int(str(told.value).split("cure: memory_mb=")[1].split(",")[0])
    assert plan([9000, 8000], 27_648, 2, enough).whole
    with pytest.raises(FerlabError):
        plan([9000, 8000], 27_648, 2, enough - 1)


def test_the_documents_training_set_fits_into_the_default() -> None:
    sizes = [15_823 // 8] * 8
    planned = plan(sizes, 96 * 96 * 3, 2, LEAST)
    assert planned.jobs == 2
    assert planned.keep
    assert planned.megabytes < 800
    assert gram_fits(1081, 220, 217, 4356, 2, LEAST)


def test_nobody_says_how_much_and_half_of_what_is_left_may_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert allowed(300) == 300
    for left, expected in ((40_000 * 2**20, 20_000), (3_000 * 2**20, LEAST), (None, LEAST)):
        monkeypatch.setattr("ferlab.classic.svm.memory.free_memory", lambda left=left: left)
        assert allowed(None) == expected
