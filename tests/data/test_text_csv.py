"""Texts of one's own: one column of labels or several, author, id and split, and each way the CSV can be wrong."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.essays import table
from fakes.zips import write_zip
from ferlab.data.datamodule import DataModule
from ferlab.data.protocol import Protocol
from ferlab.data.samples import Samples
from ferlab.data.text_csv import TextCsv
from ferlab.errors import FerlabError

HEADER = ["text", "label", "author", "split", "age"]
ROWS = [
    ["I love rain, and more rain.", "joy", "ann", "train", "31"],
    ["I am \u201eangry\u201c", "anger", "bob", "train", "40"],
    ["so so", "none", "ann", "test", "31"],
    ['"quoted" words', "joy", "cem", "test", ""],
]


def load(folder: Path, content: str | bytes, **options: Any) -> Samples:
    path = folder / "own.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return TextCsv(str(path), **options).load()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_names_of_classes(tmp_path: Path, separator: str) -> None:
    samples = load(tmp_path, table(HEADER, ROWS, separator=separator))
    assert samples.spec.kind == "multiclass" and samples.spec.labels == ("anger", "joy", "none")
    assert samples.spec.modality == "text" and samples.spec.shape == ()
    assert samples.x.dtype == object and samples.x.tolist() == [row[0] for row in ROWS]
    assert samples.labels.tolist() == [1, 0, 2, 1] == samples.strata.tolist()
    assert samples.ids.tolist() == [f"row_{n:06d}" for n in range(1, 5)]
    assert samples.splits.tolist() == ["train", "train", "test", "test"] and samples.people == ("author",)
    assert samples.columns["words"].tolist() == [6, 3, 2, 2] and samples.columns["age"].tolist() == [
        "31",
        "40",
        "31",
        "",
    ]
    assert sorted(samples.columns) == ["age", "author", "words"] and samples.notes == ()
    two = load(tmp_path, table(HEADER, ROWS), classes=["joy", "anger"])
    assert two.spec.kind == "binary" and two.labels.tolist() == [0, 1, 0]
    assert two.x.tolist() == [ROWS[k][0] for k in (0, 1, 3)]
    assert load(tmp_path, table(HEADER, ROWS), classes=["joy", "anger"], kind="multiclass").spec.kind == "multiclass"


def test_one_column_of_answers_is_binary(tmp_path: Path) -> None:
    text = table(["body", "spam", "from"], [["buy now", "Yes", "x"], ["hello", "no", "y"]])
    samples = load(tmp_path, text, text="body", labels="spam", author="from", name="mail")
    assert samples.spec.kind == "binary" and samples.spec.labels == ("not spam", "spam") and samples.name == "mail"
    assert samples.labels.tolist() == [1, 0] and samples.people == ("from",) and set(samples.splits) == {"all"}
    assert load(tmp_path, text, text="body", labels="spam", kind="multiclass").spec.labels == ("Yes", "no")
    alone = load(tmp_path, text, text="body", labels="spam", kind="multilabel")
    assert alone.spec.kind == "multilabel" and alone.labels.tolist() == [[1], [0]]


def test_several_columns_are_multilabel(tmp_path: Path) -> None:
    text = table(["text", "a", "b", "c", "id"], [["one", "1", "0", "1.0", "p"], ["two", "n", "y", "FALSE", "q"]])
    samples = load(tmp_path, text, labels=["c", "a", "b"])
    assert samples.spec.kind == "multilabel" and samples.spec.labels == ("c", "a", "b")
    assert samples.labels.tolist() == [[1, 1, 0], [0, 0, 1]] and samples.strata.tolist() == [3, 4]
    assert samples.ids.tolist() == ["p", "q"]
    one = load(tmp_path, text, labels=["c", "a"], classes=["a"])
    assert one.spec.labels == ("not a", "a") and one.labels.tolist() == [1, 0]
    with pytest.raises(FerlabError, match=r"data\.kind=multiclass: 2 labels a sample are multilabel"):
        load(tmp_path, text, labels=["a", "b"], kind="multiclass")


def test_authors_stay_whole(tmp_path: Path) -> None:
    samples = load(tmp_path, table(HEADER, [*ROWS, ["no", "none", "dan", "train", ""]]))
    with pytest.raises(FerlabError, match=r"values of author stand in train and in val, ann among them"):
        Protocol("official", ["train"], "test", ["test"], selection="test").assign(samples)


def test_zip(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "own.zip", {"inner/t.csv": table(HEADER, ROWS).encode()})
    assert len(TextCsv(str(path)).load()) == 4
    path = write_zip(tmp_path / "two.zip", {"t.csv": b"", "u.csv": b""})
    with pytest.raises(FerlabError, match=r"expected one CSV in it, found t\.csv, u\.csv"):
        TextCsv(str(path)).load()


def test_western_bytes(tmp_path: Path) -> None:
    samples = load(tmp_path, table(HEADER, ROWS).encode("cp1252"))
    assert samples.x[1] == ROWS[1][0] and "Western" in samples.notes[0]


def test_a_text_longer_than_the_csv_modules_limit(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    long = "word " * 100_000
    samples = load(tmp_path, table(HEADER, [*ROWS, [long, "joy", "d", "test", ""]]))
    assert samples.columns["words"][-1] == 100_000 and samples.x[-1] == long.strip()
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (["", "joy", "a", "test", ""], "has no text"),
        (["#REF!", "joy", "a", "test", ""], "spreadsheet's error"),
        (["\U0001f600 2!", "joy", "a", "test", ""], "without any letter"),
        (["words", " ", "a", "test", ""], "has no label"),
        (["words", "joy", "a", "", ""], "has no split"),
        (["words", "joy", "a"], "expected 5 columns, found 3"),
        (["words", "joy", "a", "test", "1", "2"], "expected 5 columns, found 6"),
        (["wo\0rds", "joy", "a", "test", "1"], "NUL"),
    ],
)
def test_broken_rows(tmp_path: Path, row: list[str], why: str) -> None:
    text = table(HEADER, [*ROWS[:2], row, *ROWS[2:]])
    with pytest.raises(FerlabError, match=f"own.csv: line 4: .*{why}"):
        load(tmp_path, text)
    samples = load(tmp_path, text, on_bad="skip")
    assert samples.x.tolist() == [row[0] for row in ROWS] and "1 broken entry of own.csv" in samples.notes[0]


def test_broken_answers_and_ids(tmp_path: Path) -> None:
    text = table(
        ["text", "a", "b", "id"], [["one", "1", "0", "p"], ["two", "maybe", "1", "q"], ["three", "1", "1", "p"]]
    )
    with pytest.raises(FerlabError, match="line 3: a: expected y, n, 1 or 0, found 'maybe'"):
        load(tmp_path, text, labels=["a", "b"])
    samples = load(tmp_path, text, labels=["a", "b"], on_bad="skip")
    assert samples.ids.tolist() == ["p"] and "line 4: repeats the id p; expected each once" in samples.notes[0]


def test_empty_lines_and_empty_cells_at_the_end_are_no_mistake(tmp_path: Path) -> None:
    assert len(load(tmp_path, "text,label,,\nyes,a,,\n\n,,,\nno,b,,\n")) == 2


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (
            {"labels": "mood"},
            r"data\.labels: no column 'mood' in .*it has text, label, author, split, age; cure: data\.labels",
        ),
        ({"text": "body"}, r"data\.text: no column 'body'"),
        ({"author": "who"}, r"data\.author: no column 'who'"),
        ({"id": "who"}, r"data\.id: no column 'who'"),
        ({"split": "part"}, r"data\.split: no column 'part'"),
        ({"labels": []}, r"data\.labels: expected one or more distinct columns"),
        ({"labels": "age"}, "has no age"),
        ({"kind": "multilabel"}, r"expects columns of y/n or 0/1"),
        ({"kind": "regression"}, r"data\.kind: expected null, multiclass, binary, multilabel, found 'regression'"),
        ({"kind": "binary"}, "3"),
        ({"classes": ["joy"]}, "two or more distinct classes"),
        ({"on_bad": "ignore"}, r"data\.on_bad"),
        ({"name": "my set"}, r"data\.name"),
        ({"encoding": "ascii"}, "expected ascii, found"),
    ],
)
def test_mistaken_options(tmp_path: Path, options: dict[str, Any], why: str) -> None:
    with pytest.raises(FerlabError, match=why):
        load(tmp_path, table(HEADER, ROWS), **options)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "distinct column names"),
        ("text,label\n", "no usable row"),
        ("text,label\nonly,one\n", r"expected two or more classes, found \['one'\]"),
    ],
)
def test_files_that_make_no_task(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(FerlabError, match=why):
        load(tmp_path, text)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(
        FerlabError, match=r"data\.root is not set; expected data\.root=<a CSV with the columns text,label\["
    ):
        TextCsv().load()
    with pytest.raises(FerlabError, match="found a folder"):
        TextCsv(str(tmp_path)).load()
    with pytest.raises(FerlabError, match="found nothing"):
        TextCsv(str(tmp_path / "none.csv")).load()


def test_rows_come_in_their_order(tmp_path: Path) -> None:
    rows = [[f"text {n}", "ab"[n % 2]] for n in range(500)]
    samples = load(tmp_path, table(["text", "label"], rows))
    assert samples.x.tolist() == [row[0] for row in rows]
    np.testing.assert_array_equal(samples.labels, np.arange(500) % 2)


def test_answers_however_they_are_spelt_are_answers(tmp_path: Path) -> None:
    samples = load(
        tmp_path,
        table(["text", "happy"], [["a b", "Yes"], ["c d", "no"], ["e f", "yes"], ["g h", "NO"]]),
        labels="happy",
    )
    assert samples.spec.kind == "binary" and samples.spec.labels == ("not happy", "happy")
    assert samples.labels.tolist() == [1, 0, 1, 0]


def test_a_slip_among_answers_is_told_where_a_yes_no_task_is_asked_for(tmp_path: Path) -> None:
    content = table(["text", "happy"], [["a b", "y"], ["c d", "n"], ["e f", "ny"]])
    with pytest.raises(FerlabError, match="line 4: happy: expected y, n, 1 or 0, found 'ny'"):
        load(tmp_path, content, labels="happy", kind="binary")
    # without that wish three names are three classes
    assert load(tmp_path, content, labels="happy").spec.labels == ("n", "ny", "y")


def test_a_text_of_nobody_is_refused_where_authors_are_known(tmp_path: Path) -> None:
    content = table(["text", "label", "author"], [["a b", "x", "ann"], ["c d", "z", ""], ["e f", "z", "bob"]])
    with pytest.raises(FerlabError, match="line 3: has no author"):
        load(tmp_path, content)
    assert len(load(tmp_path, content, on_bad="skip")) == 2


@pytest.mark.parametrize(("labels", "name"), [("a,b", "sample"), ("a,b", "label_a"), ("a", "pred"), ("a", "p_fear")])
def test_a_column_named_as_the_predictions_own_is_told_before_training(tmp_path: Path, labels: str, name: str) -> None:
    rows = [[f"text {letter}", str(i % 2), str(i // 2 % 2), "?"] for i, letter in enumerate("abcdefgh")]
    path = tmp_path / "own.csv"
    path.write_text(table(["text", "a", "b", name], rows))
    with pytest.raises(FerlabError, match=rf"its columns \['{name}'\] are named as those of predictions.parquet"):
        DataModule(TextCsv(str(path), labels=labels.split(",")), Protocol("p", ["*"], 0.25, 0.25))
