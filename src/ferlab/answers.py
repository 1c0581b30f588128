"""What a checkpoint says of files, as a table on the terminal and in a .csv."""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ferlab.answering import Answering
from ferlab.data.given_files import KINDS
from ferlab.evaluation.words import NOUNS

SHOWN = 50


@dataclass(frozen=True)
class Answers:
    """Probabilities of named samples.

    Attributes:
        names: path of each file; of a table of texts also the row's lines.
        probabilities: of each class or, multilabel, of each label by itself.
        model: who said so.
        thresholds: from which probability on each label is said; None where one class is.
        sure: whether the largest probability reaches what a wished error rate asks for; None: not asked.
    """

    names: Sequence[str]
    probabilities: Float[np.ndarray, "sample classes"]
    model: Answering
    thresholds: dict[str, float] | None = None
    sure: Bool[np.ndarray, "sample"] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names, in the order of the probabilities' columns."""
        return self.model.spec.labels

    @property
    def yes(self) -> Bool[np.ndarray, "sample label"] | None:
        """Which labels are said, each by its own threshold; None where one class is."""
        if self.thresholds is None:
            return None
        return np.asarray(self.probabilities >= np.array([self.thresholds[name] for name in self.labels]))

    def show(self) -> None:
        """Print the first of them."""
        facts, modality = self.model.facts, self.model.spec.modality
        trained = facts.get("data", {})
        kind = " (SYNTHETIC data: says nothing of real people)" if trained.get("synthetic") else ""
        table = Table(title=f"{facts.get('name', 'model')} trained on {trained.get('name', 'unknown data')}{kind}")
        table.add_column(NOUNS[modality].removesuffix("s"), overflow="fold")
        resolved = [Path(name).resolve() for name in self.names]
        # a whole path would wrap: names are told below the folder that all files share
        folder = os.path.commonpath([path.parent for path in resolved])
        shown = [escape(str(path.relative_to(folder))) for path in resolved[:SHOWN]]
        self._classes(table, shown) if self.yes is None else self._labels(table, shown)
        console = Console()
        console.print(table)
        option = "texts" if modality == "text" else KINDS[modality].option
        console.print(f"{option} in {folder}", soft_wrap=True, markup=False, highlight=False)
        if len(self.names) > SHOWN:
            console.print(f"... and {len(self.names) - SHOWN} more")
        if self.thresholds is not None:
            each = ", ".join(f"{name} {value:.3f}" for name, value in self.thresholds.items())
            console.print(f"yes from a probability of: {each}", highlight=False, markup=False)
        console.print("output=predictions.csv writes every file and every class")

    def _classes(self, table: Table, shown: Sequence[str]) -> None:
        table.add_column("prediction", style="bold")
        table.add_column("probability", justify="right", style="bold")
        table.add_column("next")
        table.add_column("probability", justify="right")
        certain = np.full(len(self.names), True) if self.sure is None else self.sure
        names = self.labels
        for name, row, answered in zip(shown, self.probabilities, certain, strict=False):
            first, second = (int(k) for k in row.argsort()[::-1][:2])
            answer = names[first] if answered else f"[yellow]unsure[/] [dim]({names[first]})[/]"
            table.add_row(name, answer, f"{row[first]:.3f}", names[second], f"{row[second]:.3f}")

    def _labels(self, table: Table, shown: Sequence[str]) -> None:
        for label in self.labels:
            table.add_column(label, justify="right")
        assert self.yes is not None
        for name, row, said in zip(shown, self.probabilities, self.yes, strict=False):
            cells = [
                f"[bold]yes[/] {p:.3f}" if one else f"[dim]no[/]  {p:.3f}" for p, one in zip(row, said, strict=True)
            ]
            table.add_row(name, *cells)

    def write(self, path: Path) -> None:
        """Write all of them to a .csv, whole or not at all.

        Columns: path; pred, or of a multilabel task pred_<label>, yes or no; sure, where it was asked; p_<class>.
        """
        labels, said = self.labels, self.yes
        preds = ["pred"] if said is None else [f"pred_{label}" for label in labels]
        head = ["path", *preds, *([] if self.sure is None else ["sure"]), *(f"p_{label}" for label in labels)]
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        with temporary.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(head)
            for i, (name, row) in enumerate(zip(self.names, self.probabilities, strict=True)):
                answer = [labels[int(row.argmax())]] if said is None else ["yes" if one else "no" for one in said[i]]
                certain = [] if self.sure is None else ["yes" if self.sure[i] else "no"]
                writer.writerow([name, *answer, *certain, *(f"{p:.6f}" for p in row)])
        temporary.replace(path)
