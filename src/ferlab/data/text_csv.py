"""Any texts of one's own: a CSV with a column of texts, one or more of labels, and perhaps author, id and split."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ferlab.data.broken import BadEntryError, Broken
from ferlab.data.file_list import in_order
from ferlab.data.samples import Samples
from ferlab.data.text_set import answer, check_text, is_answer, narrowed, words_of, yes_no
from ferlab.data.text_table import Row, read_table
from ferlab.errors import FerlabError
from ferlab.spec import Kind, TaskSpec

LABEL, AUTHOR, IDENT, SPLIT = "label", "author", "id", "split"
KINDS = (None, "multiclass", "binary", "multilabel")


class TextCsv:
    """A CSV of texts as `Samples`: texts as they were written, splits as the CSV says, "all" where it does not.

    One label column of class names makes a multiclass task, of two classes a binary one; one of y/n or 0/1 asks whether
    the column's name is true; several of y/n or 0/1 make a multilabel task. Further columns are kept as text in
    `Samples.columns`, and with them `words`, the number of each text's words.

    Args:
        root: the CSV, or a zip of one.
        text: column of the texts.
        labels: column of labels, or several; None: `label`.
        author: column that says whose text it is; None: `author`, where there is such a column.
        id: column of unique names; None: `id`, where there is such a column, else the rows' numbers.
        split: column of splits; None: `split`, where there is such a column.
        classes: classes or labels to keep, in this order.
        kind: "multiclass", "binary" or "multilabel"; None: as the columns say.
        encoding: of the file, as Python calls it; None: UTF-8 where it is, UTF-16 by its mark, else Western (cp1252).
        on_bad: "stop" at a broken row, or "skip" and count it.
        name: the data set's name in outputs.
    """

    def __init__(
        self,
        root: str | None = None,
        text: str = "text",
        labels: str | Sequence[str] | None = None,
        author: str | None = None,
        id: str | None = None,
        split: str | None = None,
        classes: Sequence[str] | None = None,
        kind: str | None = None,
        encoding: str | None = None,
        on_bad: str = "stop",
        name: str = "text_csv",
    ) -> None:
        if not re.fullmatch(r"[\w-]+", name):
            raise FerlabError(f"data.name: expected letters, digits, - and _, found {name!r}")
        if kind not in KINDS:
            raise FerlabError(f"{name}: data.kind: expected null, {', '.join(KINDS[1:])}, found {kind!r}")
        self.root, self.text, self.author, self.ident, self.split = root, text, author, id, split
        self.labels = [LABEL] if labels is None else [labels] if isinstance(labels, str) else list(labels)
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise FerlabError(f"{name}: data.labels: expected one or more distinct columns, found {self.labels}")
        self.classes, self.kind, self.encoding, self.on_bad, self.name = classes, kind, encoding, on_bad, name

    def load(self) -> Samples:
        """Read the CSV.

        Raises:
            FerlabError: no CSV, a column that is not there, a broken row, or labels that make no task.
        """
        source = self._source()
        broken = Broken(self.name, source, self.on_bad)
        table = read_table(source, broken, self.encoding)
        author = self._column(table.columns, "author", self.author, AUTHOR)
        named = self._column(table.columns, "id", self.ident, IDENT)
        split = self._column(table.columns, "split", self.split, SPLIT)
        for option, wanted in (("text", [self.text]), ("labels", self.labels)):
            for column in wanted:
                self._column(table.columns, option, column, column)
        answers = len(self.labels) > 1 or self._asks(table.rows)
        kept: dict[str, Row] = {}
        for number, row in enumerate(table.rows, 1):
            try:
                check_text(row.cells[self.text])
                self._check_labels(row, answers)
                ident = row.cells[named] if named else f"row_{number:06d}"
                if not ident or ident in kept:
                    raise BadEntryError(
                        f"repeats the {named} {ident}; expected each once" if ident else f"has no {named}"
                    )
                for needed in (author, split):
                    if needed and not row.cells[needed]:
                        raise BadEntryError(f"has no {needed}")
            except BadEntryError as error:
                broken.report(row.where, str(error))
            else:
                kept[ident] = row
        if not kept:
            raise FerlabError(f"{self.name}: no usable row in {source}: {len(broken.skipped)} broken")
        spec, labels = self._labelled(list(kept.values()), answers)
        rows, notes = list(kept.values()), (*broken.notes(), *table.notes)
        texts = [row.cells[self.text] for row in rows]
        used = {self.text, named, split, *self.labels, ""}
        further = {name: np.array([row.cells[name] for row in rows]) for name in table.columns if name not in used}
        every = Samples(
            name=self.name,
            spec=spec,
            x=np.array(texts, object),
            labels=labels,
            ids=np.array(list(kept)),
            splits=np.array([row.cells[split] for row in rows]) if split else np.full(len(rows), "all"),
            columns={"words": words_of(texts), **further},
            notes=notes,
            people=(author,) if author else (),
        )
        return narrowed(every, self.classes, self.kind)

    def _source(self) -> Path:
        what = f"a CSV with the columns {self.text},{','.join(self.labels)}[,author,id,split,...]"
        if not self.root:
            raise FerlabError(
                f"{self.name}: data.root is not set; expected data.root=<{what}>. Without any data: "
                "data=synthetic_essays"
            )
        path = Path(self.root).expanduser().absolute()
        if not path.is_file():
            found = "a folder" if path.is_dir() else "nothing"
            raise FerlabError(f"{self.name}: data.root={path}: expected {what}, found {found}")
        return path

    def _column(self, there: Sequence[str], option: str, wish: str | None, usual: str) -> str | None:
        """Return the column that an option names, or the usual one where there is it."""
        if (wish or usual) in there:
            return wish or usual
        if wish is None:
            return None
        raise FerlabError(
            f"{self.name}: data.{option}: no column {wish!r} in {self.root}; it has {', '.join(there)}; cure: "
            f"data.{option}=<one of them>"
        )

    def _asks(self, rows: Sequence[Row]) -> bool:
        """Tell whether the only label column holds answers, y/n or 0/1, not names of classes."""
        if self.kind == "multiclass":
            return False
        found = {row.cells[self.labels[0]] for row in rows} - {""}
        said = [is_answer(cell) for cell in found]
        # of a yes/no task whatever is neither is a slip, not a class of its own
        return bool(found) and (all(said) or (self.kind == "binary" and len(found) > 2 and any(said)))

    def _check_labels(self, row: Row, answers: bool) -> None:
        for column in self.labels:
            if not row.cells[column]:
                raise BadEntryError(f"has no {column}")
            if answers:
                answer(row.cells[column], column)

    def _labelled(self, rows: Sequence[Row], answers: bool) -> tuple[TaskSpec, np.ndarray]:
        if answers:
            table = np.array([[answer(row.cells[column], column) for column in self.labels] for row in rows], np.int64)
            if len(self.labels) == 1 and self.kind != "multilabel":
                return yes_no(self.labels[0]), table[:, 0].copy()
            return TaskSpec("multilabel", tuple(self.labels), "text", ()), table
        if self.kind == "multilabel":
            raise FerlabError(
                f"{self.name}: data.kind=multilabel expects columns of y/n or 0/1, one for each label; "
                f"{self.labels[0]} holds names of classes; cure: data.kind=null"
            )
        names = [row.cells[self.labels[0]] for row in rows]
        classes = in_order(set(names))
        if len(classes) < 2:
            raise FerlabError(f"{self.name}: column {self.labels[0]}: expected two or more classes, found {classes}")
        index = {name: number for number, name in enumerate(classes)}
        kind: Kind = "binary" if len(classes) == 2 else "multiclass"
        return TaskSpec(kind, tuple(classes), "text", ()), np.array([index[name] for name in names], np.int64)
