"""Tests of a difference against statsmodels and scipy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats import contingency_tables, multitest, proportion

from ferlab.evaluation.intervals import wilson
from ferlab.evaluation.significance import bootstrap_p, holm, mcnemar


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_that_of_statsmodels_and_scipy(gained, lost):
    found = mcnemar(gained, lost)
    if gained + lost:
        exact = contingency_tables.mcnemar([[5, gained], [lost, 7]], exact=True).pvalue
        assert found["p_exact"] == pytest.approx(exact) == binomtest(gained, gained + lost).pvalue
    assert 0 < found["p"] <= found["p_exact"] <= 1


def test_mid_p_against_its_definition_and_the_large_sample_test():
    for gained, lost in [(3, 12), (5, 5), (0, 4)]:
        n = gained + lost
        tail = [np.prod([(n - i) / (i + 1) for i in range(k)]) / 2**n for k in range(min(gained, lost) + 1)]
        assert mcnemar(gained, lost)["p"] == pytest.approx(2 * sum(tail[:-1]) + tail[-1])
    large = contingency_tables.mcnemar([[0, 430], [500, 0]], exact=False, correction=False).pvalue
    assert mcnemar(430, 500)["p"] == pytest.approx(large, abs=1e-3)
    assert mcnemar(0, 0)["p"] == 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_that_of_statsmodels(p_values):
    assert holm(p_values) == pytest.approx(multitest.multipletests(p_values, method="holm")[1])


def test_holm_leaves_out_what_has_no_p():
    assert holm([0.01, None, 0.04]) == [0.02, None, 0.04]
    assert holm([None]) == [None] and holm([]) == []


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_that_of_statsmodels(case):
    assert wilson(*case) == pytest.approx(proportion.proportion_confint(*case, method="wilson"), abs=1e-9)


def test_bootstrap_p_agrees_with_the_percentile_interval():
    rng = np.random.default_rng(0)
    for shift in np.linspace(-4, 4, 41):
        draws = rng.normal(shift, 1, 9_999)
        low, high = np.quantile(draws, [0.025, 0.975])
        p = bootstrap_p(draws)
        if abs(p - 0.05) > 0.005:
            assert (p < 0.05) == (low > 0 or high < 0)
    assert bootstrap_p(np.zeros(100)) == 1
    assert bootstrap_p(np.full(99, 0.1)) == pytest.approx(0.02)
    assert bootstrap_p(np.append(np.full(60, np.nan), np.ones(40))) is None
    # far from 0 the normal tail, or no difference could survive a correction for a thousand pairs
    assert 1e-17 < bootstrap_p(rng.normal(8, 1, 9_999)) < 1e-13 and bootstrap_p(rng.normal(20, 1, 9_999)) > 0


def test_few_units_that_agree_are_no_evidence():
    assert bootstrap_p(np.full(9_999, 0.1), 2) == 0.5
    assert bootstrap_p(np.random.default_rng(0).normal(9, 1, 9_999), 5) == 2 * 0.5**5
    assert bootstrap_p(np.random.default_rng(0).normal(9, 1, 9_999), 4_000) < 1e-10
    assert bootstrap_p(np.zeros(100), 1) == 1
