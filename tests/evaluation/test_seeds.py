"""Student's interval over seeds, against scipy and by simulation."""

import numpy as np
import pytest
from scipy import stats

from ferlab.errors import FerlabError
from ferlab.evaluation.seeds import over_seeds


@pytest.mark.parametrize("n", [2, 3, 10])
def test_is_scipys(n):
    values = np.random.default_rng(n).normal(0.6, 0.02, n).tolist()
    found = over_seeds(values)
    low, high = stats.t.interval(0.95, n - 1, np.mean(values), stats.sem(values))
    assert found == pytest.approx(
        {"mean": np.mean(values), "sd": np.std(values, ddof=1), "low": low, "high": high, "n": n}
    )


def test_one_run_says_nothing_about_others():
    assert over_seeds([0.61]) == {"mean": 0.61, "sd": None, "low": None, "high": None, "n": 1}
    assert over_seeds([1])["mean"] == 1


def test_covers_the_mean_of_all_seeds():
    drawn = np.random.default_rng(0).normal(0.6, 0.02, (2000, 3))
    hits = sum(one["low"] <= 0.6 <= one["high"] for one in map(over_seeds, drawn.tolist()))
    assert stats.binomtest(hits, 2000, 0.95).pvalue > 0.001, hits


@pytest.mark.parametrize("values", [[], [0.5, float("nan")]])
def test_no_figure_is_refused(values):
    with pytest.raises(FerlabError, match="over seeds: expected"):
        over_seeds(values)
