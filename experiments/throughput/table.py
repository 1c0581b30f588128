"""From measurements to a CSV of every one of them and a markdown table of their medians."""

import csv
import platform
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import torch

BEGIN, END = "<!-- results -->", "<!-- end of results -->"


@dataclass
class Row:
    """One thing that was measured repeatedly.

    Attributes:
        section: heading.
        case: what was trained or read.
        arm: which way.
        unit: of the values.
        values: one each repeat.
        against: the row that this one is compared with, repeat by repeat.
        compare: "cost" for the share that this one takes more, "times" for how many times as long it takes, "rate" for
            how many times as much it gets done.
        bound: what the comparison, or the value where there is none, has to keep to.
        needs: why there are no values, where there are none.
    """

    section: str
    case: str
    arm: str
    unit: str
    values: list[float] = field(default_factory=list)
    against: "Row | None" = None
    compare: str = ""
    bound: float | None = None
    needs: str = "FERLAB_DATA is not set"

    @property
    def compared(self) -> float | None:
        """Median over the repeats of the comparison within one repeat."""
        if self.against is None or not self.values:
            return None
        ratio = median(a / b for a, b in zip(self.values, self.against.values, strict=True))
        return ratio - 1 if self.compare == "cost" else ratio

    def cells(self) -> list[str]:
        """Return the row of the table."""
        if not self.values:
            return [self.case, self.arm, f"not measured: {self.needs}", "", "", ""]
        value = f"{_short(median(self.values))} {self.unit}"
        spread = f"{_short(min(self.values))} to {_short(max(self.values))}"
        ratio, bound = self.compared, self.bound
        if ratio is None:
            told, asked = "", f"at most {bound:g} {self.unit}" if bound else ""
            kept = bound is None or median(self.values) <= bound
        elif self.compare == "cost":
            told, asked = f"{100 * ratio:+.1f} %", f"at most {100 * bound:+.0f} %" if bound else ""
            kept = bound is None or ratio <= bound
        else:
            told = f"{ratio:.2f} times as {'many' if self.compare == 'rate' else 'long'}"
            asked = f"at least {bound:g} times" if bound else ""
            kept = bound is None or ratio >= bound
        if asked:
            asked += ": kept" if kept else ": MISSED"
        return [self.case, self.arm, value, spread, told, asked]


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def markdown(rows: list[Row], repeats: int, data: str) -> str:
    """Return the tables, headed by where they were measured."""
    return "\n".join(_lines(rows, repeats, data)) + "\n"


def _lines(rows: list[Row], repeats: int, data: str) -> Iterator[str]:
    yield f"Medians of {repeats}, interleaved, on {_processor()}, {torch.get_num_threads()} threads;"
    yield f"{platform.system()}, Python {platform.python_version()}, torch {torch.__version__}; {data}."
    for section in dict.fromkeys(row.section for row in rows):
        yield f"\n### {section}\n"
        yield "| what | how | median | lowest to highest | compared | asked |"
        yield "|---|---|---|---|---|---|"
        for row in rows:
            if row.section == section:
                yield "| " + " | ".join(row.cells()) + " |"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def write(rows: list[Row], repeats: int, data: str, folder: Path) -> None:
    """Write results.csv and results.md, and put the tables into the folder's README.md if it has the place for them.

    Sections that were measured earlier and not now stay as they are; each new one then says how it was measured.
    """
    text = _merged(markdown(rows, repeats, data), folder / "results.md", f"medians of {repeats}, {data}")
    kept = _other_rows(folder / "results.csv", {row.section for row in rows})
    (folder / "results.md").write_text(text)
    with (folder / "results.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["section", "case", "arm", "repeat", "value", "unit"])
        writer.writerows(kept)
        for row in rows:
            writer.writerows(
                [row.section, row.case, row.arm, i, f"{value:.6g}", row.unit] for i, value in enumerate(row.values)
            )
    readme = folder / "README.md"
    if readme.is_file() and BEGIN in (before := readme.read_text()):
        head, rest = before.split(BEGIN, 1)
        readme.write_text(f"{head}{BEGIN}\n{text}{END}{rest.split(END, 1)[1]}")


def _merged(text: str, path: Path, how: str) -> str:
    """Return new tables among the earlier ones, in the place of those of the same sections."""
    if not path.is_file():
        return text
    head, *old = path.read_text().split("\n### ")
    new = text.split("\n### ")[1:]
    fresh = {part.partition("\n")[0]: part.rstrip("\n") + "\n" for part in new}
    titles = [part.partition("\n")[0] for part in old]
    if set(titles) <= fresh.keys():
        return text
    for title, part in fresh.items():
        first, _, table = part.partition("\n\n")
        fresh[title] = f"{first}\n\nMeasured by itself, {how}.\n\n{table}"
    parts = [fresh.pop(title, part.rstrip("\n") + "\n") for title, part in zip(titles, old, strict=True)]
    return "\n### ".join([head, *parts, *fresh.values()])


def _other_rows(path: Path, sections: set[str]) -> list[list[str]]:
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return [row for row in list(csv.reader(file))[1:] if row and row[0] not in sections]
