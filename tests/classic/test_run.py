"""A classic run: the same folder as a network's, read by report, compare and slices beside one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toy
from classic_toy import SMALL, config, fit
from ferlab.classic.inputs import build_features
from ferlab.classic.run import name_of
from ferlab.config import compose, plain
from ferlab.errors import FerlabError
from ferlab.evaluation.pages.comparing import compare
from ferlab.evaluation.pages.slicing import slices
from ferlab.evaluation.run_folder import read_run
from ferlab.reporting.gather import gather
from ferlab.reporting.grouping import group
from ferlab.studies.classic import run

GRID = ["classifier=svm_rbf", "search=grid", "search.grid={C: [1, 10], gamma: [scale]}", "search.folds=3"]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classic") / "svm"
    fit(folder, *GRID, "figures=true")
    return folder


def test_the_folder_is_whole(searched: Path) -> None:
    found = read_run(searched)
    metrics, training = found.metrics, found.training
    assert metrics["model"] == "svm_rbf(raw)" and metrics["test"]["n"] == 60
    assert metrics["test"]["accuracy"]["value"] > 1.3 * metrics["test"]["majority"]["accuracy"]["value"]
    assert metrics["calibration"]["temperature"]["value"] == pytest.approx(1, abs=0.02), "fitted on the same rows"
    assert training["size"] is None and "no number of weights" in training["size_reason"]
    assert {"fit_seconds", "predict_seconds", "search_seconds", "features_seconds"} <= set(training)
    names = {path.name for path in searched.iterdir()}
    assert names == {
        *("config.yaml", "training.json", "metrics.json", "predictions.parquet", "candidates.csv", "model.skops"),
        *("figures", "report.md"),
    }
    drawn = {path.stem for path in (searched / "figures").iterdir()}
    assert {"confusion", "roc", "class_counts", "candidates", "reliability"} <= drawn
    table = (searched / "candidates.csv").read_text().splitlines()
    assert table[0].startswith("round,C,gamma,mean,sd,fold_0,fold_1,fold_2,seconds,samples") and len(table) == 3


def test_the_report_tells_the_pipeline_and_no_epoch(searched: Path) -> None:
    text = (searched / "report.md").read_text()
    for wanted in (
        "## Pipeline",
        "features: raw (576)",
        "size=null, colour=data",
        "kernel=rbf, C=",
        "gamma=scale, class_weight=null",
        "support vectors",
        "## Search",
        "chosen: C=",
        "options were chosen on training samples",
        "fitted on the 60 validation rows",
        "The validation samples calibrated the probabilities, so their figures flatter",
        "parameters and multiply-adds: not counted",
        "figures/candidates.png",
        "SYNTHETIC DATA",
    ):
        assert wanted in text, wanted
    assert "epoch" not in text


def test_the_rows_are_the_classifiers_decisions(searched: Path) -> None:
    rows = read_run(searched).rows
    np.testing.assert_array_equal(rows.preds, rows.probabilities.argmax(1))
    assert len(rows.split("val")) == len(rows.split("test")) == 60


def test_repeating_a_run_gives_the_same_bytes(searched: Path, tmp_path: Path) -> None:
    fit(tmp_path / "again", *GRID)
    assert (tmp_path / "again" / "predictions.parquet").read_bytes() == (searched / "predictions.parquet").read_bytes()
    one, two = (json.loads((folder / "metrics.json").read_text()) for folder in (searched, tmp_path / "again"))
    assert (
        one["test"] == two["test"]
        and one["classic"]["search"]["of"][0]["winner"] == (two["classic"]["search"]["of"][0]["winner"])
    )


def test_it_stands_beside_a_network(searched: Path, tmp_path: Path) -> None:
    sizes = [one for one in SMALL if one.startswith("data.")]
    values = toy.config(*sizes, "model=mlp", "trainer.max_epochs=1", "figures=false")
    from ferlab.run import train

    train(values, tmp_path / "network", "python -m ferlab.train")
    result = compare([str(searched), str(tmp_path / "network")], "accuracy", "test", None, "runs", 200)
    assert set(result["runs"]) == {"svm_rbf(raw)", "mlp"}
    groups, _ = group(gather([str(searched), str(tmp_path / "network")]))
    assert {one.first.metrics["model"] for one in groups} == {"svm_rbf(raw)", "mlp"}


def test_slices_read_it(searched: Path, tmp_path: Path, capsys: Any) -> None:
    given = plain(compose("slices", [f"run={searched}", "by=glasses", "resamples=100"]))
    slices(**{**given, "output": str(tmp_path / "slices")})
    assert "glasses" in capsys.readouterr().out


def test_a_report_of_runs_tells_what_sets_classic_ones_apart(searched: Path, tmp_path: Path) -> None:
    other = [one.replace("1, 10", "10") for one in GRID]
    fit(tmp_path / "pca", *other, "reduction=pca", "reduction.n_components=5")
    groups, _ = group(gather([str(searched), str(tmp_path / "pca")]))
    assert any("reduction=pca" in one.setting for one in groups)


@pytest.mark.parametrize("name", ["undersample", "oversample", "class_weights", "weighted_sampler", "d1"])
def test_rebalancing_as_the_networks(name: str, tmp_path: Path) -> None:
    more = {"undersample": ["rebalance.ceiling=15"], "d1": ["rebalance.copies=2", "rebalance.from_images=4"]}
    uneven = ["data.imbalance=0.6", f"rebalance={name}", *more.get(name, [])]
    result = fit(tmp_path / "run", *uneven, "classifier=svm_linear", "search=grid", "search.folds=2")
    rebalanced = result["data"]["class_counts"]["train after rebalancing"]
    assert (rebalanced != result["data"]["class_counts"]["train"]) != (name == "class_weights")
    assert result["classic"]["class_weights"] == (name == "class_weights")


def test_all_folds_are_pooled_by_one_command(tmp_path: Path) -> None:
    values = config(
        *("protocol=kfold", "protocol.folds=3", "protocol.fold=null", "folds=all", "classifier=logistic_regression"),
        *("search=grid", "search.folds=2", "search.grid={C: [0.0001, 0.001]}"),
    )
    result = run(values, tmp_path / "cv", "python -m ferlab.baseline folds=all", lambda fold: f"fold {fold}")
    whole = read_run(tmp_path / "cv")
    assert result["test"]["n"] == 270 and len(set(whole.rows.split("test").ids)) == 270
    assert result["model"] == "logistic_regression(raw)" and len(result["folds"]["each"]) == 3
    assert read_run(tmp_path / "cv" / "fold-1").training["command"] == "fold 1"
    text = (tmp_path / "cv" / "report.md").read_text()
    assert "## 3 folds" in text and "**fold 2**: 2 scored" in text and "stands in each fold's candidates.csv" in text
    again = {**values, "resume": str(tmp_path / "cv")}
    before = (tmp_path / "cv" / "fold-0" / "metrics.json").stat().st_mtime_ns
    assert run(again, tmp_path / "new", "c", str)["test"] == result["test"]
    assert (tmp_path / "cv" / "fold-0" / "metrics.json").stat().st_mtime_ns == before


def test_a_fifth_of_validation_chooses_and_the_report_says_so(tmp_path: Path) -> None:
    result = fit(tmp_path / "run", *GRID, "search.rows=val", "search.share=0.5", "calibrate_on=train")
    assert result["classic"]["search"]["of"][0]["top"][0]["samples"] == pytest.approx(20, abs=3)
    text = (tmp_path / "run" / "report.md").read_text()
    assert "The validation samples chose among the candidates, so their figures flatter" in text
    assert "out of 5 folds" in text and "50 % of the validation samples" in text


def test_sound_and_text(tmp_path: Path) -> None:
    speech = ["data=synthetic_speech", "data.speakers=6", "data.repetitions=1", "protocol=actor5", "protocol.folds=3"]
    speech += ["data.classes=[happy,sad,angry]"]
    heard = fit(
        tmp_path / "speech",
        *speech,
        *("features=clip_statistics", "classifier=linear_svc", "search=grid", "search.folds=2", "figures=false"),
    )
    assert heard["test"]["recall_macro"]["value"] > 0.4 and heard["classic"]["features"][0]["name"] == "clip_statistics"
    essays = ["data=synthetic_essays", "features=tfidf", "scaling=none", "protocol=holdout", "figures=false"]
    read = fit(tmp_path / "essays", *essays, "classifier=logistic_regression", "search=grid", "search.folds=3")
    assert [one["label"] for one in read["classic"]["outputs"]] == read["data"]["labels"]
    assert read["test"]["accuracy"]["value"] > 0.5
    assert (tmp_path / "essays" / "candidates.csv").read_text().startswith("label,round,C,")


def test_sounds_at_another_rate_than_a_feature_expects_are_refused() -> None:
    values = {"clip_statistics": {"_target_": "ferlab.features.clip_statistics.ClipStatistics"}}
    assert build_features(values, "audio", 16_000)["clip_statistics"].rate == 16_000
    with pytest.raises(FerlabError, match=r"features=clip_statistics: expects .* 16,000 .* data\.rate=8000.*16000$"):
        build_features(values, "audio", 8000)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["features=tfidf"], r"features=tfidf: made for text samples, but this data set's are image"),
        (
            ["calibrate_on=train", "data.n_train=9"],
            r"calibrate_on=train: a fold would miss a class: .*\(5 folds\); cure: calibrate_on=val, or none$",
        ),
        (["search=grid", "search.folds=60"], r"search\.folds=60: a fold would miss a class"),
        (["rebalance=deferred"], r"rebalance\.start_epoch: .* has no epochs; cure: rebalance\.start_epoch=0"),
        (["calibrate_on=test"], "calibrate_on: expected one of val, train, none, found 'test'"),
        (["features=[]"], r"features: expected one or more, found none; cure: features=hog"),
        (["search.kind=grid"], r"search\.kind=grid: its options are missing .*cure: search=grid"),
        (["search=grid", "search.grid={C: [-1]}"], r"none of 1 candidates could be fitted; svm: C: expected a number"),
        (["classifier.class_weight={happy: x}"], r"class_weight: expected factors above 0, found \{'happy': 'x'\}"),
        (["classifier.class_weight={sad: -1}"], r"class_weight: expected factors above 0"),
        (["seed=null"], "seed: expected a whole number"),
        (["classifier=knn", "rebalance=class_weights"], "knn: knows no class weights"),
        (["classifier.C=-1"], "C: expected a number above 0, found -1"),
    ],
)
def test_what_cannot_be_is_told_and_leaves_nothing_behind(overrides: list[str], message: str, tmp_path: Path) -> None:
    folder = tmp_path / "day" / "run"
    with pytest.raises(FerlabError, match=message):
        fit(folder, *overrides)
    assert not folder.exists()


def test_what_lay_in_the_folder_before_a_failed_run_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "notes.txt").write_text("more")
    with pytest.raises(FerlabError, match="C: expected a number above 0"):
        fit(tmp_path, "classifier.C=-1")
    assert {path.name for path in tmp_path.iterdir()} == {"mine", "notes.txt"}
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_figures_that_are_broken_off_leave_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    drawn = Figure.savefig

    def once(figure: Figure, file: Path, **options: Any) -> None:
        if "roc" in str(file):
            Path(file).write_bytes(b"half of it")
            raise KeyboardInterrupt
        drawn(figure, file, **options)

    monkeypatch.setattr(Figure, "savefig", once)
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "run", "figures=true")
    assert {path.name for path in (tmp_path / "run" / "figures").iterdir()} == {"confusion.png"}
    assert read_run(tmp_path / "run").metrics["test"] and (tmp_path / "run" / "model.skops").is_file()
    text = (tmp_path / "run" / "report.md").read_text()
    assert "figures/confusion.png" in text and "figures/roc.png" not in text


def test_nan_features_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ferlab.classic import inputs

    def torn(feature: Any, x: np.ndarray, what: str) -> np.ndarray:
        values = np.ones((len(x), 4), np.float32)
        values[[3, 5], 2] = np.nan
        return values

    monkeypatch.setattr(inputs, "extract", torn)
    with pytest.raises(FerlabError, match=r"features=raw: 2 of 270 samples hold NaN .* first sample \S+ at value 2"):
        fit(tmp_path / "run")


def test_folds_and_resume_that_make_no_sense(tmp_path: Path) -> None:
    for override, message in (
        ("folds=each", "folds: expected one or all"),
        ("resume=x", "resume: a single classic run"),
    ):
        with pytest.raises(FerlabError, match=message):
            run(config(override), tmp_path / "run", "c", str)


def test_several_features_stand_side_by_side_and_name_the_run(tmp_path: Path) -> None:
    values = config("features=[raw,lbp]", "classifier=knn")
    assert name_of(values) == "knn(raw+lbp)"
    result = fit(tmp_path / "run", "features=[raw,lbp]", "classifier=knn")
    facts = result["classic"]
    assert [one["name"] for one in facts["features"]] == ["raw", "lbp"]
    assert facts["outputs"][0]["given"] == sum(one["features"] for one in facts["features"])
