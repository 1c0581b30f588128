"""The columns of a report that are no measures: what was run, on what, how large, how fast, and beside what."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from ferlab.evaluation.words import duration, number
from ferlab.reporting.grouping import Group
from ferlab.reporting.sizes import size_of

Value = str | int | float | None
DASH = "-"


@dataclass(frozen=True)
class Cell:
    """What stands in one place of the table.

    Attributes:
        value: for sorting, filters and CSV; None where the runs do not say.
        text: for readers.
    """

    value: Value
    text: str


@dataclass(frozen=True)
class Fact:
    """A column: its head, and how a row's cell is made."""

    label: str
    cell: Callable[[Group], Cell]


def _text(read: Callable[[Group], Any]) -> Callable[[Group], Cell]:
    def cell(one: Group) -> Cell:
        value = read(one)
        return Cell(str(value), str(value)) if value not in (None, "", []) else Cell(None, DASH)

    return cell


def _count(read: Callable[[Group], Any], words: Callable[[float], str] = "{:,.0f}".format) -> Callable[[Group], Cell]:
    def cell(one: Group) -> Cell:
        value = read(one)
        return Cell(None, DASH) if value is None else Cell(value, words(value))

    return cell


def _share(value: float) -> str:
    return number(value, "accuracy")


def _mean(key: str, words: Callable[[float], str] = "{:,.0f}".format) -> Callable[[Group], Cell]:
    """Return the mean over a row's runs of what training.json says."""

    def cell(one: Group) -> Cell:
        values = [run.training.get(key) for run in one.runs]
        known = [float(value) for value in values if isinstance(value, int | float)]
        return Cell(None, DASH) if len(known) < len(values) else Cell(fmean(known), words(fmean(known)))

    return cell


def short(count: int | float) -> str:
    """Return a large count as it is spoken of: 15.2 M, 4.2 G."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:,.0f}"


def _size(key: str) -> Callable[[Group], Cell]:
    return _count(lambda one: (size_of(one.first) or {}).get(key), short)


def _protocol(one: Group) -> Cell:
    protocol = one.first.metrics["protocol"]
    fold = protocol.get("fold")
    name = str(protocol["name"])
    if fold:
        name += f", fold {fold['index']} of {fold['of']}"
    elif protocol.get("pooled_folds"):
        name += f", {protocol['pooled_folds']} folds pooled"
    return Cell(name, name)


def _classes(one: Group) -> Cell:
    test = one.first.metrics["test"]
    traits = test.get("traits")
    return Cell(len(traits), f"{len(traits)} labels") if traits else Cell(len(test["labels"]), str(len(test["labels"])))


def _seeds(one: Group) -> Cell:
    seeds = [run.seed for run in one.runs]
    if len(seeds) == 1:
        return Cell(1, f"1 (seed {seeds[0]})")
    return Cell(len(seeds), f"{len(seeds)} ({', '.join(map(str, seeds))})")


def _copies(one: Group) -> str | None:
    protocol = one.first.metrics["protocol"]
    words = [
        f"{counts['test in train']:,} {kind}"
        for kind, key in (("exact", "copies"), ("near", "near_copies"))
        if (counts := protocol.get(key)) and "test in train" in counts
    ]
    return ", ".join(words) or None


def _document(one: Group) -> Cell:
    document = one.document
    if not document or document.get("reported") is None:
        return Cell(None, DASH)
    name = document.get("metric", "accuracy")
    value = number(float(document["reported"]), name)
    what = "" if name == "accuracy" else f" {name}"
    return Cell(float(document["reported"]), f"{value}{what} ({document.get('row', '')})")


def _verdict(key: str) -> Callable[[Group], Any]:
    return lambda one: (one.verdict or {}).get(key)


def _verdict_cell(one: Group) -> Cell:
    found = one.verdict
    return Cell(None, DASH) if not found else Cell(found["verdict"], f"{found['verdict']}: {found['reason']}")


def _of(*keys: str) -> Callable[[Group], Any]:
    def read(one: Group) -> Any:
        found: Any = one.first.metrics
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    return read


def _each(key: str) -> Callable[[Group], Any]:
    def read(one: Group) -> str:
        said: Sequence[Any] = list(dict.fromkeys(run.training.get(key) for run in one.runs))
        return ", ".join(str(value) for value in said if value is not None)

    return read


FACTS: dict[str, Fact] = {
    "run": Fact("run", _text(lambda one: one.name)),
    "model": Fact("model", _text(_of("model"))),
    "setting": Fact("setting", _text(lambda one: one.setting)),
    "data": Fact("data", _text(_of("data", "name"))),
    "classes": Fact("classes", _classes),
    "protocol": Fact("protocol", _protocol),
    "hash": Fact("protocol hash", _text(_of("protocol", "hash"))),
    "selection": Fact("epoch chosen on", _text(_of("protocol", "selection"))),
    "train": Fact("train n", _count(_of("protocol", "counts", "train"))),
    "val": Fact("val n", _count(_of("protocol", "counts", "val"))),
    "n": Fact("test n", _count(_of("test", "n"))),
    "seeds": Fact("seeds", _seeds),
    "copies": Fact("test copies in training", _text(_copies)),
    "majority": Fact("always the largest class", _count(_of("test", "majority", "accuracy", "value"), _share)),
    "parameters": Fact("parameters", _size("parameters")),
    "multiply_adds": Fact("multiply-adds", _size("multiply_adds")),
    "samples_per_second": Fact("training samples/s", _mean("samples_per_second")),
    "epochs": Fact("epochs", _mean("epochs", "{:.3g}".format)),
    "seconds": Fact("training time", _mean("seconds", duration)),
    "device": Fact("device", _text(_each("device"))),
    "precision": Fact("precision", _text(_each("precision"))),
    "document": Fact("document's figure", _document),
    "verdict": Fact("verdict", _verdict_cell),
    "reason": Fact("reason", _text(_verdict("reason"))),
    "caveat": Fact("caveat", _text(_verdict("caveat"))),
    "marks": Fact("marks", _text(lambda one: "; ".join(one.marks))),
}
