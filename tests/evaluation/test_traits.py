"""Rows of several labels a sample: on disk and in memory, their figures beside scikit-learn's, and their verdicts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.stats import binom
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    log_loss,
    precision_score,
    roc_auc_score,
)

from ferlab.errors import FerlabError
from ferlab.evaluation.comparison import compare_rows
from ferlab.evaluation.joining import pooled
from ferlab.evaluation.measure import measure
from ferlab.evaluation.pages.column_slices import column_slices
from ferlab.evaluation.pages.comparison_page import label_lines
from ferlab.evaluation.resampling import observed
from ferlab.evaluation.rows import Rows, read_rows, save_rows, write_rows
from ferlab.evaluation.slices import slice_rows
from ferlab.evaluation.trait_measures import ABOVE, NOT_SHOWN
from traits import TRAITS, make_rows


def wide(rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, answers and probabilities of yes, (sample, label)."""
    return tuple(  # type: ignore[return-value]
        part.reshape(-1, len(TRAITS)) for part in (rows.labels, rows.preds, rows.probabilities[:, 1])
    )


def same(ours: Rows, theirs: Rows) -> bool:
    arrays = ("ids", "splits", "labels", "preds", "probabilities")
    return (
        all(np.array_equal(getattr(ours, name), getattr(theirs, name)) for name in arrays)
        and ours.meta == theirs.meta
        and ours.columns.keys() == theirs.columns.keys()
        and all(np.array_equal(ours.columns[name], theirs.columns[name]) for name in ours.columns)
    )


def test_the_file_has_one_row_a_sample_and_memory_one_a_label(tmp_path: Path) -> None:
    rows = make_rows(tmp_path / "p.parquet", n=20, authors=4, thresholds={"EXT": 0.3, "NEU": 0.5, "AGR": 0.7})
    table = pq.read_table(tmp_path / "p.parquet")
    per_label = [f"{part}_{name}" for part in ("label", "pred", "p") for name in TRAITS]
    assert table.column_names == ["id", "split", *per_label, "length", "author"]
    assert table.num_rows == 20
    p, said = table["p_EXT"].to_numpy(), table["pred_EXT"].to_numpy()
    assert np.array_equal(said, (p >= 0.3).astype(int))
    assert len(rows) == 60
    assert rows.names == ("no", "yes")
    assert rows.ids[:4].tolist() == ["s0/EXT", "s0/NEU", "s0/AGR", "s1/EXT"]
    assert rows.columns["trait"][:3].tolist() == list(TRAITS)
    assert rows.columns["sample"][:4].tolist() == ["s0", "s0", "s0", "s1"]
    assert rows.meta["people"] == ["sample", "author"]
    assert same(read_rows(tmp_path / "p.parquet"), rows)


def test_rows_in_any_order_are_written_back_whole(tmp_path: Path) -> None:
    rows = make_rows(tmp_path / "p.parquet", n=30)
    shuffled = rows.take(np.random.default_rng(0).permutation(len(rows)))
    save_rows(tmp_path / "q.parquet", shuffled)
    again = read_rows(tmp_path / "q.parquet")
    order, other = np.argsort(again.ids), np.argsort(rows.ids)
    assert same(again.take(order), rows.take(other))


def test_a_sample_that_lacks_a_label_is_refused(tmp_path: Path) -> None:
    rows = make_rows(tmp_path / "p.parquet", n=10)
    with pytest.raises(FerlabError, match="expected one row of each of"):
        save_rows(tmp_path / "q.parquet", rows.take(np.arange(29)))
    with pytest.raises(FerlabError, match="an id stands twice"):
        save_rows(tmp_path / "q.parquet", rows.take(np.array([0, 1, 1])))


@pytest.mark.parametrize("name", ["trait", "sample", "p_EXT", "label_NEU"])
def test_a_column_named_as_the_rows_own_is_refused(tmp_path: Path, name: str) -> None:
    rows = make_rows(tmp_path / "p.parquet", n=4)
    labels, _, p = wide(rows)
    with pytest.raises(FerlabError, match=f"{name}.*named as the file's own"):
        ids = np.array(list("abcd"))
        write_rows(tmp_path / "q.parquet", ids, rows.splits[::3], labels, p, rows.meta, {name: np.arange(4)})


