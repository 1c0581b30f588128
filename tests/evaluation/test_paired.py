"""The paired difference of two sets of rows, against resampling the rows one by one."""

import numpy as np
import pytest

from ferlab.errors import FerlabError
from ferlab.evaluation.paired import accuracy_difference
from ferlab.evaluation.rows import Rows


def rows(preds, labels=None, prefix="s"):
    preds = np.asarray(preds)
    labels = np.zeros(len(preds), np.int64) if labels is None else labels
    p = np.eye(2, dtype=np.float32)[preds]
    ids = np.array([f"{prefix}{i}" for i in range(len(preds))])
    return Rows(ids, np.full(len(preds), "test"), labels, preds, p, ("a", "b"), {})


def test_equals_a_bootstrap_of_the_rows():
    rng = np.random.default_rng(0)
    labels = np.zeros(400, np.int64)
    theirs = (rng.random(400) < 0.4).astype(np.int64)
    ours = np.where(rng.random(400) < 0.15, 1 - theirs, theirs)
    got = accuracy_difference(rows(ours, labels), rows(theirs, labels))
    gain = (ours == 0).astype(float) - (theirs == 0)
    drawn = gain[rng.integers(0, 400, (20_000, 400))].mean(1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert got["value"] == pytest.approx(gain.mean())
    assert got["low"] == pytest.approx(low, abs=0.004) and got["high"] == pytest.approx(high, abs=0.004)
    assert (got["gained"], got["lost"], got["n"]) == ((gain > 0).sum(), (gain < 0).sum(), 400)


def test_rows_that_agree_differ_by_nothing_whatever_their_accuracy():
    same = rows([0, 1, 1, 0])
    assert accuracy_difference(same, same) | {"interval": ""} == {
        "value": 0.0,
        "low": 0.0,
        "high": 0.0,
        "interval": "",
        "gained": 0,
        "lost": 0,
        "n": 4,
    }


def test_other_samples_are_refused():
    with pytest.raises(FerlabError, match="the same samples"):
        accuracy_difference(rows([0, 1]), rows([0, 1], prefix="t"))
