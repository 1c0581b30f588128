"""The original table: each way a row or a file can be wrong."""

import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fakes import fer2013 as fake
from fakes.zips import cut, write_zip
from ferlab.data.broken import BadEntryError
from ferlab.data.fer2013 import Fer2013
from ferlab.data.fer2013_csv import _row
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError

MADE = fake.faces(2)
LINES = fake.table(MADE).splitlines()
PIXELS = LINES[5].split(b",")[1]
COLUMNS = (0, 1, 2)


def load(path: Path, on_bad: str = "stop") -> Samples:
    return Fer2013(str(path), on_bad=on_bad, check_counts=False).load()


@given(hnp.arrays(np.uint8, 2304), st.integers(0, 6), st.sampled_from(fake.USAGES))
def test_any_row_is_read_as_written(values: np.ndarray, label: int, usage: str) -> None:
    line = f"{label},{' '.join(map(str, values))},{usage}\n".encode()
    assert _row(line, COLUMNS, 7)[1].ravel().tolist() == values.tolist()
    assert _row(line, COLUMNS, 7)[::2] == (label, usage)


@given(st.integers(0, 2303), st.sampled_from(["256", "-1", "1.5", "x", "", "0x1", "1e1", "9" * 20, "1 1"]))
def test_any_wrong_pixel_is_found(at: int, wrong: str) -> None:
    cells = PIXELS.decode().split()
    cells[at] = wrong
    with pytest.raises(BadEntryError):
        _row(f"0,{' '.join(cells)},Training".encode(), COLUMNS, 7)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (b"3", "is short: expected 3 columns, found 1"),
        (b"3," + PIXELS, "is short: expected 3 columns, found 2"),
        (b"3," + PIXELS.rsplit(b" ", 1)[0] + b",Training", "is short: expected 2304 pixels, found 2303"),
        (b"3,,Training", "is short: expected 2304 pixels, found 0"),
        (b"3," + PIXELS + b" x7,Training", "no number 0 to 255: found 'x'"),
        (b"3," + PIXELS.rsplit(b" ", 1)[0] + b" 300,Training", "no number 0 to 255: found 300"),
        (b"7," + PIXELS + b",Training", "unknown class: expected 0 to 6, found '7'"),
        (b"," + PIXELS + b",Training", "unknown class: expected 0 to 6, found ''"),
        (b"3," + PIXELS + b",Test", "unknown Usage: .* found 'Test'"),
    ],
)
def test_a_broken_row(tmp_path: Path, own_cache: Path, row: bytes, why: str) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_bytes(b"\n".join([*LINES[:5], row, *LINES[6:], b""]))
    with pytest.raises(FerlabError, match=rf"fer2013\.csv: line 6: .*{why}"):
        load(path)
    assert not list(own_cache.rglob("*.npy"))
    samples = load(path, "skip")
    assert len(samples) == len(MADE) - 1 and "line 6" in samples.notes[0]
    # the row's number stays that of the file
    assert samples.ids[3:5].tolist() == ["Training/00003", "Training/00005"]
    np.testing.assert_array_equal(samples.x[4], MADE[5].image)


@pytest.mark.usefixtures("own_cache")
def test_a_file_cut_short(tmp_path: Path) -> None:
    plain = tmp_path / "fer2013.csv"
    plain.write_bytes(b"\n".join(LINES))
    with pytest.raises(FerlabError, match="is short"):
        load(cut(plain, 0.5))
    tar = cut(fake.write_tar(tmp_path / "fer2013.tar.gz", b"\n".join(LINES)), 0.5)
    with pytest.raises(FerlabError, match=r"fer2013\.tar\.gz is cut short or damaged"):
        load(tar, "skip")
    noise = tmp_path / "noise.tar.gz"
    noise.write_bytes(b"no archive")
    with pytest.raises(FerlabError, match=r"noise\.tar\.gz is cut short or damaged"):
        load(noise)


@pytest.mark.usefixtures("own_cache")
def test_a_damaged_table_in_a_zip(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "fer2013.csv.zip", {"fer2013.csv": b"\n".join(LINES)})
    path.write_bytes(path.read_bytes().replace(b"Training", b"Draining", 1))
    with pytest.raises(FerlabError, match="Bad CRC-32"):
        load(path, "skip")


@pytest.mark.usefixtures("own_cache")
def test_other_columns_no_table_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    wrong = {b"a,b\n1,2\n": r"found \['a', 'b'\]", b"": "expected the columns", LINES[0] + b"\n": "no usable row"}
    for text, why in wrong.items():
        path.write_bytes(text)
        with pytest.raises(FerlabError, match=why):
            load(path)
    with tarfile.open(tmp_path / "other.tgz", "w:gz") as tar:
        tar.add(path, "other.csv")
    with pytest.raises(FerlabError, match=r"other\.tgz: expected fer2013\.csv or icml_face_data\.csv inside"):
        load(tmp_path / "other.tgz")
    with pytest.raises(FerlabError, match=r"no usable image in .*other\.zip: 0 entries"):
        load(write_zip(tmp_path / "other.zip", {"other.csv": b""}))


@pytest.mark.usefixtures("own_cache")
def test_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferlab.data.fer2013_csv.TABLE_BYTES", 1000)
    with pytest.raises(FerlabError, match="archive bomb"):
        load(fake.write_tar(tmp_path / "fer2013.tar.gz", bytes(5000)), "skip")
    with pytest.raises(FerlabError, match="too large"):
        load(write_zip(tmp_path / "a.zip", {"fer2013.csv": b"0" * 5000}, zipfile.ZIP_DEFLATED), "skip")
