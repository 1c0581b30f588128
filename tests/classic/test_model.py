"""A classic model that was kept: it says of files what the run said of its samples, and nothing else is loaded."""

import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import soundfile

from classic_toy import config, fit
from ferlab.build import build
from ferlab.classic.model import load
from ferlab.classic.model_file import NAME
from ferlab.errors import FerlabError
from ferlab.evaluation.rows import Rows, read_rows
from ferlab.prediction import predict_files
from ferlab.repeat import evaluate

SPEECH = ["data=synthetic_speech", "data.speakers=4", "data.repetitions=1", "data.classes=[happy,sad,angry]"]
SPEECH += ["protocol=actor5", "protocol.folds=2", "features=clip_statistics", "figures=false"]
ESSAYS = [
    "data=synthetic_essays",
    "data.n=320",
    "data.words=60",
    "features.tfidf.characters=null",
    "features=tfidf",
    "protocol=holdout",
    "figures=false",
    "scaling=none",
]


def rows_of(folder: Path) -> Rows:
    return read_rows(folder / "predictions.parquet").split("test")


def write_images(folder: Path, values: dict[str, Any], ids: np.ndarray) -> None:
    samples = build(values["data"]).load()
    folder.mkdir()
    place = {name: i for i, name in enumerate(samples.ids.tolist())}
    for number, name in enumerate(ids.tolist()):
        cv2.imwrite(str(folder / f"{number:03}.png"), samples.x[place[name]])


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classic") / "run"
    fit(folder, "classifier=svm_rbf", "features=[raw,hog]", "reduction=select_k_best", "reduction.k=50")
    write_images(folder.parent / "photos", config(), rows_of(folder).ids)
    return folder