def test_a_model_that_diverged_is_told(tmp_path: Path) -> None:
    rows = make_rows(tmp_path / "p.parquet", n=4)
    labels, _, p = wide(rows)
    p = p.copy()
    p[1, 2] = np.nan
    with pytest.raises(FerlabError, match="NaN means that training diverged"):
        write_rows(tmp_path / "q.parquet", np.array(list("abcd")), rows.splits[::3], labels, p, rows.meta)


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    make_rows(path, n=4)
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["pred_NEU"]), path)
    with pytest.raises(FerlabError, match=r"\['pred_NEU'\] are missing"):
        read_rows(path)
    place = table.column_names.index("label_EXT")
    pq.write_table(table.set_column(place, "label_EXT", [[2, 0, 1, 0]]), path)
    with pytest.raises(FerlabError, match="expected 0 or 1"):
        read_rows(path)


def test_figures_are_scikit_learns_of_each_label_and_their_means(tmp_path: Path) -> None:
    thresholds = {"EXT": 0.4, "NEU": 0.5, "AGR": 0.62}
    rows = make_rows(tmp_path / "p.parquet", thresholds=thresholds)
    found = measure(rows, "test", majority={"EXT": "yes", "NEU": "no", "AGR": "yes"}, resamples=200)
    y, said, p = wide(rows.split("test"))
    each = range(len(TRAITS))
    expected = {
        "accuracy": [accuracy_score(y[:, i], said[:, i]) for i in each],
        "balanced_accuracy": [balanced_accuracy_score(y[:, i], said[:, i]) for i in each],
        "f1": [f1_score(y[:, i], said[:, i]) for i in each],
        "auroc": [roc_auc_score(y[:, i], p[:, i]) for i in each],
    }
    for key, values in expected.items():
        assert [found["traits"][name][key]["value"] for name in TRAITS] == pytest.approx(values, abs=1e-6)
        assert found["mean"][key]["value"] == pytest.approx(np.mean(values), abs=1e-6)
    names = {"accuracy": "accuracy", "recall_macro": "balanced_accuracy", "f1_macro": "f1", "auroc_macro": "auroc"}
    for metric, key in names.items():
        assert found[metric] == found["mean"][key]
    assert found["precision_macro"]["value"] == pytest.approx(precision_score(y, said, average="macro"), abs=1e-6)
    assert found["log_loss"]["value"] == pytest.approx(log_loss(y.ravel(), p.ravel().astype(float)), abs=1e-5)
    guess = [y[:, 0].mean(), 1 - y[:, 1].mean(), y[:, 2].mean()]
    assert [found["traits"][t]["majority"]["accuracy"]["value"] for t in TRAITS] == pytest.approx(guess, abs=1e-6)
    assert found["majority"]["accuracy"]["value"] == pytest.approx(np.mean(guess), abs=1e-6)
    assert found["majority"]["label"] == "the larger side of each label"
    assert {name: one["threshold"] for name, one in found["traits"].items()} == thresholds
    assert (found["n"], found["answers"], found["labels"]) == (100, 300, ["no", "yes"])
    assert sum(map(sum, found["confusion"])) == 300
    assert found["per_class"]["yes"]["recall"]["value"] == pytest.approx((y & said).sum() / y.sum(), abs=1e-6)
    for one in [found, *found["traits"].values()]:
        assert all(v["low"] <= v["value"] <= v["high"] for v in one.values() if isinstance(v, dict) and "low" in v)


def test_the_road_of_slices_and_comparisons_gives_the_same_means(tmp_path: Path) -> None:
    rows = make_rows(tmp_path / "p.parquet")
    found, names = measure(rows, "test", resamples=100), ("accuracy", "recall_macro", "f1_macro", "auroc_macro")
    values = observed(rows.split("test"), names)
    assert [values[name] for name in names] == pytest.approx([found[name]["value"] for name in names], abs=1e-6)


