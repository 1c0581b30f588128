"""Differences of models: against scipy, by simulation, and what is said of them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import balanced_accuracy_score

from ferlab.errors import FerlabError
from ferlab.evaluation.clusters import Units
from ferlab.evaluation.comparison import aligned, compare_rows, gap
from ferlab.evaluation.paired import paired_difference, seeds_difference
from ferlab.evaluation.rows import Rows

NAMES = ("angry", "happy", "sad")


def make(skill=1.0, n=400, seed=0, faces=7, **meta) -> Rows:
    """A model's rows; models of one `faces` find the same samples hard."""
    ours, shared = np.random.default_rng(seed), np.random.default_rng(faces)
    labels = shared.integers(0, 3, n)
    logits = shared.normal(size=(n, 3)) + 0.7 * ours.normal(size=(n, 3))
    logits[np.arange(n), labels] += skill
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    meta = {"spec": {"labels": list(NAMES)}, "data": "faces", "protocol": {"name": "official", "hash": "abc"}} | meta
    ids, split = np.array([f"s{i:04d}" for i in range(n)]), np.full(n, "test")
    return Rows(ids, split, labels, p.argmax(1), p.astype(np.float32), NAMES, meta)


def test_rows_are_matched_by_id():
    one, other = make(1.0, seed=1), make(1.5, seed=2)
    plain = compare_rows({"a": one, "b": other}, resamples=500)
    shuffled = compare_rows({"a": one, "b": other.take(np.random.default_rng(0).permutation(400))}, resamples=500)
    assert plain == shuffled


