import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from ferlab.evaluation.intervals import newcombe, percentile, resample_confusion, row_weights, weighted_auroc, wilson
from ferlab.evaluation.paired import apart
from ferlab.evaluation.significance import bootstrap_p


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys_and_holds_the_value(case):
    successes, n = case
    low, high = wilson(successes, n)
    expected = binomtest(successes, n).proportion_ci(0.95, method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= low <= successes / n <= high <= 1 and low < high


def test_percentile_needs_half_of_its_draws():
    draws = np.arange(101.0)
    assert percentile(draws) == pytest.approx((2.5, 97.5))
    draws[:50] = np.nan
    assert percentile(draws) is not None
    draws[:60] = np.nan
    assert percentile(draws) is None


def test_resampled_confusions_are_what_resampled_rows_give():
    confusion = np.array([[30, 5, 0], [2, 10, 3], [0, 0, 50]])
    drawn = resample_confusion(confusion, 20_000)
    assert (drawn.sum((1, 2)) == 100).all() and not drawn[:, confusion == 0].any()
    p = confusion / 100
    np.testing.assert_allclose(drawn.mean(0), confusion, atol=0.15)
    np.testing.assert_allclose(drawn.var(0), 100 * p * (1 - p), rtol=0.06)
    assert np.array_equal(drawn, resample_confusion(confusion, 20_000))


def test_row_weights_do_not_depend_on_the_chunks():
    whole = np.concatenate(list(row_weights(50, 300, chunk_mb=64)), axis=1)
    parts = list(row_weights(50, 300, chunk_mb=0))
    assert whole.shape == (50, 300) and len(parts) == 300
    assert np.array_equal(whole, np.concatenate(parts, axis=1))
    assert (whole.sum(0) == 50).all()


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_auroc_of_weighted_rows_is_that_of_repeated_rows(seed, levels):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, levels + 1, size=40) / levels
    positive = rng.random(40) < 0.3
    weights = next(row_weights(40, 3, seed))
    found = weighted_auroc(scores, positive, weights)
    for column in range(3):
        rows = np.repeat(np.arange(40), weights[:, column].astype(int))
        if 0 < positive[rows].sum() < 40:
            assert found[column] == pytest.approx(roc_auc_score(positive[rows], scores[rows]), abs=1e-6)
        else:
            assert np.isnan(found[column])


@pytest.mark.parametrize(("ours", "theirs"), [((1, 1), (50, 100)), ((0, 7), (3, 9)), ((56, 70), (48, 80))])
def test_a_difference_of_proportions_is_that_of_statsmodels_and_its_p_agrees(ours, theirs):
    from statsmodels.stats.proportion import confint_proportions_2indep

    expected = confint_proportions_2indep(*ours, *theirs, method="newcomb", compare="diff")
    assert newcombe(ours, theirs) == pytest.approx(expected, abs=1e-9)
    found = apart(ours, theirs)
    # at the level of its own p the interval ends at 0
    assert min(map(abs, newcombe(ours, theirs, 1 - found["p"]))) < 1e-6
    assert apart((3, 6), (5, 10))["p"] == 1 and apart((900, 1000), (100, 1000))["p"] < 1e-10


def test_few_clusters_widen_the_interval_as_student_does_and_p_goes_with_it():
    rng = np.random.default_rng(3)
    n, plain, wide, unlike = 10, 0, 0, 0
    weights = np.concatenate(list(row_weights(n, 2_000)), axis=1)
    for _ in range(400):
        draws = rng.normal(0, 1, n) @ weights / n
        low, high = percentile(draws)
        plain += not low <= 0 <= high
        low, high = percentile(draws, clusters=n)
        out = not low <= 0 <= high
        wide += out
        unlike += out != (bootstrap_p(draws, clusters=n) < 0.05)
    # 5 % are asked for
    assert plain / 400 > 0.085 and wide / 400 < 0.085 and wide < 0.75 * plain and unlike <= 4
    assert percentile(draws, clusters=1) is None
    # of many clusters nothing changes
    assert percentile(draws, clusters=100_000) == pytest.approx(percentile(draws), abs=1e-3)
