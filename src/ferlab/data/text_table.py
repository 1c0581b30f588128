"""A table of texts: a CSV of any size, its encoding and separator found out, its rows with the lines they stand on."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ferlab.data.archive import TABLE_BYTES, ZipArchive
from ferlab.data.broken import BadEntryError, Broken
from ferlab.errors import FerlabError

SEPARATORS = (",", ";", "\t")
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
# Western single-byte as browsers read it: the five bytes that cp1252 leaves open are control characters
_WESTERN = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xA0)}


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        where: "line 7", or "lines 7 to 9", counted from 1.
        cells: column name -> cell, without white space at its ends.
    """

    where: str
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """A table as it was read.

    Attributes:
        columns: names in their order.
        rows: the rows that can be read, in their order.
        notes: what a reader of the report must know: how the file was decoded.
    """

    columns: tuple[str, ...]
    rows: list[Row]
    notes: tuple[str, ...]


def read_table(source: Path, broken: Broken, encoding: str | None = None, entry: str | None = None) -> Table:
    """Read a CSV: from a file, or the one that stands in a zip.

    Args:
        source: the CSV, or a zip of it.
        broken: is told of rows of another length than the header, with bytes that are no text, or with NUL.
        encoding: Python's name of it; None: UTF-8 where it is, else UTF-16 by its mark, else Western (cp1252).
        entry: file name inside the zip; None for the only CSV there.

    Raises:
        FerlabError: it cannot be read or decoded, or has no header.
    """
    where = str(source)
    if source.suffix.lower() == ".zip":
        data, name = _from_zip(source, broken, entry)
        where = f"{source} ({name})"
    else:
        try:
            if (size := source.stat().st_size) > TABLE_BYTES:
                raise FerlabError(f"{broken.name}: {source}: expected at most {TABLE_BYTES:,} bytes, found {size:,}")
            data = source.read_bytes()
        except OSError as error:
            raise FerlabError(f"{broken.name}: {source} cannot be read ({error.strerror})") from error
    text, note = decode(data, encoding, f"{broken.name}: {where}")
    header, rows = _rows(text, broken, where)
    return Table(header, rows, note)


def decode(data: bytes, encoding: str | None, what: str) -> tuple[str, tuple[str, ...]]:
    """Decode a file of text.

    A file that is mostly UTF-8 stays UTF-8: its broken bytes become lone surrogates, for the rows to be judged by.

    Args:
        data: the file.
        encoding: Python's name of it, None to find it out.
        what: for messages.

    Returns:
        The text, and what a reader of the report must know; nothing where it is UTF-8.

    Raises:
        FerlabError: the encoding is unknown or not that of the file.
    """
    given = encoding or next((name for mark, name in _BOMS.items() if data.startswith(mark)), None)
    if given is not None:
        try:
            return data.decode(given), (() if given.startswith("utf-8") else (f"decoded as {given}",))
        except LookupError as error:
            raise FerlabError(
                f"{what}: data.encoding={encoding}: no such encoding; expected utf-8, cp1252, ..."
            ) from error
        except UnicodeDecodeError as error:
            if encoding is None and given == "utf-8-sig":
                return data.decode(given, "surrogateescape"), ()
            raise FerlabError(
                f"{what}: expected {given}, found {data[error.start : error.start + 4]!r} at byte {error.start:,}; "
                "cure: data.encoding=null finds the encoding out, or name another"
            ) from error
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        first = error.start
    mixed = data.decode("utf-8", "surrogateescape")
    wrong = sum("\udc80" <= char <= "\udcff" for char in mixed)
    if sum(char > "\x7f" for char in mixed) - wrong > wrong:
        return mixed, ()
    note = f"decoded as Western text (cp1252): byte {first:,}, {data[first : first + 1]!r}, is no UTF-8"
    return data.decode("latin-1").translate(_WESTERN), (note,)


def _from_zip(source: Path, broken: Broken, entry: str | None) -> tuple[bytes, str]:
    with ZipArchive(source, broken) as archive:
        tables = [name for name in archive.names if name.lower().endswith(".csv")]
        found = [name for name in tables if entry is None or name.rpartition("/")[2].lower() == entry.lower()]
        if len(found) != 1:
            expected = entry or "one CSV"
            raise FerlabError(
                f"{broken.name}: {source}: expected {expected} in it, found {', '.join(archive.names[:5]) or 'nothing'}"
            )
        try:
            return archive.read(found[0], TABLE_BYTES), found[0]
        except BadEntryError as error:
            raise FerlabError(f"{broken.name}: {source}: {found[0]} {error}; download it again") from error


def _rows(text: str, broken: Broken, where: str) -> tuple[tuple[str, ...], list[Row]]:
    text = text.removeprefix("\ufeff")
    head = text.partition("\n")[0]
    separator = max(SEPARATORS, key=lambda mark: head.count(mark))
    with _any_length(len(text)):
        try:
            found = list(_numbered(text, separator))
        except csv.Error as error:
            raise FerlabError(f"{broken.name}: {where} cannot be read as a CSV: {error}") from error
    header = [name.strip() for name in found[0][2]] if found else []
    while header and not header[-1]:
        header.pop()
    if not header or len(set(header)) != len(header):
        raise FerlabError(f"{broken.name}: {where}: expected a first line of distinct column names, found {header}")
    rows = []
    for first, last, row in found[1:]:
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        line = f"line {first}" if first == last else f"lines {first} to {last}"
        if why := _wrong(cells, header, last - first):
            broken.report(line, why)
        else:
            rows.append(Row(line, dict(zip(header, cells, strict=False))))
    return tuple(header), rows


def _numbered(text: str, separator: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yield the first and last line of each row, from 1, and its cells."""
    # csv would stop at a carriage return that stands alone; io turns it into a line break
    reader, before = csv.reader(io.StringIO(text, newline=None), delimiter=separator), 0
    for row in reader:
        yield before + 1, reader.line_num, row
        before = reader.line_num


def _wrong(cells: Sequence[str], header: Sequence[str], further: int) -> str | None:
    if len(cells) < len(header) or any(cells[len(header) :]):
        unclosed = "; probably a quotation mark that is not closed" if further > 0 else ""
        return f"expected {len(header)} columns, found {len(cells)}{unclosed}"
    for cell in cells:
        if "\0" in cell:
            return "holds NUL characters: it is damaged, or of another encoding (data.encoding=utf-16?)"
        if bad := next((char for char in cell if "\udc80" <= char <= "\udcff"), None):
            return f"holds the byte 0x{ord(bad) & 0xFF:02X}, which is no UTF-8, in a file that is UTF-8 elsewhere"
    return None


@contextmanager
def _any_length(size: int) -> Iterator[None]:
    # the module's limit guards against unclosed quotes; here the file's size does
    usual = csv.field_size_limit(max(size, 1 << 17))
    try:
        yield
    finally:
        csv.field_size_limit(usual)
