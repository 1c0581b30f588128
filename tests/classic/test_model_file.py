"""A kept model's file: what is refused, each with one message."""

import json
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from classic_toy import config, fit
from ferlab.build import build
from ferlab.classic.model import load
from ferlab.classic.model_file import NAME, VALUES, amend, read_values
from ferlab.errors import FerlabError
from ferlab.prediction import predict_files
from ferlab.repeat import evaluate


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classic") / "run"
    fit(folder, "classifier=naive_bayes")
    return folder / NAME


@pytest.fixture
def photo(tmp_path: Path) -> str:
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((30, 30), np.uint8))
    return str(tmp_path / "photo.png")


def test_a_run_without_its_model_says_so_everywhere(tmp_path: Path) -> None:
    from ferlab import checkpoint

    fit(tmp_path / "run", "classifier=naive_bayes", "keep_model=false")
    assert not (tmp_path / "run" / NAME).exists()
    with pytest.raises(FerlabError, match=r"kept no model.*keep_model=true, fits it again"):
        evaluate(str(tmp_path / "run"))
    with pytest.raises(FerlabError, match=r"no model in .*keep_model=true"):
        predict_files(str(tmp_path / "run"), images="x.png")
    with pytest.raises(FerlabError, match=r"is a run without checkpoints, as those of ferlab.baseline are"):
        checkpoint.read(tmp_path / "run" / "checkpoints" / "last.ckpt")
    with pytest.raises(FerlabError, match=r"model\.skops is a classic model; expected a network's"):
        checkpoint.read(tmp_path / NAME)


def test_a_model_larger_than_wished_is_not_kept_and_the_run_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(tmp_path / "run", "classifier=knn", "keep_model=0.1")
    assert "model not kept: it would take 0.3" in capsys.readouterr().out
    assert (tmp_path / "run" / "metrics.json").is_file() and not (tmp_path / "run" / NAME).exists()
    with pytest.raises(FerlabError, match=r"keep_model: expected true, false or megabytes, 0 or more, found 'no'"):
        fit(tmp_path / "other", "keep_model='no'")


def _changed(source: Path, target: Path, **change: Any) -> Path:
    target.write_bytes(source.read_bytes())
    amend(target, change)
    return target


def test_files_that_are_no_such_model_are_told(model: Path, photo: str, tmp_path: Path) -> None:
    with pytest.raises(FerlabError, match=r"no file .*nowhere\.skops"):
        load(tmp_path / "nowhere.skops")
    (tmp_path / "cut.skops").write_bytes(model.read_bytes()[:2000])
    with pytest.raises(FerlabError, match="broken or cut short"):
        load(tmp_path / "cut.skops")
    with zipfile.ZipFile(tmp_path / "foreign.skops", "w") as archive:
        archive.writestr("schema.json", "{}")
    with pytest.raises(FerlabError, match=r"was not written by ferlab.baseline"):
        load(tmp_path / "foreign.skops")
    with pytest.raises(FerlabError, match="expected a model of format 1, found 0, written by ferlab"):
        load(_changed(model, tmp_path / "older.skops", format=0))
    values = read_values(model)
    features = values["features"]
    for change, message in (
        ({"values": {"_target_": "torch.load", "f": "x"}}, "refused to build 'torch.load' for its feature raw"),
        ({"version": 0}, "was fitted on version 0 of raw, this ferlab has 1"),
        ({"options": {"size": 3}}, "its feature raw is made with is not the same"),
    ):
        other = _changed(model, tmp_path / "f.skops", features={**features, "raw": {**features["raw"], **change}})
        with pytest.raises(FerlabError, match=message):
            load(other)
    width = {**features, "raw": {**features["raw"], "width": 5}}
    with pytest.raises(FerlabError, match="was fitted on 5 values of raw, found 576; expected samples of the shape"):
        predict_files(str(_changed(model, tmp_path / "w.skops", features=width)), images=photo)
    with pytest.raises(FerlabError, match=r"does not hold what ferlab .* writes into a model"):
        load(_changed(model, tmp_path / "o.skops", outputs=[]))


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"}, "os.system by FunctionNode"),
        ({"__class__": "SVC", "__module__": "sklearn.svm._classes", "__loader__": "ObjectNode"}, "sklearn.svm._cl"),
        ({"__class__": "partial", "__module__": "functools", "__loader__": "PartialNode"}, "functools.partial by"),
    ],
)
def test_types_beyond_the_trusted_ones_are_refused(model: Path, tmp_path: Path, node: Any, message: str) -> None:
    path = tmp_path / "evil.skops"
    with zipfile.ZipFile(model) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "schema.json":
                schema = json.loads(data)
                schema["content"]["evil"] = node
                data = json.dumps(schema).encode()
            new.writestr(name, data)
    with pytest.raises(FerlabError, match=f"holds {message}.*, refused: a classic model is made of"):
        load(path)
    assert VALUES in zipfile.ZipFile(path).namelist()


def test_a_file_that_features_want_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = tmp_path / "points.csv"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    samples = build(config()["data"]).load()
    names = [f"{axis}{i}" for i in range(4) for axis in "xy"]
    rng = np.random.default_rng(0)
    with points.open("w") as file:
        file.write(",".join(["id", *names]) + "\n")
        file.writelines(f"{one},{','.join(f'{v:.3f}' for v in rng.uniform(0, 24, 8))}\n" for one in samples.ids)
    eyes = ["features.landmarks.provider.left_eye=[0,1]", "features.landmarks.provider.right_eye=[2,3]"]
    fit(
        tmp_path / "run",
        "features=landmarks_table",
        *(one.replace("features.landmarks.", "features.landmarks_table.") for one in eyes),
        "features.landmarks_table.provider.file=points.csv",
        "classifier=naive_bayes",
    )
    monkeypatch.chdir(tmp_path / "elsewhere")
    evaluate(str(tmp_path / "run"), figures=False)
    with pytest.raises(FerlabError, match="a table of points by the ids of its data set's samples"):
        predict_files(str(tmp_path / "run"), images="x.png")
    points.rename(tmp_path / "run" / "points.csv")
    assert load(tmp_path / "run" / NAME).features, "beside the model will do"
    (tmp_path / "run" / "points.csv").write_text("id,x0,y0,x1,y1,x2,y2,x3,y3\na,1,2,3,4,5,6,7,8\n")
    with pytest.raises(FerlabError, match=r"is not the same as when it was fitted \(provider\)"):
        load(tmp_path / "run" / NAME)
    (tmp_path / "run" / "points.csv").unlink()
    with pytest.raises(FerlabError, match=r"cannot make its features again: .*no file .*points\.csv"):
        load(tmp_path / "run" / NAME)
