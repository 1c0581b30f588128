"""The essays' file in both its forms, a spreadsheet's table and the UTF-8 one, of texts made by a program."""

import csv
import io
from collections.abc import Iterable, Sequence

from ferlab.data.synthetic.essays import SyntheticEssays

TRAITS = ("EXT", "NEU", "AGR", "CON", "OPN")
JUNK = "1999_474029.txt"
Essay = tuple[str, str, Sequence[int]]


def essays(n: int = 64, words: int = 20) -> list[Essay]:
    """Author, text and labels; some texts hold quotation marks, line breaks, and letters beyond ASCII."""
    made = SyntheticEssays(n=n, words=words, seed=7).load()
    further = ['He said "no" and left. ', "Two\nlines. ", "Caf\u00e9, I can\u2019t. ", "\u0160\u0153 \u2013 ", ""]
    return [
        (f"{1997 + i % 8}_{100_000 + i}.txt", further[i % 5] + str(text), labels)
        for i, (text, labels) in enumerate(zip(made.x, made.labels.tolist(), strict=True))
    ]


def original(rows: Iterable[Essay], junk: bool = True, encoding: str = "cp1252") -> bytes:
    """As essays.csv was handed out: y and n, Western single-byte, one text lost to the spreadsheet."""
    cells = [[name, text, *("ny"[label] for label in labels)] for name, text, labels in rows]
    if junk:
        cells.insert(3, [JUNK, "Err:508", *"nnyny"])
    return table(["#AUTHID", "TEXT", *(f"c{trait}" for trait in TRAITS)], cells, "\r\n").encode(encoding)


def plain(rows: Iterable[Essay]) -> bytes:
    """The UTF-8 form: 1 and 0, no junk."""
    cells = [[name, text, *map(str, labels)] for name, text, labels in rows]
    return table(["author_id", "text", *TRAITS], cells).encode()


def table(header: Sequence[str], rows: Iterable[Sequence[str]], end: str = "\n", separator: str = ",") -> str:
    """A CSV."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator=end, delimiter=separator)
    writer.writerows([header, *rows])
    return file.getvalue()