def test_files_get_what_the_run_said_of_the_same_images(
    faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, table = str(faces.parent / "photos"), tmp_path / "out.csv"
    _, p = predict_files(str(faces / NAME), images=photos, calibrated=False, output=str(table))
    rows = rows_of(faces)
    np.testing.assert_allclose(p, rows.probabilities, atol=1e-6)
    written = list(csv.DictReader(table.read_text().splitlines()))
    assert [row["pred"] for row in written] == [rows.meta["spec"]["labels"][i] for i in rows.preds]
    said = capsys.readouterr().out
    assert "SYNTHETIC" in said and "svm_rbf(raw+hog)" in said and "not calibrated" in said
    _, again = predict_files(str(faces), files=photos)
    np.testing.assert_array_equal(again.argmax(1), p.argmax(1))
    assert "temperature" in capsys.readouterr().out, "a run folder will do, and its model knows its calibration"


def test_images_of_other_sizes_are_brought_to_the_data_sets(faces: Path, tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (60, 48, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "big.png"), image)
    _, p = predict_files(str(faces), images=str(tmp_path / "big.png"))
    np.testing.assert_allclose(p.sum(1), 1)


def test_wished_errors_ask_for_thresholds(faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = str(faces.parent / "photos")
    with pytest.raises(FerlabError, match=r"max_error=0\.77: expected one that"):
        predict_files(str(faces), images=photos, max_error=0.77)
    before = (faces / NAME).read_bytes()
    evaluate(str(faces), figures=False, wished_errors=[0.9])
    predict_files(str(faces), images=photos, max_error=0.9, output=str(tmp_path / "out.csv"))
    sure = [row["sure"] == "yes" for row in csv.DictReader((tmp_path / "out.csv").read_text().splitlines())]
    kept = next(one["threshold"] for one in load(faces / NAME).facts["calibration"]["thresholds"])
    _, p = predict_files(str(faces), images=photos)
    assert sure == (p.max(1) >= kept).tolist() and any(sure)
    assert "reproduced exactly" in capsys.readouterr().out
    (faces / NAME).write_bytes(before)


def test_evaluation_finds_the_run_again(faces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(str(faces))
    assert "metrics.json of the run is reproduced exactly" in capsys.readouterr().out
    again = faces / "evaluation-model"
    np.testing.assert_array_equal(rows_of(again).probabilities, rows_of(faces).probabilities)
    assert (again / "report.md").is_file() and (again / "figures" / "confusion.png").is_file()
    with pytest.raises(FerlabError, match=r"evaluate: device, tta, explain\.checks: for networks alone"):
        evaluate(str(faces), device="cuda", tta={"_target_": "x"}, explain={"checks": True})


def test_sounds_are_heard_as_the_data_set_heard_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fit(tmp_path / "run", *SPEECH, "classifier=random_forest", "classifier.n_estimators=20", "search=none")
    rows, samples = rows_of(tmp_path / "run"), build(config(*SPEECH)["data"]).load()
    (tmp_path / "clips").mkdir()
    for number, name in enumerate(rows.ids.tolist()):
        clip = samples.x[samples.ids.tolist().index(name)]
        soundfile.write(tmp_path / "clips" / f"{number:03}.wav", clip[clip > -32768], 16_000)
    _, p = predict_files(str(tmp_path / "run"), sounds=str(tmp_path / "clips"), calibrated=False)
    np.testing.assert_allclose(p, rows.probabilities, atol=1e-3)
    soundfile.write(tmp_path / "long.wav", np.sin(np.arange(10 * 44_100) / 30), 44_100)
    predict_files(str(tmp_path / "run"), sounds=str(tmp_path / "long.wav"))
    assert "longer than every clip of the data set" in " ".join(capsys.readouterr().out.split())


def test_texts_get_a_yes_or_no_for_each_label(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    fit(run, *ESSAYS, "classifier=logistic_regression", "search=grid", "search.folds=2", "search.grid={C: [1, 10]}")
    rows, samples = rows_of(run), build(config(*ESSAYS)["data"]).load()
    labels = rows.meta["spec"]["labels"]
    ids = list(dict.fromkeys(one.rpartition("/")[0] for one in rows.ids.tolist()))
    with (tmp_path / "texts.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text"])
        writer.writerows([samples.x[samples.ids.tolist().index(one)]] for one in ids)
    out = tmp_path / "out.csv"
    _, p = predict_files(str(run), texts=str(tmp_path / "texts.csv"), calibrated=False, output=str(out))
    ours = {
        (one.rpartition("/")[0], label): (q, yes)
        for one, label, q, yes in zip(
            rows.ids.tolist(), rows.columns["trait"].tolist(), rows.probabilities[:, 1], rows.preds, strict=True
        )
    }
    wanted = np.array([[ours[one, label][0] for label in labels] for one in ids])
    np.testing.assert_allclose(p, wanted, atol=1e-6)
    written = list(csv.DictReader(out.read_text().splitlines()))
    said = [[row[f"pred_{label}"] == "yes" for label in labels] for row in written]
    np.testing.assert_array_equal(said, [[ours[one, label][1] == 1 for label in labels] for one in ids])
    (tmp_path / "strange.txt").write_text("Ыыыы ъъъъ")
    predict_files(str(run), texts=str(tmp_path / "strange.txt"))
    assert "is what the model learnt from" in " ".join(capsys.readouterr().out.split())
    evaluate(str(run), figures=False)
    assert "reproduced exactly" in capsys.readouterr().out


def test_each_fold_keeps_its_own_and_the_folder_of_all_says_so(tmp_path: Path) -> None:
    from ferlab.studies.classic import run

    values = config("protocol=kfold", "protocol.folds=2", "protocol.fold=null", "folds=all", "classifier=naive_bayes")
    run(values, tmp_path / "cv", "c", str)
    assert (tmp_path / "cv" / "fold-1" / NAME).is_file() and not (tmp_path / "cv" / NAME).exists()
    with pytest.raises(FerlabError, match=r"no model in .*cv; .*each fold has a model of its own; .*fold-0"):
        predict_files(str(tmp_path / "cv"), images="x.png")
    with pytest.raises(FerlabError, match=r"kept no model, no model\.skops \(each of its folds"):
        evaluate(str(tmp_path / "cv"))
