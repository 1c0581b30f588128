"""Predicting image files with a checkpoint alone."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fakes.pictures import blocks, colours, encode
from ferlab.errors import FerlabError
from ferlab.prediction import predict_files
from test_checkpoint import save, task


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    return str(save(tmp_path / "best.ckpt", task()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "photos"
    (inside / "more").mkdir(parents=True)
    (inside / "a.jpg").write_bytes(encode(colours(1)))
    (inside / "more" / "b.png").write_bytes(encode(blocks(2), ".png"))
    (inside / "notes.txt").write_text("no image")
    return inside


def test_a_folder_gives_a_row_a_file(
    checkpoint: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files, p = predict_files(checkpoint, str(folder), output=str(tmp_path / "out.csv"))
    assert [f.name for f in files] == ["a.jpg", "b.png"]
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert [row["path"] for row in rows] == [str(f) for f in files]
    labels = ["happy", "sad", "angry"]
    np.testing.assert_allclose([[float(r[f"p_{n}"]) for n in labels] for r in rows], p, atol=1e-6)
    assert [row["pred"] for row in rows] == [labels[i] for i in p.argmax(1)]
    assert "prediction" in capsys.readouterr().out


def test_one_file_alone_gets_the_same_answer(checkpoint: str, folder: Path) -> None:
    _, every = predict_files(checkpoint, str(folder))
    _, one = predict_files(checkpoint, [str(folder / "more" / "b.png")])
    np.testing.assert_allclose(one[0], every[1], rtol=1e-5)


def test_mistakes_are_named(checkpoint: str, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FerlabError, match=r"no such file or folder: .*nowhere\.jpg"):
        predict_files(checkpoint, str(tmp_path / "nowhere.jpg"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(FerlabError, match="no image in folder"):
        predict_files(checkpoint, str(tmp_path / "empty"))
    (folder / "broken.jpg").write_bytes(encode(colours(1))[:200])
    with pytest.raises(FerlabError, match=r"broken\.jpg"):
        predict_files(checkpoint, str(folder))


@pytest.mark.slow
def test_the_entry_prints_a_table(checkpoint: str, folder: Path, tmp_path: Path) -> None:
    words = ["-m", "ferlab.predict", f"checkpoint={checkpoint}", f"images={folder}"]
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "a.jpg" in done.stdout and "probability" in done.stdout