def test_the_mean_is_drawn_by_sample(tmp_path: Path) -> None:
    """Labels that are one and the same tell as much as one of them: the interval of the mean is that of the label."""
    rows = make_rows(tmp_path / "p.parquet", traits=("A",), n=400)
    y, p = rows.labels, rows.probabilities[:, 1]
    meta = rows.meta | {"spec": rows.meta["spec"] | {"labels": ["A", "B", "C"]}}
    meta |= {"thresholds": dict.fromkeys("ABC", 0.5), "people": []}
    ids, splits = rows.columns["sample"], rows.splits
    three = write_rows(tmp_path / "q.parquet", ids, splits, np.stack([y] * 3, 1), np.stack([p] * 3, 1), meta)
    one, all_three = measure(rows, "test", resamples=4000), measure(three, "test", resamples=4000)
    assert all_three["intervals"]["column"] == "sample"
    assert one["intervals"]["drawn"] == "rows"
    for name in ("accuracy", "recall_macro", "auroc_macro"):
        assert all_three[name]["value"] == one[name]["value"]
        assert all_three[name]["low"] == pytest.approx(one[name]["low"], abs=0.005)
        assert all_three[name]["high"] == pytest.approx(one[name]["high"], abs=0.005)


def test_texts_of_one_author_are_drawn_together(tmp_path: Path) -> None:
    rows = make_rows(tmp_path / "p.parquet", authors=12)
    found = measure(rows, "test", resamples=200)
    assert found["intervals"]["column"] == "author"
    assert found["intervals"]["n_drawn"] == 12
    assert found["traits"]["EXT"]["accuracy"]["interval"] == "clustered bootstrap"
    assert found["traits"]["EXT"]["beside"]["test"] == "paired clustered bootstrap, one-sided"


def test_a_label_of_one_side_alone_has_no_area_and_leaves_the_mean(tmp_path: Path) -> None:
    rows = make_rows(tmp_path / "p.parquet")
    labels = np.where(rows.columns["trait"] == "AGR", 1, rows.labels)
    found = measure(replace(rows, labels=labels), "test", resamples=100)
    assert found["traits"]["AGR"]["auroc"] is None
    others = [found["traits"][name]["auroc"]["value"] for name in ("EXT", "NEU")]
    assert found["auroc_macro"]["value"] == pytest.approx(np.mean(others), abs=1e-6)
    assert found["traits"]["AGR"]["verdict"] == NOT_SHOWN


@pytest.mark.parametrize("majority", [{"EXT": "no"}, dict.fromkeys(TRAITS, "maybe")])
def test_a_guess_must_answer_each_label(tmp_path: Path, majority: dict[str, str]) -> None:
    rows = make_rows(tmp_path / "p.parquet", n=20)
    with pytest.raises(FerlabError, match="expected no or yes for each of"):
        measure(rows, "test", majority=majority)


def test_a_model_that_tells_is_shown_and_a_constant_one_is_not(tmp_path: Path) -> None:
    skilled = measure(make_rows(tmp_path / "p.parquet", skill=2.5), "test", resamples=100)
    assert {one["verdict"] for one in skilled["traits"].values()} == {ABOVE}
    constant = make_rows(tmp_path / "q.parquet", thresholds=dict.fromkeys(TRAITS, 0.999999))
    found = measure(constant, "test", resamples=100)
    assert {one["verdict"] for one in found["traits"].values()} == {NOT_SHOWN}
    assert all(one["f1"]["value"] == 0 for one in found["traits"].values())


def test_the_verdict_is_mcnemars_beside_the_better_constant_answer(tmp_path: Path) -> None:
    rows = make_rows(tmp_path / "p.parquet", skill=0.9)
    y, said, _ = wide(rows.split("test"))
    p_values = []
    for i, name in enumerate(TRAITS):
        one = measure(rows, "test", resamples=50)["traits"][name]["beside"]
        side = int(y[:, i].mean() > 0.5)
        ours, theirs = said[:, i] == y[:, i], y[:, i] == side
        gained, lost = int((ours & ~theirs).sum()), int((~ours & theirs).sum())
        assert one["guess"] == ("no", "yes")[side]
        assert one["value"] == pytest.approx(ours.mean() - theirs.mean(), abs=1e-6)
        n = gained + lost
        assert one["p"] == pytest.approx(binom.sf(gained, n, 0.5) + binom.pmf(gained, n, 0.5) / 2)
        p_values.append(one["p"])
    found = [one["beside"]["p_holm"] for one in measure(rows, "test", resamples=50)["traits"].values()]
    assert min(found) == pytest.approx(3 * min(p_values))


def test_by_chance_alone_few_labels_are_called_told(tmp_path: Path) -> None:
    """Of models that know nothing, at most one in twenty calls any of its labels told."""
    wrong = 0
    for seed in range(60):
        rows = make_rows(tmp_path / "p.parquet", n=120, skill=0.0, seed=seed)
        wrong += ABOVE in {one["verdict"] for one in measure(rows, "test", resamples=50)["traits"].values()}
    assert wrong <= 3


