"""A table of files: a CSV with the columns path,label, perhaps split, and further ones that are kept as text."""

import csv
from collections.abc import Iterable
from pathlib import Path

from ferlab.data.broken import Broken
from ferlab.data.listing import Listing
from ferlab.errors import FerlabError


def read_list(source: Path, broken: Broken) -> Listing:
    """Read the table; its paths are relative to its own folder, and are the samples' ids.

    Args:
        source: the CSV, UTF-8, its first line the column names.
        broken: is told of rows that are short, name no label, or repeat a path.

    Raises:
        FerlabError: it cannot be read as text, has no columns path and label, or no rows.
    """
    try:
        with source.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FerlabError(f"{broken.name}: {source} cannot be read as a CSV in UTF-8: {error}") from error
    names = [name.strip() for name in rows[0]] if rows else []
    if not {"path", "label"} <= set(names) or len(set(names)) != len(names):
        raise FerlabError(
            f"{broken.name}: {source}: expected the columns path,label[,split,...] once each, found {names}"
        )
    further = [name for name in names if name not in ("path", "label", "split")]
    facts: dict[str, dict[str, str]] = {}
    for line, row in enumerate(rows[1:], 2):
        if not row:
            continue
        fact = {name: cell.strip() for name, cell in zip(names, row, strict=False)}
        if len(row) != len(names):
            broken.report(f"line {line}", f"expected {len(names)} columns, found {len(row)}")
        elif empty := [name for name in ("path", "label", "split") if fact.get(name) == ""]:
            broken.report(f"line {line}", f"has no {empty[0]}")
        elif fact["path"] in facts:
            broken.report(f"line {line}", f"repeats the path {fact['path']}; expected each once")
        else:
            facts[fact["path"]] = fact
    if not facts:
        raise FerlabError(f"{broken.name}: no usable row in {source}: {len(broken.skipped)} broken")
    listing = Listing(in_order({fact["label"] for fact in facts.values()}))
    index = {label: number for number, label in enumerate(listing.classes)}
    for path, fact in facts.items():
        listing.add(path, path, index[fact["label"]], fact.get("split", "all"))
    listing.columns = {name: [fact[name] for fact in facts.values()] for name in further}
    return listing


def in_order(labels: Iterable[str]) -> list[str]:
    """Return class names in alphabetical order, or by value where all are whole numbers."""
    found = sorted(labels)
    return sorted(found, key=int) if all(label.isdecimal() for label in found) else found
