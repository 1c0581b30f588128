"""Every figure under weights, against scikit-learn on repeated rows and scipy's bootstrap."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from ferlab.errors import FerlabError
from ferlab.evaluation.clusters import clusters_of
from ferlab.evaluation.measure import measure
from ferlab.evaluation.resampling import check_metric, metrics_of, observed, resample, smaller_is_better, weighted
from ferlab.evaluation.rows import Rows

NAMES = ("angry", "happy", "sad", "neutral")


def make(n=300, seed=0, skill=1.5) -> Rows:
    rng = np.random.default_rng(seed)
    labels = rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
    logits = rng.normal(size=(n, 4))
    logits[np.arange(n), labels] += skill
    p = (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)
    meta = {"spec": {"labels": list(NAMES)}}
    return Rows(np.arange(n).astype(str), np.full(n, "test"), labels, p.argmax(1), p, NAMES, meta)


def by_scikit(rows):
    y, pred, p = rows.labels, rows.preds, rows.probabilities.astype(np.float64)
    p /= p.sum(1, keepdims=True)
    out = {
        "accuracy": sk.accuracy_score(y, pred),
        "top2": sk.top_k_accuracy_score(y, p, k=2, labels=range(4)),
        "top3": sk.top_k_accuracy_score(y, p, k=3, labels=range(4)),
        "precision_macro": sk.precision_score(y, pred, average="macro", zero_division=0),
        "recall_macro": sk.balanced_accuracy_score(y, pred),
        "f1_macro": sk.f1_score(y, pred, average="macro"),
        "auroc_macro": np.mean([sk.roc_auc_score(y == i, p[:, i]) for i in range(4)]),
        "log_loss": sk.log_loss(y, p, labels=range(4)),
        "brier": sk.brier_score_loss(y, p, labels=range(4), scale_by_half=False),
    }
    precision, recall, f1, _ = sk.precision_recall_fscore_support(y, pred, labels=range(4), zero_division=0)
    for i, name in enumerate(NAMES):
        own = {"precision": precision[i], "recall": recall[i], "f1": f1[i]}
        out |= {f"{kind}.{name}": value for kind, value in own.items()}
        out[f"auroc.{name}"] = sk.roc_auc_score(y == i, p[:, i])
    return out


def test_every_metric_is_scikit_learns_on_rows_repeated_by_weight():
    rows = make()
    names = metrics_of(NAMES)
    assert observed(rows, names) == pytest.approx(by_scikit(rows), abs=1e-6)
    weights = np.random.default_rng(1).integers(0, 4, (300, 3)).astype(np.float32)
    found = weighted(rows, names, [weights[:, :2], weights[:, 2:]])
    for column in range(3):
        repeated = rows.take(np.repeat(np.arange(300), weights[:, column].astype(int)))
        assert {name: found[name][column] for name in names} == pytest.approx(by_scikit(repeated), abs=1e-5)


def test_agrees_with_measure():
    rows = make()
    found = measure(rows, "test", resamples=50)
    for name, value in observed(rows, [m for m in metrics_of(NAMES) if m != "brier" and "." not in m]).items():
        assert value == pytest.approx(found[name]["value"], abs=1e-6), name
    for metric, column in (("auroc_macro", "auroc_macro"), ("log_loss", "log_loss")):
        draws = resample(rows, [metric], clusters_of(rows), 50)[metric]
        assert np.quantile(draws, [0.025, 0.975]) == pytest.approx(
            [found[column]["low"], found[column]["high"]], abs=1e-6
        )


def test_interval_is_that_of_scipys_bootstrap():
    rows = make()
    draws = resample(rows, ["recall_macro"], clusters_of(rows), 10_000)["recall_macro"]
    theirs = stats.bootstrap(
        (np.arange(300),),
        lambda index: sk.balanced_accuracy_score(rows.labels[index], rows.preds[index]),
        n_resamples=1500,
        vectorized=False,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert np.quantile(draws, [0.025, 0.975]) == pytest.approx([theirs.low, theirs.high], abs=0.008)


def test_what_cannot_be_told_is_nan():
    rows = make()
    rows.labels[:] = 1
    found = observed(rows, ["auroc_macro", "auroc.happy", "recall.sad", "recall.happy", "precision.sad"])
    assert np.isnan([found["auroc_macro"], found["auroc.happy"], found["recall.sad"], found["precision.sad"]]).all()
    assert found["recall.happy"] == (rows.preds == 1).mean()


def test_a_draw_without_any_of_the_rows_is_nan_and_silent():
    rows = make(40)
    weights = np.stack([np.zeros(40), np.ones(40)], 1).astype(np.float32)
    for metric, (nothing, whole) in weighted(rows, ["accuracy", "recall_macro", "auroc_macro"], [weights]).items():
        assert np.isnan(nothing) and whole == observed(rows, [metric])[metric]


def test_unknown_metric_names_the_nearest():
    with pytest.raises(
        FerlabError, match=r"no metric 'acuracy'; did you mean 'accuracy'\?\nwhat exists: .*recall\.<class>"
    ):
        check_metric("acuracy", NAMES)
    with pytest.raises(FerlabError, match=r"did you mean 'recall\.happy'"):
        observed(make(), ["recall.hapy"])
    assert smaller_is_better("log_loss") and not smaller_is_better("f1_macro")


def test_row_intervals_of_macro_recall_cover():
    true, trials, hits = observed(make(400_000, 99), ["recall_macro"])["recall_macro"], 400, 0
    for seed in range(trials):
        rows = make(400, seed)
        low, high = np.quantile(
            resample(rows, ["recall_macro"], clusters_of(rows), 400, seed)["recall_macro"], [0.025, 0.975]
        )
        hits += low <= true <= high
    assert stats.binom.ppf(0.0001, trials, 0.94) <= hits <= stats.binom.ppf(0.9999, trials, 0.95), hits