def test_a_comparison_tells_label_by_label_where_two_models_differ(tmp_path: Path) -> None:
    better = make_rows(tmp_path / "p.parquet", skill=3.0, noise=1)
    worse = make_rows(tmp_path / "q.parquet", skill=0.0, noise=2)
    # alike on the last label
    last = better.columns["trait"] == "AGR"
    worse = replace(worse, preds=np.where(last, better.preds, worse.preds))
    found = compare_rows({"better": better, "worse": worse}, resamples=400)
    pair = found["pairs"][0]
    assert pair["better"] == "a"
    assert pair["mcnemar"] is None
    assert found["intervals"]["column"] == "sample"
    part, other = better.split("test"), worse.split("test")
    for i, name in enumerate(TRAITS):
        (y, a, _), (_, b, _) = wide(part), wide(other)
        gone = accuracy_score(y[:, i], a[:, i]) - accuracy_score(y[:, i], b[:, i])
        assert pair["traits"][name]["value"] == pytest.approx(gone, abs=1e-6)
    assert pair["traits"]["EXT"]["p_holm"] < 0.001
    assert pair["traits"]["AGR"]["mcnemar"]["p"] == 1
    assert [line[2] for line in label_lines(found)] == ["label", *TRAITS]
    by_author = [make_rows(tmp_path / f"{i}.parquet", noise=i, authors=12) for i in (1, 2)]
    clustered = compare_rows(dict(zip("ab", by_author, strict=True)), resamples=200)["pairs"][0]
    assert clustered["traits"]["EXT"]["mcnemar"] is None
    assert clustered["traits"]["EXT"]["interval"] == "paired clustered bootstrap"


def test_slices_by_label_stand_in_every_report(tmp_path: Path) -> None:
    rows = make_rows(tmp_path / "p.parquet", n=60, authors=20)
    found = column_slices(rows, resamples=100)["columns"]
    assert "sample" not in found
    assert [one["value"] for one in found["trait"]["slices"]] == sorted(TRAITS)
    # a part of one label has no mean over labels
    assert found["trait"]["label"] == "accuracy"
    part, y = rows.split("test"), wide(rows.split("test"))
    by_label = slice_rows(part, part.columns["trait"], "trait", "recall_macro", resamples=100)
    expected = {name: balanced_accuracy_score(y[0][:, i], y[1][:, i]) for i, name in enumerate(TRAITS)}
    values = {one["value"]: one["estimate"]["value"] for one in by_label["slices"]}
    assert values == pytest.approx(expected, abs=1e-6) and by_label["label"] == "balanced accuracy"
    halves = slice_rows(part, np.where(np.arange(len(part)) % 6 < 3, "a", "b"), "half", "recall_macro", resamples=20)
    assert halves["label"] == "balanced accuracy, mean"


def test_folds_are_pooled_as_each_decided(tmp_path: Path) -> None:
    folds = []
    for fold, threshold in enumerate((0.3, 0.6)):
        rows = make_rows(tmp_path / f"{fold}.parquet", n=40, seed=fold, thresholds=dict.fromkeys(TRAITS, threshold))
        test = rows.splits == "test"
        names = rows.columns["sample"]
        own = np.where(test, np.char.add(names, f"-{fold}"), names)
        ids = np.char.add(np.char.add(own, "/"), rows.columns["trait"])
        folds.append(replace(rows, ids=ids, columns={**rows.columns, "sample": own}))
    rows = pooled(folds)
    save_rows(tmp_path / "all.parquet", rows)
    again = read_rows(tmp_path / "all.parquet")
    for fold, threshold in enumerate((0.3, 0.6)):
        here = again.columns["fold"] == fold
        p = again.probabilities[here, 1].astype(np.float64)
        assert np.array_equal(again.preds[here], (p >= threshold).astype(int))
    val = again.split("val")
    assert val.ids[0].endswith("/AGR") or val.ids[0].endswith("/EXT")
    assert " (fold 0)/" in str(sorted(val.ids.tolist())[0])
    # one sample, validation in both folds, is one cluster
    assert measure(again, "val", resamples=50)["intervals"]["n_drawn"] == 20
    assert measure(again, "test", resamples=50)["traits"]["EXT"]["threshold"] == [0.3, 0.6]
