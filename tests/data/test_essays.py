"""The essays in both forms: encoding, the junk row, traits, counts, and each way the file can be wrong."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.essays import JUNK, TRAITS, Essay, essays, original, plain
from fakes.zips import write_zip
from ferlab.build import build
from ferlab.config import compose
from ferlab.config import plain as values
from ferlab.data.essays import COUNT, Essays
from ferlab.data.protocol import Protocol
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError

ROWS = essays()


def load(root: Path, **options: Any) -> Samples:
    return Essays(str(root), **{"check_counts": False} | options).load()


def written(folder: Path, data: bytes, name: str = "essays.csv") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def same(samples: Samples, rows: list[Essay]) -> None:
    assert samples.x.dtype == object and samples.x.tolist() == [text.strip() for _, text, _ in rows]
    assert samples.ids.tolist() == [name for name, _, _ in rows]
    np.testing.assert_array_equal(samples.labels, np.array([labels for _, _, labels in rows]))


def test_original(tmp_path: Path) -> None:
    written(tmp_path, original(ROWS))
    samples = load(tmp_path)
    same(samples, ROWS)
    assert samples.spec.kind == "multilabel" and samples.spec.labels == TRAITS and samples.spec.modality == "text"
    assert samples.people == ("author",) and samples.columns["author"].tolist() == samples.ids.tolist()
    assert samples.columns["year"][:2].tolist() == ["1997", "1998"] and set(samples.splits) == {"all"}
    assert samples.columns["words"][0] == len(ROWS[0][1].split()) and not samples.synthetic
    decoded, junk = samples.notes
    assert "Western" in decoded and "no UTF-8" in decoded
    assert JUNK in junk and "Err:508" in junk


@pytest.mark.parametrize("form", ["file", "folder", "zip"])
def test_plain(tmp_path: Path, form: str) -> None:
    file = written(tmp_path, plain(ROWS))
    if form == "zip":
        file = write_zip(tmp_path / "essays.zip", {"essays.csv": plain(ROWS), "__MACOSX/._essays.csv": b"x"})
    samples = load(tmp_path if form == "folder" else file)
    same(samples, ROWS)
    assert samples.notes == ()


def test_traits(tmp_path: Path) -> None:
    written(tmp_path, plain(ROWS))
    every = load(tmp_path)
    one = load(tmp_path, classes=["NEU"])
    assert one.spec.kind == "binary" and one.spec.labels == ("not NEU", "NEU")
    assert one.labels.tolist() == every.labels[:, 1].tolist() == one.strata.tolist()
    two = load(tmp_path, classes=["OPN", "EXT"])
    assert two.spec.labels == ("OPN", "EXT") and two.labels.tolist() == every.labels[:, [4, 0]].tolist()
    for wrong, why in ((["extra"], r"unknown \['extra'\]"), ([], "one or more distinct"), (["EXT"] * 2, "distinct")):
        with pytest.raises(FerlabError, match=why):
            load(tmp_path, classes=wrong)


def test_counts(tmp_path: Path) -> None:
    written(tmp_path, plain(ROWS))
    with pytest.raises(FerlabError, match=r"expected 2,467 texts, found 64\. .*check_counts=false"):
        load(tmp_path, check_counts=True)
    many = [(f"1997_{i}.txt", f"text {i}", [i % 2] * 5) for i in range(COUNT)]
    written(tmp_path, original(many))
    assert len(load(tmp_path, check_counts=True)) == COUNT
    written(tmp_path, original([*many, ("x", "one more", [0] * 5)]))
    with pytest.raises(FerlabError, match="found 2,468"):
        load(tmp_path, check_counts=True)
    written(tmp_path, original([*many[:-1], ("x", "12 34", [0] * 5)]))
    assert len(load(tmp_path, check_counts=True, on_bad="skip")) == COUNT - 1


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("a", "", [0] * 5), "has no text"),
        (("a", " 12, 3!! \U0001f600", [0] * 5), "without any letter"),
        (("", "words", [0] * 5), "has no author_id"),
        ((ROWS[0][0], "words", [0] * 5), f"repeats the author {ROWS[0][0]}"),
        (("a", "words", [0, 0, 2, 0, 0]), "AGR: expected y, n, 1 or 0, found '2'"),
        (("a", "words", ["", 0, 2, 0, 0]), "has no EXT"),
        (("a", "words", [0] * 4), "expected 7 columns, found 6"),
        (("a", "words", [0] * 6), "expected 7 columns, found 8"),
        (("a", "wo\0rds", [0] * 5), "holds NUL characters"),
    ],
)
def test_broken_rows(tmp_path: Path, row: Essay, why: str) -> None:
    file = written(tmp_path, plain([*ROWS[:3], row, *ROWS[3:]]))
    line = 5 + sum("\n" in text for _, text, _ in ROWS[:3])
    with pytest.raises(FerlabError, match=f"line {line}: .*{why}.*on_bad=skip"):
        load(file)
    samples = load(file, on_bad="skip")
    same(samples, ROWS)
    assert samples.notes[0].startswith(f"1 broken entry of essays.csv skipped: line {line}: ")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "expected a first line of distinct column names"),
        (b"author_id,text,EXT\n", r"expected the columns #AUTHID,TEXT,.*found author_id,text,EXT; .*data=text_csv"),
        (b"text,text\n", "distinct column names"),
        (plain([]), "no usable row"),
        (b"\xff\xfe" + plain(ROWS).decode().encode("utf-16-le") + b"\0", "expected utf-16, found"),
    ],
)
def test_another_file(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(FerlabError, match=why):
        load(written(tmp_path, data))


def test_nothing_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FerlabError, match=r"essays\.zip, essays\.csv.*data=synthetic_essays"):
        load(tmp_path)
    monkeypatch.delenv("FERLAB_DATA", raising=False)
    with pytest.raises(FerlabError, match="FERLAB_DATA is set"):
        Essays().load()
    with pytest.raises(FerlabError, match=r"expected essays\.csv in it, found other\.csv"):
        load(write_zip(tmp_path / "essays.zip", {"other.csv": b"a,b\n"}))


def test_scripts_emoji_and_length_are_kept(tmp_path: Path) -> None:
    rows = [
        ("a", "\u6211\u5f88\u9ad8\u5174\uff01", [1] * 5),
        ("b", "\U0001f600 so happy \U0001f389", [0] * 5),
        ("c", "word " * 100_000, [0, 1, 0, 1, 0]),
        ("d", "\u0623\u0646\u0627 \u0633\u0639\u064a\u062f", [0] * 5),
    ]
    samples = load(written(tmp_path, plain(rows)))
    same(samples, rows)
    assert samples.columns["words"].tolist() == [1, 4, 100_000, 2]


def test_encodings(tmp_path: Path) -> None:
    file = written(tmp_path, b"\xef\xbb\xbf" + plain(ROWS))
    same(load(file), ROWS)
    same(load(written(tmp_path, plain(ROWS).decode().encode("utf-16"))), ROWS)
    assert load(file).notes == ("decoded as utf-16",)
    # an undefined byte of cp1252 is read as browsers do
    odd = plain(ROWS[:4]).decode().encode("cp1252") + b"x,\x81bc,0,0,0,0,0\n"
    assert load(written(tmp_path, odd)).x[-1] == "\x81bc"
    with pytest.raises(FerlabError, match=r"expected utf-8, found b.*at byte"):
        load(file, encoding="utf-8")
    with pytest.raises(FerlabError, match="no such encoding"):
        load(file, encoding="westrn")
    # one broken byte does not make a file of UTF-8 another one
    many = [(f"{i}", f"caf\u00e9 {i}", [0] * 5) for i in range(9)]
    file = written(tmp_path, plain(many).replace("\u00e9 4".encode(), b"\xe9 4"))
    with pytest.raises(FerlabError, match="line 6: holds the byte 0xE9, which is no UTF-8"):
        load(file)
    samples = load(file, on_bad="skip")
    same(samples, many[:4] + many[5:])


def test_an_unclosed_quotation_mark_is_named(tmp_path: Path) -> None:
    lines = plain([(f"{i}", f"text {i}", [0] * 5) for i in range(9)]).replace(b"text 3", b'"text 3')
    with pytest.raises(FerlabError, match="lines 5 to 10: expected 7 columns, found 2; probably a quotation mark"):
        load(written(tmp_path, lines))


def test_ten_folds_hold_every_pattern_alike(tmp_path: Path) -> None:
    written(tmp_path, plain(essays(640, 3)))
    samples = load(tmp_path)
    tested = []
    options = values(compose("train", ["protocol=essays10"]))["protocol"]
    for fold in range(10):
        protocol: Protocol = build(options | {"fold": fold})
        assignment = protocol.assign(samples)
        counts = {role: np.bincount(samples.strata[own], minlength=32) for role, own in assignment.indices.items()}
        assert counts["test"].tolist() == [2] * 32
        assert counts["val"].sum() == 58 and counts["val"].max() <= 2 and counts["val"].min() >= 1
        assert assignment.facts["fold"] == {"index": fold, "of": 10} and assignment.facts["group"] == "author"
        tested.append(assignment.indices["test"])
    assert sorted(np.concatenate(tested).tolist()) == list(range(640))


@pytest.mark.realdata
def test_the_real_file() -> None:
    start = time.monotonic()
    samples = Essays(os.environ["FERLAB_DATA"]).load()
    assert time.monotonic() - start < 5
    assert len(samples) == COUNT and len(set(samples.ids)) == COUNT
    share = dict(zip(TRAITS, samples.labels.mean(0).round(3).tolist(), strict=True))
    assert share == {"EXT": 0.517, "NEU": 0.5, "AGR": 0.531, "CON": 0.508, "OPN": 0.515}
    assert samples.columns["words"].sum() == 1_608_813 and len(np.unique(samples.strata)) == 32
