import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ferlab.errors import FerlabError
from ferlab.evaluation.rows import read_rows, write_rows

NAMES = ("angry", "happy", "sad")
META = {"spec": {"labels": list(NAMES)}, "synthetic": True, "data": "faces", "protocol": {"name": "official"}}
P = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3]])


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "run" / "predictions.parquet"
    write_rows(file, ["a", "b", "b"], ["val", "val", "test"], np.array([0, 1, 1]), P, META)
    return file


def rewrite(path, **columns):
    table = pq.read_table(path)
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    pq.write_table(table, path)


def test_round_trip(path):
    rows = read_rows(path)
    assert rows.ids.tolist() == ["a", "b", "b"] and rows.splits.tolist() == ["val", "val", "test"]
    assert rows.labels.tolist() == [0, 1, 1] and rows.preds.tolist() == [0, 2, 1]
    assert rows.probabilities.dtype == np.float32 and np.array_equal(rows.probabilities, P.astype(np.float32))
    assert rows.names == NAMES and rows.meta == META
    table = pq.read_table(path)
    assert table.column_names == ["id", "split", "label", "pred", "p_angry", "p_happy", "p_sad"]
    assert table["pred"].to_pylist() == ["angry", "sad", "happy"]


def test_further_columns_come_back_as_they_were(tmp_path):
    file = tmp_path / "predictions.parquet"
    columns = {"actor": np.array([1, 2, 24]), "room": np.array(["x", "", "ü"]), "snr": np.array([0.5, np.nan, 3])}
    written = write_rows(file, ["a", "b", "b"], ["val", "val", "test"], np.array([0, 1, 1]), P, META, columns)
    for rows in (written, read_rows(file)):
        assert rows.columns["actor"].tolist() == [1, 2, 24] and rows.columns["actor"].dtype == np.int64
        assert rows.columns["room"].tolist() == ["x", "", "ü"]
        np.testing.assert_array_equal(rows.columns["snr"], [0.5, np.nan, 3])
        assert rows.split("test").columns["actor"].tolist() == [24]
    assert pq.read_table(file).column_names[-3:] == ["actor", "room", "snr"]


@pytest.mark.parametrize("name", ["label", "p_fear"])
def test_a_column_cannot_take_the_place_of_the_files_own(name, tmp_path):
    columns = {name: np.array(["x"])}
    with pytest.raises(FerlabError, match="named as the file's own"):
        write_rows(tmp_path / "p.parquet", ["a"], ["test"], np.array([0]), P[:1], META, columns)


def test_same_rows_give_the_same_bytes_and_leave_nothing_behind(path):
    before = path.read_bytes()
    write_rows(path, ["a", "b", "b"], ["val", "val", "test"], np.array([0, 1, 1]), P, META)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["predictions.parquet"]


def test_a_refused_write_keeps_the_old_file(path):
    before = path.read_bytes()
    with pytest.raises(FerlabError, match="training diverged"):
        write_rows(path, ["a"], ["test"], np.array([0]), np.full((1, 3), np.nan), META)
    assert path.read_bytes() == before


def test_split(path):
    rows = read_rows(path)
    assert rows.split("test").ids.tolist() == ["b"]
    with pytest.raises(FerlabError, match=r"'train'; found \['test', 'val'\]"):
        rows.split("train")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": ["angry", "bored", "sad"]}, "row 1, column label: .* found 'bored'"),
        ({"pred": ["angry", None, "sad"]}, "row 1, column pred"),
        ({"p_sad": [0.1, float("nan"), 0.3]}, "1 of 3 rows hold no probabilities.*'b'"),
        ({"p_sad": [0.1, 0.9, 0.3]}, "sum to 1"),
        ({"p_sad": [0.1, 0.6, -0.3]}, r"values in 0\.\.1"),
        ({"split": ["val", "val", "val"]}, "stands twice"),
    ],
)
def test_bad_values_are_named(path, columns, message):
    rewrite(path, **columns)
    with pytest.raises(FerlabError, match=message):
        read_rows(path)


def test_missing_column_file_metadata_and_format(path, tmp_path):
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["pred"]), path)
    with pytest.raises(FerlabError, match="expected the columns id, split, label, pred"):
        read_rows(path)
    pq.write_table(table.replace_schema_metadata(None), path)
    with pytest.raises(FerlabError, match="metadata"):
        read_rows(path)
    path.write_bytes(b"text")
    with pytest.raises(FerlabError, match="not a readable parquet"):
        read_rows(path)
    with pytest.raises(FerlabError, match="no such file"):
        read_rows(tmp_path / "none.parquet")


def test_columns_must_agree(tmp_path):
    with pytest.raises(FerlabError, match="as many ids"):
        write_rows(tmp_path / "x", ["a"], ["test"], np.array([0, 1]), P[:2], META)
    with pytest.raises(FerlabError, match="found 2 columns"):
        write_rows(tmp_path / "x", ["a"], ["test"], np.array([0]), np.array([[0.5, 0.5]]), META)
    with pytest.raises(FerlabError, match="label indices"):
        write_rows(tmp_path / "x", ["a"], ["test"], np.array([3]), P[:1], META)
    with pytest.raises(FerlabError, match="found none"):
        write_rows(tmp_path / "x", [], [], np.zeros(0, dtype=np.int64), np.zeros((0, 3)), META)