def test_interval_is_that_of_scipys_paired_bootstrap():
    one, other = make(1.0, seed=1), make(1.4, seed=2)
    (pair,) = compare_rows({"a": one, "b": other}, metric="recall_macro")["pairs"]

    def gap_of(index):
        recalls = [balanced_accuracy_score(rows.labels[index], rows.preds[index]) for rows in (one, other)]
        return recalls[0] - recalls[1]

    theirs = stats.bootstrap(
        (np.arange(400),), gap_of, n_resamples=1500, vectorized=False, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    assert pair["value"] == pytest.approx(gap_of(np.arange(400)), abs=1e-6)
    assert [pair["low"], pair["high"]] == pytest.approx([theirs.low, theirs.high], abs=0.006)
    assert pair["interval"] == "paired bootstrap" and pair["mcnemar"] is None


def test_a_difference_is_found_and_said():
    named = {"weak": make(0.6, seed=1), "strong": make(2.0, seed=2)}
    found = compare_rows(named, resamples=2000)
    (pair,) = found["pairs"]
    assert pair["better"] == "b" and pair["high"] < 0 and pair["p_holm"] == pair["p"] < 0.001
    assert pair["mcnemar"]["p"] < 0.001 and found["models"]["weak"]["interval"] == "wilson"
    value, low, high = (-100 * pair[key] for key in ("value", "high", "low"))
    assert pair["sentence"] == (
        f"strong beats weak: accuracy +{value:.1f} points, 95 % interval {low:.1f} to {high:.1f}, n = 400."
    )
    assert found["pairs"][0]["mcnemar"]["lost"] - found["pairs"][0]["mcnemar"]["gained"] == round(4 * value)


def test_of_losses_the_smaller_is_better():
    (pair,) = compare_rows({"weak": make(0.6, seed=1), "strong": make(2.0, seed=2)}, "log_loss", resamples=2000)[
        "pairs"
    ]
    assert pair["value"] > 0 and pair["better"] == "b"
    assert pair["sentence"].startswith(f"strong beats weak: log loss, nats -{pair['value']:.3f}, 95 % interval -")
    assert "lower is better" in pair["sentence"]


def test_no_difference_is_said_to_be_none():
    (pair,) = compare_rows({"one": make(1, seed=1), "two": make(1, seed=2)}, resamples=2000)["pairs"]
    assert pair["better"] is None and pair["low"] < 0 < pair["high"] and "no evidence that" in pair["sentence"]
    (same,) = compare_rows({"one": make(1), "two": make(1)}, resamples=200)["pairs"]
    assert (same["value"], same["low"], same["high"], same["p"]) == (0, 0, 0, 1)
    assert same["sentence"].startswith(
        "no evidence that one and two differ: accuracy +0.0 points, 95 % interval 0.0 to"
    )


def test_holm_counts_the_pairs_and_the_sentence_says_so():
    named = {"a": make(1.0, seed=1), "b": make(1.16, seed=2)}
    alone = compare_rows(named, resamples=2000)["pairs"][0]
    assert 0.005 < alone["p"] < 0.05 and alone["better"] == "b", "the test needs a faint difference"
    many = compare_rows(named | {f"x{i}": make(1.1, seed=i) for i in range(3, 7)}, resamples=2000)["pairs"]
    assert len(many) == 15 and many[0]["p"] == alone["p"] and many[0]["p_holm"] > 0.05 and many[0]["better"] is None
    assert many[0]["sentence"].startswith("no evidence that b beats a, once 15 pairs are counted: ")


def test_clusters_are_drawn_whole_and_mcnemar_is_left_out():
    actors = {"actor": np.repeat([f"a{i}" for i in range(20)], 20)}
    named = {name: replace(make(1, seed=i, people=["actor"]), columns=actors) for i, name in enumerate("ab")}
    found = compare_rows(named, resamples=500)
    assert found["pairs"][0]["interval"] == "paired clustered bootstrap" and found["pairs"][0]["mcnemar"] is None
    assert found["intervals"]["n_drawn"] == 20 and found["models"]["a"]["interval"] == "clustered bootstrap"


def test_few_units_on_one_side_beat_nobody():
    right = make(n=2)
    right = replace(right, preds=right.labels)
    found = compare_rows({"a": right, "b": replace(right, preds=(right.labels + 1) % 3)}, resamples=200)
    assert found["pairs"][0]["low"] is None and found["pairs"][0]["better"] is None
    columns = {"actor": np.repeat(["a", "b", "c", "d"], 100)}
    good, bad = (replace(make(skill=skill, people=["actor"]), columns=columns) for skill in (4, 0.5))
    pair = compare_rows({"a": good, "b": bad}, resamples=200)["pairs"][0]
    assert pair["low"] > 0 and pair["p"] == 0.125 and pair["better"] is None
    assert pair["sentence"].endswith("of so few independent units the interval is too narrow.")


def test_seeds_do_not_make_up_for_one_person():
    rows = {
        f"{name}{seed}": replace(make(skill, seed=seed, people=["actor"]), columns={"actor": np.repeat("a", 400)})
        for name, skill in (("x", 1.0), ("y", 2.0))
        for seed in (0, 1, 2)
    }
    groups = {name: [one for one in rows if one.startswith(name)] for name in "xy"}
    pair = compare_rows(rows, groups=groups, resamples=100)["pairs"][0]
    assert pair["low"] is pair["p"] is pair["better"] is None and "nothing can be said" in pair["sentence"]


def test_clusters_are_drawn_where_either_run_knows_of_them():
    older, newer = make(), replace(make(people=["actor"]), columns={"actor": np.repeat(list("abcdefghij"), 40)})
    for named in ({"a": older, "b": newer}, {"b": newer, "a": older}):
        found = compare_rows(named, resamples=100)
        assert found["intervals"]["column"] == "actor" and found["pairs"][0]["mcnemar"] is None


def test_groups_of_seeds():
    named = {f"{skill}-{seed}": make(skill, seed=10 * seed + round(skill)) for skill in (0.5, 2.0) for seed in range(3)}
    groups = {"weak": list(named)[:3], "strong": list(named)[3:]}
    found = compare_rows(named, groups=groups, resamples=500)
    (pair,) = found["pairs"]
    assert pair["interval"] == "rows and seeds" and pair["better"] == "b"
    assert pair["sentence"].endswith("n = 400, 3 and 3 seeds.")
    assert found["groups"]["weak"]["n"] == 3 and found["groups"]["weak"]["models"] == groups["weak"]
    single = compare_rows(named, groups={"weak": groups["weak"][:1], "strong": groups["strong"][:1]}, resamples=500)
    assert single["pairs"][0]["interval"] == "rows" and single["groups"]["weak"]["sd"] is None


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            make(n=300),
            r"b \(faces, protocol official abc\) has 300, 300 ids are shared; of the first's 100 missing \(s0300",
        ),
        (make(faces=8), "rows have another label in a than in b, s0"),
        (replace(make(), names=("angry", "happy", "fear")), "expected the same classes"),
    ],
)
def test_other_rows_are_refused(other, message):
    with pytest.raises(FerlabError, match=message):
        aligned({"a": make(), "b": other}, "test")


