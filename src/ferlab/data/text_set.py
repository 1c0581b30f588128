"""What every set of texts asks of a text and of a yes/no label, and how its labels are narrowed to some of them."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ferlab.data.broken import BadEntryError
from ferlab.data.samples import Samples
from ferlab.data.subset import subset
from ferlab.errors import FerlabError
from ferlab.spec import TaskSpec

YES, NO = ("y", "yes", "1", "1.0", "true"), ("n", "no", "0", "0.0", "false")
_LETTER = re.compile(r"[^\W\d_]")
# what Excel and LibreOffice show in place of a formula's value
_SPREADSHEET = re.compile(r"Err:\d+|#(?:NAME\?|VALUE!|REF!|DIV/0!|NUM!|NULL!|N/A)", re.IGNORECASE)


def is_junk(text: str) -> bool:
    """Tell whether a text is nothing but a spreadsheet's error, as one row of the original essays.csv is."""
    return _SPREADSHEET.fullmatch(text.strip()) is not None


def check_text(text: str) -> None:
    """Refuse what no model could read: nothing, no letter of any script, a spreadsheet's error.

    Texts of any length are kept, and letters of every script; emoji may stand between them.

    Raises:
        BadEntryError: it is refused.
    """
    if not text:
        raise BadEntryError("has no text")
    if is_junk(text):
        raise BadEntryError(f"holds a spreadsheet's error in place of a text: {text!r}")
    if not _LETTER.search(text):
        raise BadEntryError(f"has a text without any letter: {text[:40]!r}")


def is_answer(cell: str) -> bool:
    """Tell whether a cell says yes or no."""
    return cell.casefold() in YES + NO


def answer(cell: str, column: str) -> int:
    """Return 1 for yes, 0 for no.

    Raises:
        BadEntryError: it says neither.
    """
    if not is_answer(cell):
        raise BadEntryError(f"{column}: expected y, n, 1 or 0, found {cell!r}" if cell else f"has no {column}")
    return int(cell.casefold() in YES)


def words_of(texts: Sequence[str]) -> np.ndarray:
    """Return how many words each text has, parted by white space: int64 (sample,)."""
    return np.array([len(text.split()) for text in texts], np.int64)


def narrowed(samples: Samples, classes: Sequence[str] | None, kind: str | None = None) -> Samples:
    """Keep some labels in the order in which they are given; of several labels a sample, one alone is a yes/no task.

    Args:
        samples: texts with one label or several each.
        classes: labels to keep; None keeps all as they are.
        kind: "multiclass" or "binary" of samples with one label each; "multilabel" keeps even a single one so.

    Raises:
        FerlabError: a label is unknown or named twice, none is left, or the kind does not fit.
    """
    if samples.labels.ndim == 1:
        return subset(samples, classes, kind)
    known = samples.spec.labels
    names = tuple(known if classes is None else map(str, classes))
    if unknown := [name for name in names if name not in known]:
        raise FerlabError(f"{samples.name}: data.classes names unknown {unknown}; its labels are {list(known)}")
    if not names or len(set(names)) != len(names):
        raise FerlabError(f"{samples.name}: data.classes: expected one or more distinct labels, found {list(names)}")
    if kind not in (None, "multilabel") and (kind != "binary" or len(names) > 1):
        raise FerlabError(
            f"{samples.name}: data.kind={kind}: {len(names)} labels a sample are multilabel; cure: data.kind=null, or "
            "data.classes=[<one label>] for a binary task"
        )
    labels = samples.labels[:, [known.index(name) for name in names]]
    if len(names) > 1 or kind == "multilabel":
        return replace(samples, spec=replace(samples.spec, labels=names), labels=labels)
    return replace(samples, spec=yes_no(names[0]), labels=np.ascontiguousarray(labels[:, 0]))


def yes_no(label: str) -> TaskSpec:
    """Return the task of telling whether one label is true of a text."""
    return TaskSpec("binary", (f"not {label}", label), "text", ())
