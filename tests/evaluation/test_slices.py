"""Parts of the rows: values, intervals and tests against scipy and by simulation, and what is said of them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from ferlab.errors import FerlabError
from ferlab.evaluation import slices
from ferlab.evaluation.measure import measure
from ferlab.evaluation.parts import parts_of
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.slices import slice_rows
from made_rows import NAMES, make


def join(easy: Rows, hard: Rows) -> tuple[Rows, np.ndarray]:
    """Two sets of rows as one, and which is which."""
    joined = replace(
        easy,
        **{
            name: np.concatenate([getattr(easy, name), getattr(hard, name)])
            for name in ("ids", "splits", "labels", "preds", "probabilities")
        },
    )
    return joined, np.repeat(["easy", "hard"], [len(easy), len(hard)])


def test_each_slice_is_what_measure_says_of_it():
    rows, values = make(), np.random.default_rng(1).choice(["a", "b", "c"], 300)
    found = slice_rows(rows, values, "x", "recall_macro", resamples=1000)
    assert [one["value"] for one in found["slices"]] == ["a", "b", "c"]
    for one in found["slices"]:
        own = measure(rows.take(np.flatnonzero(values == one["value"])), "test", resamples=1000)
        assert one["n"] == own["n"] and one["estimate"]["value"] == own["recall_macro"]["value"]
        assert one["estimate"]["low"] == pytest.approx(own["recall_macro"]["low"], abs=0.01)
        rest = measure(rows.take(np.flatnonzero(values != one["value"])), "test", resamples=10)
        assert one["difference"]["value"] == pytest.approx(
            own["recall_macro"]["value"] - rest["recall_macro"]["value"], abs=2e-6
        )
        assert one["difference"]["low"] < one["difference"]["value"] < one["difference"]["high"]
    assert sum(one["n"] for one in found["slices"]) == found["n"] == 300


def test_accuracy_is_tested_as_scipy_does():
    rows, values = make(), np.random.default_rng(1).choice(["a", "b", "c"], 300)
    right = rows.preds == rows.labels
    counts = [[int((side & (values == v)).sum()) for v in "abc"] for side in (right, ~right)]
    test = slice_rows(rows, values, "x", resamples=200)["test"]
    assert test == {"name": "chi-square", "p": pytest.approx(stats.chi2_contingency(counts, correction=False).pvalue)}
    few = np.where(np.arange(300) < 6, "a", "b")
    counts = [[int((side & (few == v)).sum()) for v in "ab"] for side in (right, ~right)]
    found = slice_rows(rows, few, "x", resamples=200)
    assert found["test"] == {"name": "Fisher's exact test", "p": pytest.approx(stats.fisher_exact(counts).pvalue)}
    assert found["slices"][0]["caveat"] == "fewer than 10 rows" and found["slices"][1]["caveat"] is None
    three = np.where(np.arange(300) < 6, "a", np.where(np.arange(300) < 150, "b", "c"))
    assert slice_rows(rows, three, "x", resamples=200)["test"]["name"] == "Fisher's test by Monte Carlo"


@pytest.mark.parametrize("metric", ["accuracy", "recall_macro", "auroc_macro", "log_loss"])
def test_a_difference_is_found_and_said(metric):
    rows, values = join(make(200, 1, 2.5), make(200, 2, 0.8))
    found = slice_rows(rows, values, "light", metric, resamples=500)
    assert found["test"]["p"] < 0.001 and " differs by light: p < 0.001" in found["sentence"]
    easy = found["slices"][0]["difference"]
    assert easy["p_holm"] < 0.01 and (easy["value"] > 0) == (metric != "log_loss")
    assert easy["value"] == pytest.approx(-found["slices"][1]["difference"]["value"], abs=2e-6)


def test_no_difference_is_said_to_be_none():
    found = slice_rows(make(seed=4), np.tile(["a", "b"], 150), "x", "f1_macro", resamples=300)
    assert found["test"]["p"] > 0.05 and found["sentence"].startswith("no evidence that F1, macro differs by x: p = 0.")


def test_the_permutation_test_is_right_as_often_as_it_says():
    p_values = []
    for seed in range(150):
        rows, values = make(80, seed), np.random.default_rng(seed).choice(["a", "b", "c"], 80)
        index = parts_of(values, "x")[1]
        p_values.append(slices._permutation(rows, index, "recall_macro", seed, 200)["p"])
    # under no difference p is uniform
    assert stats.kstest(p_values, "uniform").pvalue > 0.001


def test_slices_of_clusters_draw_clusters():
    actors = np.repeat([f"a{i}" for i in range(15)], 20)
    rows = make(columns={"actor": actors}, people=["actor"])
    found = slice_rows(rows, np.tile(["a", "b"], 150), "x", resamples=300)
    assert found["test"]["name"] == "clustered bootstrap, Holm over slices"
    assert found["slices"][0]["difference"]["interval"] == "clustered bootstrap"
    assert found["slices"][0]["estimate"]["interval"] == "clustered bootstrap" and found["intervals"]["n_drawn"] == 15


def test_speakers_who_are_all_alike_are_not_said_to_differ():
    speaker = np.repeat([f"a{i:02}" for i in range(20)], 30)
    p_values = []
    for seed in range(20):
        rows = make(600, seed=seed, columns={"speaker": speaker}, people=["speaker"])
        found = slice_rows(rows, speaker, "speaker", resamples=100)
        p_values.append(found["test"]["p"])
    assert stats.kstest(p_values, "uniform").pvalue > 0.001
    assert found["intervals"]["drawn"] == "rows" and "of one speaker" in found["intervals"]["caveat"]
    assert found["all"]["interval"] == "clustered bootstrap"
    assert all(one["estimate"]["low"] > 0 and one["difference"]["interval"] == "newcombe" for one in found["slices"])


def test_a_part_of_one_cluster_among_others_is_not_set_beside_them():
    speaker = np.repeat([f"a{i:02}" for i in range(15)], 20)
    rows = make(columns={"speaker": speaker}, people=["speaker"])
    values = np.where(speaker == "a00", "alone", np.tile(["a", "b"], 150))
    found = slice_rows(rows, values, "x", resamples=100)
    alone = next(one for one in found["slices"] if one["value"] == "alone")
    assert alone["estimate"]["interval"] == "none"
    assert alone["difference"]["low"] is alone["difference"]["p"] is alone["difference"]["p_holm"] is None
    assert found["test"]["p"] > 0.05


def test_a_part_of_few_rows_all_right_is_no_evidence():
    rows = make()
    for count, metric in ((1, "accuracy"), (2, "accuracy"), (1, "top2"), (2, "recall_macro")):
        values = np.full(300, "rest")
        values[np.flatnonzero(rows.preds == rows.labels)[:count]] = "few"
        found = slice_rows(rows, values, "x", metric, resamples=200)["slices"][0]
        assert found["value"] == "few" and found["difference"]["value"] > 0
        p = found["difference"]["p"]
        assert p is None or p > 0.1


def test_five_rows_of_five_parts_are_tested_all_the_same():
    rows = make().take(np.arange(5))
    rows = replace(rows, preds=np.where(np.arange(5) < 2, rows.labels, (rows.labels + 1) % len(NAMES)))
    found = slice_rows(rows, np.array(list("abcde")), "x", resamples=200)
    assert found["test"] == {"name": "Fisher's test by Monte Carlo", "p": 1.0}


def test_what_a_slice_cannot_tell_is_none():
    rows = make()
    found = slice_rows(rows, np.array(NAMES)[rows.labels], "label", "auroc_macro", resamples=100)
    assert [one["estimate"] for one in found["slices"]] == [None] * 3 and found["test"] is None
    assert found["sentence"] == "whether AUROC, macro differs by label cannot be told."
    found = slice_rows(rows, np.array(NAMES)[rows.labels], "label", "recall_macro", resamples=100)
    assert found["slices"][0]["caveat"] == "no row of happy, sad, so its mean is of other classes"
    all_right = replace(rows, preds=rows.labels)
    assert slice_rows(all_right, np.tile(["a", "b"], 150), "x", resamples=100)["test"]["p"] == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [(np.full(300, "a"), "every row is 'a'"), (np.arange(300).astype(str), "300 different values, '0' for one")],
)
def test_useless_columns_are_refused(values, message):
    with pytest.raises(FerlabError, match=f"by=x: {message}"):
        slice_rows(make(), values, "x")


def test_unknown_metric():
    with pytest.raises(FerlabError, match="did you mean 'accuracy'"):
        slice_rows(make(), np.tile(["a", "b"], 150), "x", "acuracy")
