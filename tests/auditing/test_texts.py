"""An audit of texts: copies, wording taken over, contradicting labels, telling lengths and odd characters are found."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.essays import essays, plain, table
from ferlab.auditing.audit import audit
from ferlab.auditing.texts import reused_pairs
from ferlab.config import compose
from ferlab.config import plain as values
from ferlab.data.text_csv import TextCsv


def run(folder: Path, *overrides: str) -> dict[str, Any]:
    return audit(values(compose("audit", overrides)), folder, "python -m ferlab.audit " + " ".join(overrides))


def one(n: int, words: int = 60) -> str:
    return " ".join(f"w{n}x{k}" for k in range(words))


def test_what_is_wrong_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [[one(n), str(n % 2), "1" if n < 30 else "0", "train" if n < 20 else "test"] for n in range(40)]
    rows[1][0] = rows[0][0]
    rows[39][0] = rows[2][0].upper()
    rows[38][0] = "Something else at first. " + rows[3][0][: len(rows[3][0]) * 2 // 3]
    rows[5][0] = "can\u00d5t " + rows[5][0]
    rows[6][0] = "\u6211\u5f88\u9ad8\u5174"
    rows[7][0] = "caf\u00c3\u00a9 \ufffd"
    (tmp_path / "own.csv").write_text(table(["text", "a", "b", "split"], rows), encoding="utf-8")
    folder = tmp_path / "audit"
    result = run(folder, "data=text_csv", f"data.root={tmp_path / 'own.csv'}", "data.labels=[a,b]")
    assert json.loads((folder / "audit.json").read_text()) == result
    assert result["copies"]["exact"] == 1 and result["copies"]["same_but_for_case_and_space"] == 1
    # copies share all of their wording too
    assert result["copies"]["reused"] == 3 and result["copies"]["groups"] == 3 and result["copies"]["texts"] == 6
    assert result["copies"]["across_splits"] == 2
    assert result["ids"]["reused_pairs"][2] == ["row_000004", "row_000039"]
    assert result["contradictions"] == {"pairs": 2, "of_pairs": 2, "by_label": {"a": 2, "b": 1}}
    assert result["balance"]["with"] == {"a": 20, "b": 30} and result["balance"]["patterns"]["number"] == 4
    assert [name for name, count in result["odd"].items() if count] == [
        "replacement characters",
        "UTF-8 read as Western text",
        "Mac apostrophes read as Western text",
        "no Latin letter",
    ]
    page, words = (folder / "audit.md").read_text(), " ".join(capsys.readouterr().out.split())
    for text in (
        "2 pairs of texts are the same and 3 share half",
        "2 of 2 pairs of the same text have different labels",
    ):
        assert text in page and text in words
    assert "w0x0" not in page and "w0x0" not in (folder / "audit.json").read_text()
    assert not (folder / "sheets").exists()


def test_a_length_that_tells_the_label(tmp_path: Path) -> None:
    rows = [[one(n, 5 + n), "short" if n < 20 else "long"] for n in range(60)]
    (tmp_path / "own.csv").write_text(table(["text", "label"], rows))
    result = run(tmp_path / "audit", "data=text_csv", f"data.root={tmp_path / 'own.csv'}")
    assert result["lengths"]["tells"]["short"]["auroc"] == 0 and result["lengths"]["shortest"] == 5
    assert "The number of words alone tells short 0.000" in (tmp_path / "audit" / "audit.md").read_text()


def test_clean_sets(tmp_path: Path) -> None:
    (tmp_path / "essays.csv").write_bytes(plain(essays(64, 40)))
    result = run(tmp_path / "essays", "data=essays", f"data.root={tmp_path}", "data.check_counts=false")
    page = (tmp_path / "essays" / "audit.md").read_text()
    assert "No text is a copy of another" in page and "SYNTHETIC" not in page and "[31m" not in page
    assert result["authors"] == {"author": {"number": 64, "most_texts": 1}} and len(result["balance"]["phi"]) == 10
    made = run(tmp_path / "made", "data=synthetic_essays", "data.n=96")
    assert "SYNTHETIC DATA" in (tmp_path / "made" / "audit.md").read_text()
    assert made["balance"]["patterns"] == {"number": 32, "rarest": 3, "commonest": 3}
    assert all(abs(phi) < 1e-9 for phi in made["balance"]["phi"].values())


def test_shared_wording_against_a_naive_count(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pieces = [one(n, 12) for n in range(30)]
    texts = [" ".join(pieces[k] for k in rng.integers(0, 30, rng.integers(1, 8))) for _ in range(60)]
    (tmp_path / "own.csv").write_text(table(["text", "label"], [[text, "ab"[n % 2]] for n, text in enumerate(texts)]))
    runs = [{tuple(words[k : k + 5]) for k in range(len(words) - 4)} for words in (text.split() for text in texts)]
    expected = [
        [i, j]
        for i in range(60)
        for j in range(i + 1, 60)
        if (least := min(len(runs[i]), len(runs[j]))) >= 20 and len(runs[i] & runs[j]) >= 0.5 * least
    ]
    assert reused_pairs(TextCsv(str(tmp_path / "own.csv")).load()).tolist() == expected and len(expected) > 5
