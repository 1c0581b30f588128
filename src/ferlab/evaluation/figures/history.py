"""Learning curves, from the metrics.csv that the CSV logger writes."""

import csv
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ferlab.errors import FerlabError
from ferlab.evaluation.figures.style import BLUE, GREY, INK, RED, Caption, sheet

Series = dict[int, float]


def read_history(path: Path) -> dict[str, Series]:
    """Return each logged value by epoch, counted from 1: {"val/loss": {1: 1.7, 2: 1.5}, ...}.

    Where a value was logged several times in an epoch the last one stands.

    Raises:
        FerlabError: no such file, or no column named epoch.
    """
    if not path.is_file():
        raise FerlabError(f"{path}: no such file; expected the metrics.csv that training writes with logger=csv")
    history: dict[str, Series] = {}
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        if "epoch" not in (reader.fieldnames or []):
            raise FerlabError(f"{path}: expected a column 'epoch', found {reader.fieldnames}")
        for row in reader:
            if row["epoch"]:
                epoch = int(float(row["epoch"])) + 1
                for name, value in row.items():
                    if value and name not in ("epoch", "step"):
                        history.setdefault(name, {})[epoch] = float(value)
    return history


def learning_curves(history: dict[str, Series], caption: Caption, chosen: int | None = None) -> Figure:
    """Draw loss, accuracy and learning rate by epoch, training and validation together.

    Args:
        history: as `read_history` gives it; what is missing is left out.
        caption: for the footer.
        chosen: the epoch, from 1, whose weights were kept; marked.
    """
    rates = {name: series for name, series in history.items() if name.startswith("lr")}
    panels = [("loss", "loss (nats)"), ("accuracy", "accuracy")]
    panels = [p for p in panels if any(f"{split}/{p[0]}" in history for split in ("train", "val"))]
    wide = len(panels) + bool(rates)
    epochs = max((max(series) for series in history.values()), default=0)
    with sheet(
        1 + 3.6 * max(wide, 1), 3.9, "Learning curves", caption.line(f"{epochs} epoch{'s' * (epochs != 1)}")
    ) as figure:
        for i, (name, label) in enumerate(panels):
            axes = figure.add_subplot(1, wide, i + 1)
            for split, shade, title in (("train", BLUE, "training"), ("val", RED, "validation")):
                series = history.get(f"{split}/{name}")
                if series:
                    axes.plot([*series], [*series.values()], color=shade, marker="o", markersize=3.5, label=title)
            value = history.get(f"val/{name}", {}).get(chosen or 0)
            if chosen:
                axes.axvline(chosen, color=GREY, linewidth=1, linestyle="--", zorder=0)
            if chosen and value is not None:
                axes.plot(chosen, value, "o", color=RED, markersize=9, fillstyle="none", label=f"kept: epoch {chosen}")
            axes.set(title=label.partition(" ")[0].capitalize(), xlabel="epoch", ylabel=label)
            axes.legend()
        if rates:
            axes = figure.add_subplot(1, wide, wide)
            for series in rates.values():
                axes.step([*series], [*series.values()], where="mid", color=INK, marker="o", markersize=3.5)
            axes.set(title="Learning rate", xlabel="epoch", ylabel="learning rate", yscale="log")
        for axes in figure.axes:
            axes.grid(True)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            axes.set_xlim(0.5, epochs + 0.5)
    return figure
