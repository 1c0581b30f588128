"""Essays: 2,467 stream-of-consciousness texts, five yes/no traits (Pennebaker and King 1999, JPSP 77(6), 1296-1312).

Read from the original `essays.csv` (#AUTHID, TEXT, cEXT ... with y and n, Western single-byte) or the UTF-8 form
(author_id, text, EXT ... with 1 and 0), either as it is or in a zip. Loading takes a fraction of a second: no cache.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ferlab.data.broken import BadEntryError, Broken
from ferlab.data.samples import Samples
from ferlab.data.sources import data_root, missing
from ferlab.data.text_set import answer, check_text, is_junk, narrowed, words_of
from ferlab.data.text_table import Row, read_table
from ferlab.errors import FerlabError
from ferlab.spec import TaskSpec

TRAITS = ("EXT", "NEU", "AGR", "CON", "OPN")
"""Extraversion, neuroticism, agreeableness, conscientiousness, openness; 1 is above the median of all."""
COUNT = 2_467
GET = "https://github.com/SenticNet/personality-detection (essays.csv; python -m ferlab.fetch data=essays)"

_LOOKED_FOR = ("essays.zip", "essays.csv", "essays/essays.csv", "essays/essays.zip")
# author, text, traits
_ORIGINAL = ("#AUTHID", "TEXT", *(f"c{trait}" for trait in TRAITS))
_PLAIN = ("author_id", "text", *TRAITS)


class Essays:
    """The essays as `Samples`: texts as they were written, five labels each, one split "all", persons: author.

    Columns: author, year (of the name, 1997 to 2004) and words. Left out and told: the row of the original file that
    holds a spreadsheet's error in place of a text.

    Args:
        root: folder the file lies in, or the file itself; None for `$FERLAB_DATA`.
        classes: traits to keep, in this order; one alone makes a binary task.
        encoding: of the file, as Python calls it; None: UTF-8 where it is, else Western (cp1252).
        on_bad: "stop" at a broken row, or "skip" and count it.
        check_counts: insist on 2,467 texts.
    """

    def __init__(
        self,
        root: str | None = None,
        classes: Sequence[str] | None = None,
        encoding: str | None = None,
        on_bad: str = "stop",
        check_counts: bool = True,
    ) -> None:
        self.root, self.classes, self.encoding = root, classes, encoding
        self.on_bad, self.check_counts = on_bad, check_counts

    def load(self) -> Samples:
        """Read the file.

        Raises:
            FerlabError: no file, none of the two forms, a broken row, or a wrong number of texts.
        """
        source = _find(data_root("essays", self.root, _LOOKED_FOR, GET, "synthetic_essays"))
        broken = Broken("essays", source, self.on_bad)
        table = read_table(source, broken, self.encoding, entry="essays.csv")
        form = next((form for form in (_ORIGINAL, _PLAIN) if set(form) <= set(table.columns)), None)
        if form is None:
            raise FerlabError(
                f"essays: {source}: expected the columns {','.join(_ORIGINAL)} or {','.join(_PLAIN)}, found "
                f"{','.join(table.columns)}; for other texts: data=text_csv"
            )
        essays: dict[str, tuple[str, list[int]]] = {}
        junk = []
        for row in table.rows:
            if is_junk(row.cells[form[1]]):
                junk.append(f"{row.where}, {row.cells[form[0]]}: {row.cells[form[1]]!r}")
                continue
            try:
                name, essay = _essay(row, form, essays)
            except BadEntryError as error:
                broken.report(row.where, str(error))
            else:
                essays[name] = essay
        _check(source, len(essays), len(broken.skipped) if self.check_counts else None)
        texts = np.array([text for text, _ in essays.values()], object)
        ids = np.array(list(essays))
        notes = (*broken.notes(), *table.notes, *(f"left out, a spreadsheet's error is no text: {one}" for one in junk))
        samples = Samples(
            name="essays",
            spec=TaskSpec("multilabel", TRAITS, "text", ()),
            x=texts,
            labels=np.array([labels for _, labels in essays.values()], np.int64),
            ids=ids,
            splits=np.full(len(ids), "all"),
            columns={"author": ids, "year": np.array([name[:4] for name in essays]), "words": words_of(texts.tolist())},
            notes=notes,
            people=("author",),
        )
        return narrowed(samples, self.classes)


def _find(root: Path) -> Path:
    if root.is_file():
        return root
    for name in _LOOKED_FOR:
        if (root / name).is_file():
            return root / name
    raise missing("essays", f"in {root}", _LOOKED_FOR, GET, "synthetic_essays")


def _essay(row: Row, form: Sequence[str], known: dict[str, tuple[str, list[int]]]) -> tuple[str, tuple[str, list[int]]]:
    name, text = row.cells[form[0]], row.cells[form[1]]
    if not name:
        raise BadEntryError(f"has no {form[0]}")
    if name in known:
        raise BadEntryError(f"repeats the author {name}; expected each once")
    check_text(text)
    return name, (text, [answer(row.cells[column], column) for column in form[2:]])


def _check(source: Path, found: int, skipped: int | None) -> None:
    if not found:
        raise FerlabError(f"essays: no usable row in {source}")
    if skipped is not None and not COUNT - skipped <= found <= COUNT:
        raise FerlabError(
            f"essays: {source}: expected {COUNT:,} texts, found {found:,}. Get the whole file from {GET}, or take "
            "this one as it is with data.check_counts=false"
        )