def test_what_cannot_be_compared():
    with pytest.raises(FerlabError, match="two runs or more, found 1: a"):
        compare_rows({"a": make()})
    with pytest.raises(FerlabError, match="did you mean 'f1_macro'"):
        compare_rows({"a": make(), "b": make()}, metric="f1_marco")
    with pytest.raises(FerlabError, match="no row of split 'val'"):
        compare_rows({"a": make(), "b": make()}, split="val")
    one_class = make()
    one_class.labels[:] = 1
    with pytest.raises(FerlabError, match="auroc_macro: undefined for a, b on test"):
        compare_rows({"a": one_class, "b": one_class}, metric="auroc_macro")


def test_a_rounded_nothing_has_no_minus():
    assert gap(-0.0003, "accuracy") == "+0.0 points" and gap(-0.0003, "log_loss") == "+0.000"


@pytest.mark.slow
def test_paired_intervals_cover():
    """Two models right 60 % and 55 % of the time, together more often than by chance; 600 test sets of 300."""
    rng, trials, n, hits = np.random.default_rng(0), 600, 300, 0
    truth = _truth()
    for _ in range(trials):
        hard = rng.random(n)
        one, other = hard + 0.2 * rng.normal(size=n) < 0.60, hard + 0.2 * rng.normal(size=n) < 0.55
        weights = rng.multinomial(n, np.full(n, 1 / n), size=400)
        found = paired_difference(
            one.mean(), other.mean(), weights @ one / n, weights @ other / n, Units(n, None, None, n)
        )
        hits += found["low"] <= truth <= found["high"]
    assert stats.binom.ppf(0.0001, trials, 0.94) <= hits <= stats.binom.ppf(0.9999, trials, 0.95), hits


def _truth() -> float:
    rng = np.random.default_rng(1)
    hard, noise = rng.random(4_000_000), 0.2 * rng.normal(size=4_000_000)
    return float((hard + noise < 0.60).mean() - (hard + noise < 0.55).mean())


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_intervals_over_rows_and_seeds_cover_where_those_over_rows_do_not(seeds):
    """Runs whose true accuracy moves by 2 points from seed to seed, on test sets of 500: no true difference."""
    rng, trials, n = np.random.default_rng(seeds), 500, 500
    hits = {"both": 0, "rows": 0}
    for _ in range(trials):
        skill = rng.normal(0.6, 0.02, (2 * seeds, 1))
        right = 0.7 * rng.random(n) + 0.3 * rng.random((2 * seeds, n)) < skill
        draws = right @ rng.multinomial(n, np.full(n, 1 / n), size=300).T / n
        values = right.mean(1)
        found = seeds_difference(values[:seeds].tolist(), values[seeds:].tolist(), draws[:seeds], draws[seeds:])
        hits["both"] += found["low"] <= 0 <= found["high"]
        low, high = np.quantile(draws[0] - draws[seeds], [0.025, 0.975])
        hits["rows"] += low <= 0 <= high
    assert hits["both"] >= stats.binom.ppf(0.0001, trials, 0.95), hits
    assert hits["both"] <= stats.binom.ppf(0.9999, trials, 0.99), hits
    assert hits["rows"] < 0.85 * trials, hits
