"""The whole audit: its files, its sentences, its pictures, on made copies and on the real sets."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes import fer2013 as fake
from fakes.pictures import blocks, encode
from ferlab.auditing.audit import audit
from ferlab.auditing.findings import _leaks
from ferlab.config import compose, plain
from ferlab.errors import FerlabError


def run(folder: Path, *overrides: str) -> dict[str, Any]:
    return audit(plain(compose("audit", overrides)), folder, "python -m ferlab.audit " + " ".join(overrides))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Thirty pictures of two classes in train and test, with copies across the splits and a blank one."""
    root = tmp_path / "pictures"
    number = 0
    for split, count in (("train", 10), ("test", 5)):
        for label in ("glad", "sad"):
            (root / split / label).mkdir(parents=True)
            for _ in range(count):
                (root / split / label / f"{number:03d}.png").write_bytes(encode(blocks(number), ".png"))
                number += 1
    (root / "test" / "sad" / "exact.png").write_bytes(encode(blocks(0), ".png"))
    (root / "test" / "glad" / "near.png").write_bytes(encode(np.ascontiguousarray(blocks(1)[:, ::-1]), ".png"))
    (root / "train" / "sad" / "blank.png").write_bytes(encode(np.zeros((48, 48, 1), np.uint8), ".png"))
    return root


def test_files_findings_and_pictures(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "audit"
    result = run(folder, "data=image_folder", f"data.root={pictures}", "data.size=null")
    assert json.loads((folder / "audit.json").read_text()) == result
    assert result["copies"]["pairs"] == {"exact": 1, "near": 1, "mirrored": 1}
    assert [sorted(pair) for pair in result["ids"]["exact_pairs"]] == [["test/sad/exact.png", "train/glad/000.png"]]
    (near,) = result["ids"]["near_pairs"]
    assert sorted(near[:2]) == ["test/glad/near.png", "train/glad/001.png"] and near[2] > 0.99
    assert result["contradictions"]["exact"]["confused"] == {"glad / sad": 1}
    assert result["ids"]["constant"] == ["train/sad/blank.png"]
    assert result["cost"]["peak_memory_mb"] > 0 and result["cost"]["seconds"]["all"] > 0
    page = (folder / "audit.md").read_text()
    words = " ".join(capsys.readouterr().out.split())
    for text in (
        "2 of 12 images of test (16.7 %) are copies of images in train",
        "protocol=dedup",
        "Blank images, or nearly so: 1.",
    ):
        assert text in page.replace("**", "") and text in words.replace("**", "")
    assert "| glad / sad | 1 | 1 |" in page and "FER+ votes are on FER-2013, not on image_folder" in page
    drawn = {path.stem for path in (folder / "sheets").iterdir()}
    assert {"contradicting", "near_copies", "above_threshold", "largest_groups", "blank"} <= drawn
    assert all(f"(sheets/{name}.png)" in page for name in drawn)


def test_the_same_data_give_the_same_findings_and_pictures(pictures: Path, tmp_path: Path) -> None:
    results = [run(tmp_path / name, "data=image_folder", f"data.root={pictures}", "data.size=null") for name in "ab"]
    for result in results:
        del result["cost"]
    assert results[0] == results[1]
    for path in (tmp_path / "a" / "sheets").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / "sheets" / path.name).read_bytes()


def test_votes_of_the_original_table_stand_in_the_audit(tmp_path: Path) -> None:
    faces = fake.faces()
    (tmp_path / "fer2013.csv").write_bytes(fake.table(faces))
    (tmp_path / "fer2013new.csv").write_bytes(fake.votes(faces))
    options = ["data=fer2013", f"data.root={tmp_path}", "data.check_counts=false", "examples=3"]
    result = run(tmp_path / "audit", *options)
    assert result["votes"]["images"] == len(faces) and result["votes"]["counts"]["contradicted"] == 0
    assert "no answer has 5 votes" in (tmp_path / "audit" / "audit.md").read_text()


@pytest.mark.parametrize(("near", "words"), [(0, "none of the 1,770 pairs"), (1, "1 near pair is a mistake")])
def test_few_near_pairs_of_drawn_faces_are_told_rightly(near: int, words: str) -> None:
    copies = {"pairs": {"exact": 0, "near": near}}
    assert words in _leaks({"data": {"synthetic": True, "images": 60}, "copies": copies})[0]


def test_synthetic_faces_are_called_so_and_their_copies_mistakes(tmp_path: Path) -> None:
    small = ["data.n_train=40", "data.n_val=10", "data.n_test=10", "sheets=false"]
    result = run(tmp_path, *small)
    page = (tmp_path / "audit.md").read_text()
    assert "SYNTHETIC" in page and "none of the 1,770 pairs" in page and "## Pictures" not in page
    assert not (tmp_path / "sheets").exists() and result["votes"]["none"]


@pytest.mark.parametrize("examples", [0, "many"])
def test_wrong_numbers_of_examples_are_refused(tmp_path: Path, examples: int | str) -> None:
    with pytest.raises(FerlabError, match="examples: expected a whole number"):
        run(tmp_path, f"examples={examples}")


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "copies", "limit"),
    [
        ("fer2013", {"PrivateTest": ("train", 288), "PublicTest": ("train", 280)}, 60),
        ("affectnet", {"test": ("train", 28), "valid": ("train", 73)}, 90),
    ],
)
def test_the_real_sets(data: str, copies: dict[str, tuple[str, int]], limit: int, tmp_path: Path) -> None:
    began = time.process_time()
    result = run(tmp_path, f"data={data}")
    found = {
        (own, other): entry["images"][own]["exact"]
        for entry in result["copies"]["between"]
        for own in entry["images"]
        for other in entry["splits"]
        if other != own
    }
    assert all(found[own, other] == count for own, (other, count) in copies.items())
    # processor seconds: other programs on the machine do not count
    assert time.process_time() - began < limit and result["cost"]["peak_memory_mb"] < 3000
    assert all(
        result["recall"][kind]["value"] > 0.95 for kind in ("mirrored", "JPEG, quality 30", "shifted by 2 pixels")
    )
