"""FER+ votes: read, joined to the original table by row, and trained on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fakes import fer2013 as fake
from fakes.zips import write_zip
from ferlab.data.batches import ByIndex, Draw
from ferlab.data.datamodule import DataModule
from ferlab.data.fer2013 import Fer2013
from ferlab.data.fer2013_votes import CANDIDATES, read_votes
from ferlab.data.protocol import Protocol
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError

MADE = fake.faces(2)
HEADER = fake.VOTES_HEADER
pytestmark = pytest.mark.usefixtures("own_cache")


def written(folder: Path, votes: bytes | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "fer2013.csv").write_bytes(fake.table(MADE))
    (folder / "fer2013new.csv").write_bytes(fake.votes(MADE) if votes is None else votes)
    return folder


def load(root: Path, **options: Any) -> Samples:
    return Fer2013(str(root), **{"check_counts": False, "votes": "soft"} | options).load()


def changed(row: int, line: str) -> bytes:
    lines = fake.votes(MADE).decode().splitlines()
    lines[row + 1] = line
    return "\n".join(lines).encode()


def test_votes_are_read_as_written(tmp_path: Path) -> None:
    votes = read_votes(written(tmp_path) / "fer2013new.csv")
    assert len(votes) == len(MADE) and (votes.counts.sum(1) == 10).all()
    assert votes.usages.tolist() == [face.usage for face in MADE]
    assert votes.images[3] == "fer0000003.png" and not votes.removed.any() and not votes.no_emotion.any()
    assert [CANDIDATES[k] for k in votes.majority] == [fake.VOTED[face.label] for face in MADE]


def test_soft_targets_are_shares_of_the_seven_in_fer2013s_order(tmp_path: Path) -> None:
    samples = load(written(tmp_path))
    assert samples.soft is not None and samples.soft.dtype == np.float32 and samples.soft.shape == (len(MADE), 7)
    for soft, face in zip(samples.soft, MADE, strict=True):
        expected = np.zeros(7)
        expected[face.label] += 6 / 9
        expected[fake.CLASSES.index("neutral")] += 3 / 9
        np.testing.assert_allclose(soft, expected, rtol=1e-6)
    assert samples.labels.tolist() == [face.label for face in MADE], "labels stay FER-2013's own"
    assert load(tmp_path, votes=None).soft is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Training,,0,0,0,0,0,0,0,0,0,10", "removed, not a face"),
        ("Training,,5,5,0,0,0,0,0,0,0,0", "removed"),
        ("Training,fer0000003.png,3,0,0,0,0,0,0,0,7,0", "most say unknown"),
        ("Training,fer0000003.png,0,0,0,0,0,0,0,10,0,0", "contempt alone"),
        ("Training,fer0000003.png,0,0,0,0,0,0,0,0,0,0", "no vote"),
    ],
)
def test_rows_without_a_target_are_never_trained_on_but_tested(tmp_path: Path, line: str, why: str) -> None:
    samples = load(written(tmp_path, changed(3, line)))
    assert samples.soft is not None and not samples.soft[3].any(), why
    assert "1 samples (0 of PrivateTest, 0 of PublicTest, 1 of train)" in samples.notes[-1]

    class Source:
        def load(self) -> Samples:
            return samples

    module = DataModule(Source(), Protocol("p", ["train"], ["PublicTest"], ["PrivateTest"]), batch_size=4)
    assert 3 in module.assignment.indices["train"] and 3 not in module.training.indices
    assert sorted([3, *module.training.indices]) == module.assignment.indices["train"].tolist()
    turned = DataModule(Source(), Protocol("p", ["PublicTest"], ["PrivateTest"], ["train"]), batch_size=4)
    assert sum(len(batch["y"]) for batch in turned.batches("test")) == 14


def test_a_tie_between_an_emotion_and_unknown_is_the_emotions(tmp_path: Path) -> None:
    samples = load(written(tmp_path, changed(3, "Training,fer0000003.png,5,0,0,0,0,0,0,0,5,0")))
    assert samples.soft is not None and samples.soft[3].tolist() == [0, 0, 0, 0, 0, 0, 1]


def test_a_subset_of_classes_shares_what_is_left(tmp_path: Path) -> None:
    samples = load(written(tmp_path), classes=["neutral", "happy"])
    assert samples.soft is not None and samples.spec.kind == "binary"
    expected = [[1 / 3, 2 / 3] if label else [1.0, 0.0] for label in samples.labels]
    np.testing.assert_allclose(samples.soft, expected, rtol=1e-6)
    alone = load(tmp_path, classes=["sad", "happy", "fear"])
    assert alone.soft is not None and np.array_equal(alone.soft, np.eye(3)[alone.labels])


def test_batches_carry_them(tmp_path: Path) -> None:
    samples = load(written(tmp_path))
    batch = ByIndex(samples)[Draw(np.array([5, 2]))]
    assert samples.soft is not None and torch.equal(batch["soft"], torch.tensor(samples.soft[[5, 2]]))
    assert "soft" not in ByIndex(load(tmp_path, votes=None))[Draw(np.array([5, 2]))]


def test_the_archive_of_jpeg_files_has_no_order_to_join_by(tmp_path: Path) -> None:
    write_zip(tmp_path / "fer2013.zip", fake.tree(MADE))
    with pytest.raises(FerlabError, match=r"does not keep that order .*names no row.* cure: get the challenge's"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        (b"id,votes\n1,2\n", "expected the header Usage,Image name,neutral"),
        (b"", "expected the header"),
        (HEADER.encode(), "holds no row"),
        (changed(2, "Training,fer0000002.png,1,2,three,4,0,0,0,0,0,0"), r"line 4: expected whole numbers .* 'three'"),
        (changed(2, "Training,fer0000002.png,1,2,-3,4,0,0,0,0,0,0"), r"line 4: expected whole numbers .* '-3'"),
        (changed(2, "Training,fer0000002.png,1,2"), "line 4: expected 12 columns, found 4"),
        (
            changed(2, "PublicTest,fer0000002.png,6,0,0,0,0,0,0,4,0,0"),
            "row 2 is of PublicTest, the original .* Training",
        ),
        (fake.votes(MADE[:-1]), r"has 41 rows, the original table 42"),
        (fake.votes([*MADE, MADE[0]]), r"has 43 rows, the original table 42"),
    ],
)
def test_what_is_wrong_with_the_table(tmp_path: Path, votes: bytes, message: str) -> None:
    with pytest.raises(FerlabError, match=message):
        load(written(tmp_path, votes))


def test_a_missing_table_and_a_mistyped_option(tmp_path: Path) -> None:
    (written(tmp_path) / "fer2013new.csv").unlink()
    with pytest.raises(FerlabError, match=r"no fer2013new\.csv at .*github\.com/microsoft/FERPlus"):
        load(tmp_path)
    with pytest.raises(FerlabError, match=r"data\.votes: expected null or 'soft', found 'hard'"):
        load(tmp_path, votes="hard")


def test_broken_rows_of_the_original_keep_their_votes_place(tmp_path: Path) -> None:
    lines = fake.table(MADE).splitlines()
    lines[4] = b"9" + lines[4][1:]
    written(tmp_path)
    (tmp_path / "fer2013.csv").write_bytes(b"\n".join(lines))
    samples = load(tmp_path, on_bad="skip")
    assert len(samples) == len(MADE) - 1 and samples.soft is not None
    assert (samples.soft.argmax(1) == samples.labels).all()
