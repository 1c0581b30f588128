"""Texts that are handed in for a prediction: text files, folders of them, and tables with a column of texts."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ferlab.data.broken import BadEntryError, Broken
from ferlab.data.text_set import check_text
from ferlab.data.text_table import decode, read_table
from ferlab.errors import FerlabError

SUFFIXES = (".txt", ".md", ".text", ".csv")


class Given(NamedTuple):
    """One text.

    Attributes:
        name: the file, and of a table the row's lines.
        text: as it was read.
    """

    name: str
    text: str


class _Told(Broken):
    """Ends with a message for whoever asked for a prediction."""

    def __init__(self, source: Path) -> None:
        super().__init__("predict", source, "stop")

    def judge(self, problems: Iterable[str]) -> None:
        for problem in problems:
            raise FerlabError(f"predict: {self.source}: {problem}")


def read_texts(
    paths: Sequence[str], column: str = "text", encoding: str | None = None
) -> tuple[list[Given], list[str]]:
    """Read texts: each file is one, of a .csv each row; a folder is searched through, its files sorted.

    Args:
        paths: files and folders.
        column: the column of texts in a table.
        encoding: of the files, as Python calls it; None: UTF-8 where it is, UTF-16 by its mark, else Western (cp1252).

    Returns:
        The texts, and what must be said of them: files that were read as Western text, say.

    Raises:
        FerlabError: no such file, none in the folder, one that is no text, a text without a letter.
    """
    texts: list[Given] = []
    notes: list[str] = []
    for name in paths:
        path = Path(name)
        inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
        if not path.exists() or not inside:
            what = "no text in folder" if path.is_dir() else "no such file or folder:"
            raise FerlabError(f"predict: {what} {path}; expected {', '.join(SUFFIXES)}")
        for file in inside:
            found, said = (_table if file.suffix.lower() == ".csv" else _file)(file, column, encoding)
            texts += found
            notes += [f"{file.name}: {note}" for note in said]
    return texts, notes


def _file(path: Path, column: str, encoding: str | None) -> tuple[list[Given], Sequence[str]]:
    del column
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FerlabError(f"predict: {path} cannot be read ({error.strerror})") from error
    text, notes = _decoded(data, encoding, path)
    if "\0" in text:
        raise FerlabError(f"predict: {path} holds NUL characters: no text, or of another encoding (encoding=utf-16?)")
    if any("\udc80" <= sign <= "\udcff" for sign in text):
        raise FerlabError(f"predict: {path} holds bytes that are no UTF-8, in a file that is UTF-8 elsewhere")
    _check(text, str(path))
    return [Given(str(path), text)], notes


def _decoded(data: bytes, encoding: str | None, path: Path) -> tuple[str, Sequence[str]]:
    try:
        return decode(data, encoding, f"predict: {path}")
    except FerlabError as error:
        # an option of data sets there, of this entry here
        raise FerlabError(str(error).replace("data.encoding", "encoding")) from error


def _table(path: Path, column: str, encoding: str | None) -> tuple[list[Given], Sequence[str]]:
    try:
        table = read_table(path, _Told(path), encoding)
    except FerlabError as error:
        raise FerlabError(str(error).replace("data.encoding", "encoding")) from error
    if column not in table.columns:
        raise FerlabError(
            f"predict: {path}: no column {column!r}, found {', '.join(table.columns)}; cure: column=<one of them>"
        )
    if not table.rows:
        raise FerlabError(f"predict: {path}: no row below the column names")
    for row in table.rows:
        _check(row.cells[column], f"{path}, {row.where}")
    return [Given(f"{path}, {row.where}", row.cells[column]) for row in table.rows], table.notes


def _check(text: str, where: str) -> None:
    try:
        check_text(text.strip())
    except BadEntryError as error:
        raise FerlabError(f"predict: {where} {error}") from error
