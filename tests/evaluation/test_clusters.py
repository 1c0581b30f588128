"""Which rows are drawn together, and that intervals over clusters cover where intervals over rows do not."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from ferlab.evaluation.clusters import clusters_of, in_words
from ferlab.evaluation.measure import measure
from ferlab.evaluation.resampling import resample
from ferlab.evaluation.rows import Rows

NAMES = ("angry", "happy", "sad")


def make(actors, skill=1.0, seed=0, spread=0.0, meta=None, **columns) -> Rows:
    """Rows of actors, of whom some are easy and some hard to read."""
    rng = np.random.default_rng(seed)
    actors = np.asarray(actors)
    n = len(actors)
    labels = rng.integers(0, 3, n)
    ease = dict(zip(np.unique(actors).tolist(), rng.normal(skill, spread, len(np.unique(actors))), strict=True))
    logits = rng.normal(size=(n, 3))
    logits[np.arange(n), labels] += [ease[a] for a in actors.tolist()]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    meta = {"spec": {"labels": list(NAMES)}, "people": ["actor"]} if meta is None else meta
    ids, split = np.arange(n).astype(str), np.full(n, "test")
    return Rows(ids, split, labels, p.argmax(1), p.astype(np.float32), NAMES, meta, {"actor": actors, **columns})


def test_who_is_drawn():
    actors = np.repeat(["a", "b", "c"], 4)
    rows = make(actors, sentence=np.arange(12) % 6, copies=np.arange(12) // 2)
    units = clusters_of(rows)
    assert (units.column, units.count, units.distinct) == ("actor", 3, 6)
    assert units.index.tolist() == np.repeat([0, 1, 2], 4).tolist()
    assert "only 3 clusters by actor" in units.caveat
    # of several kinds of people, the one that speaks most
    assert clusters_of(replace(rows, meta={"people": ["sentence", "actor"]})).column == "actor"
    assert clusters_of(replace(rows, meta={"people": ["actor"], "protocol": {"group": "copies"}})).column == "copies"


def test_rows_are_drawn_where_nothing_groups_them():
    rows = make(np.repeat(["a", "b"], 6), copies=np.arange(12) // 2, meta={"protocol": {"group": None}})
    units = clusters_of(rows)
    assert (units.index, units.column, units.count, units.distinct, units.caveat) == (None, None, 12, 6, None)
    alone = make([f"a{i}" for i in range(12)])
    assert clusters_of(alone).index is None and clusters_of(alone).distinct is None
    older = replace(rows, columns={}, meta={"protocol": {"group": "actor"}})
    assert clusters_of(older).index is None and "have no column 'actor'" in clusters_of(older).caveat


def test_rows_of_nobody_known_are_clusters_of_their_own():
    rows = make(["a", "a", "b", "b", "", "", " "])
    assert clusters_of(rows).count == 5 and clusters_of(rows).index[4:].tolist() == [2, 3, 4]
    assert clusters_of(make([""] * 7)).index is None
    numbers = replace(make(list("abcd")), columns={"actor": np.array([1.0, 1, np.nan, np.nan])})
    assert clusters_of(numbers).count == 3


def test_weights_draw_whole_clusters():
    actors = np.array(["b", "a", "b", "c", "a", "b"])
    weights = np.concatenate(list(clusters_of(make(actors)).weights(500, chunk_mb=1)), axis=1)
    assert weights.shape == (6, 500)
    for one in "abc":
        assert (np.ptp(weights[actors == one], axis=0) == 0).all()
    first = weights[[1, 0, 3]]
    assert (first.sum(0) == 3).all() and first.mean() == pytest.approx(1)


def test_measure_gives_every_figure_its_clustered_interval():
    rows = make(np.repeat([f"a{i}" for i in range(12)], 20), spread=1.0)
    found = measure(rows, "test", resamples=1000)
    alone = measure(replace(rows, meta={}), "test", resamples=1000)
    assert found["intervals"] | {"level": 0} == {
        "level": 0,
        "resamples": 1000,
        "seed": 20130707,
        "drawn": "clusters",
        "column": "actor",
        "n_drawn": 12,
        "distinct": None,
        "caveat": None,
    }
    assert alone["intervals"]["drawn"] == "rows"

    def pairs(one, other):
        if isinstance(one, dict) and "interval" in one:
            yield one, other
        elif isinstance(one, dict):
            for key in one:
                yield from pairs(one[key], other[key])

    listed = list(pairs(found, alone))
    assert len(listed) == 1 + 3 + 5 + 4 * 3 + 1
    for one, other in listed:
        assert one["value"] == other["value"]
        assert one["interval"] == ("wilson over clusters" if one is found["top3"] else "clustered bootstrap")
        assert one["low"] <= one["value"] <= one["high"]
    for name in ("accuracy", "recall_macro", "auroc_macro", "log_loss"):
        wide, narrow = (one[name]["high"] - one[name]["low"] for one in (found, alone))
        assert wide > 1.2 * narrow, name
    json.dumps(found, allow_nan=False)
    assert "clustered bootstrap, expanded percentile (1,000 resamples of 12 clusters by actor" in in_words(
        found["intervals"]
    )
    assert "Wilson" in in_words(alone["intervals"])


def test_one_cluster_gives_the_whole_range_and_says_so():
    found = measure(make(["a"] * 30), "test", resamples=50)
    assert found["accuracy"]["interval"] == "none"
    assert (found["accuracy"]["low"], found["accuracy"]["high"]) == (0, 1)
    assert found["log_loss"]["high"] == pytest.approx(15.942, abs=1e-3)
    assert "all rows are of one actor" in in_words(found["intervals"])


def test_a_class_never_recognised_keeps_a_width():
    rows = make(np.repeat([f"a{i}" for i in range(10)], 12), skill=3)
    rows.preds[rows.labels == 2] = 0
    found = measure(rows, "test", resamples=200)["per_class"]["sad"]["recall"]
    assert (found["value"], found["low"], found["interval"]) == (0, 0, "wilson over clusters") and found["high"] > 0.2


def test_the_caveats_stand_in_the_words():
    few = measure(make(np.repeat(["a", "b", "c"], 20), copies=np.arange(60) // 2), "test", resamples=50)["intervals"]
    assert "only 3 clusters by actor" in in_words(few) and "30 distinct samples" in in_words(few)


def test_clustered_intervals_cover_where_row_intervals_do_not():
    # 40 actors of 15 sentences, 400 trials: the truth is the mean over very many actors
    truth = make(np.repeat(np.arange(20_000), 15), spread=1.2, seed=99)
    true = (truth.preds == truth.labels).mean()
    actors, trials = np.repeat(np.arange(40), 15), 400
    hits = {"clusters": 0, "rows": 0}
    for seed in range(trials):
        rows = make(actors, spread=1.2, seed=seed)
        for name, one in (("clusters", rows), ("rows", replace(rows, meta={}))):
            draws = resample(one, ["accuracy"], clusters_of(one), 500, seed=seed)["accuracy"]
            low, high = np.quantile(draws, [0.025, 0.975])
            hits[name] += low <= true <= high
    # percentiles of 40 clusters fall a little short of 95 %
    assert stats.binom.ppf(0.0001, trials, 0.94) <= hits["clusters"] <= stats.binom.ppf(0.9999, trials, 0.95), hits
    assert hits["rows"] < 0.85 * trials, hits
