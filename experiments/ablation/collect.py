"""Put runs that differ in one option side by side: means over seeds, and paired differences with intervals.

    python experiments/ablation/collect.py FOLDER --baseline none --out experiments/ablation/rebalancing

FOLDER holds a run folder for each option and seed, named <option>-s<seed>. Every option must have the same seeds and
the same test samples as the baseline.
"""

import argparse
import csv
import json
import re
from collections import defaultdict
from pathlib import Path
from statistics import mean

import numpy as np

from ferlab.evaluation.intervals import percentile, row_weights
from ferlab.evaluation.rows import Rows, read_rows

FIGURES = ("accuracy", "recall_macro", "f1_macro")
RESAMPLES = 2000
Runs = dict[str, dict[int, Path]]


def find(folder: Path) -> Runs:
    """Return the finished runs below a folder by option and seed."""
    runs: Runs = defaultdict(dict)
    for path in sorted(folder.glob("*-s[0-9]*/metrics.json")):
        match = re.fullmatch(r"(.+)-s(\d+)", path.parent.name)
        assert match is not None
        runs[match[1]][int(match[2])] = path.parent
    return runs


def differences(runs: dict[int, Path], baseline: dict[int, Path]) -> dict[str, tuple[float, float, float]]:
    """Return how much more accuracy and macro recall `runs` have on the same test rows, with 95 % intervals.

    Hits are averaged over the seeds, then test rows are resampled: the intervals speak of other test samples, not of
    other seeds.
    """
    assert runs.keys() == baseline.keys(), f"seeds differ: {sorted(runs)} and {sorted(baseline)}"
    test = {seed: (_test(runs[seed]), _test(baseline[seed])) for seed in runs}
    first = next(iter(test.values()))[1]
    gain = np.zeros(len(first), dtype=np.float32)
    for mine, theirs in test.values():
        assert list(mine.ids) == list(theirs.ids) == list(first.ids), "the runs have other test samples"
        hits = (mine.preds == mine.labels).astype(np.float32) - (theirs.preds == theirs.labels)
        gain += hits / len(test)
    members = [first.labels == k for k in range(len(first.names)) if (first.labels == k).any()]
    accuracy, recall = [], []
    for weights in row_weights(len(first), RESAMPLES):
        accuracy.append(gain @ weights / len(first))
        with np.errstate(invalid="ignore"):
            recall.append(np.mean([(gain[m] @ weights[m]) / weights[m].sum(0) for m in members], axis=0))
    values = {"accuracy": float(gain.mean()), "recall_macro": float(np.mean([gain[m].mean() for m in members]))}
    draws = {"accuracy": np.concatenate(accuracy), "recall_macro": np.concatenate(recall)}
    return {name: (values[name], *(percentile(draws[name]) or (np.nan, np.nan))) for name in values}


def collect(runs: Runs, baseline: str, out: Path) -> str:
    """Write results.csv and results.md into `out`; returns the table."""
    out.mkdir(parents=True, exist_ok=True)
    metrics = {
        option: {seed: json.loads((path / "metrics.json").read_text()) for seed, path in seeds.items()}
        for option, seeds in runs.items()
    }
    first = next(iter(metrics[baseline].values()))
    support = {name: figures["support"] for name, figures in first["test"]["per_class"].items()}
    rarest = min((name for name in support if support[name]), key=support.__getitem__)
    with (out / "results.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["option", "seed", "n", "protocol", *_columns(), f"recall of {rarest}", "chosen epoch"])
        for option, seeds in metrics.items():
            for seed, found in seeds.items():
                test = found["test"]
                cells = [round(test[figure][key], 4) for figure in FIGURES for key in ("value", "low", "high")]
                rare = round(test["per_class"][rarest]["recall"]["value"], 4)
                protocol = f"{found['protocol']['name']} {found['protocol']['hash']}"
                writer.writerow([option, seed, test["n"], protocol, *cells, rare, found["checkpoint"]["chosen_epoch"]])
    lines = [
        f"| option | accuracy | macro recall | macro F1 | recall of {rarest} (n = {support[rarest]}) "
        "| accuracy against the first row | macro recall against the first row |",
        "|---|---|---|---|---|---|---|",
    ]
    for option in sorted(runs, key=lambda option: option != baseline):
        tests = [found["test"] for found in metrics[option].values()]
        cells = [_spread([test[figure]["value"] for test in tests]) for figure in FIGURES]
        cells.append(_spread([test["per_class"][rarest]["recall"]["value"] for test in tests]))
        found = {} if option == baseline else differences(runs[option], runs[baseline])
        cells += [_signed(*found[name]) if found else "" for name in ("accuracy", "recall_macro")]
        lines.append(f"| `{option}` | " + " | ".join(cells) + " |")
    seeds = sorted(runs[baseline])
    lines += [
        "",
        f"Test rows n = {first['test']['n']:,}, seeds {', '.join(map(str, seeds))}: mean (lowest to highest).",
    ]
    table = "\n".join(lines) + "\n"
    (out / "results.md").write_text(table)
    return table


def _test(run: Path) -> Rows:
    return read_rows(run / "predictions.parquet").split("test")


def _columns() -> list[str]:
    return [f"{figure}{end}" for figure in FIGURES for end in ("", " low", " high")]


def _spread(values: list[float]) -> str:
    return f"{_short(mean(values))} ({_short(min(values))} to {_short(max(values))})"


def _short(value: float) -> str:
    return f"{value:.3f}".lstrip("0") if value < 1 else f"{value:.3f}"


def _signed(value: float, low: float, high: float) -> str:
    return f"{100 * value:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def main() -> None:
    """Read the command line, write the files, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--baseline", default="none", help="the option that the others are compared with (none)")
    parser.add_argument("--out", type=Path, required=True, help="folder of results.csv and results.md")
    options = parser.parse_args()
    runs = find(options.folder)
    if options.baseline not in runs:
        parser.error(f"no run of {options.baseline!r} in {options.folder}; found {sorted(runs)}")
    print(collect(runs, options.baseline, options.out))


if __name__ == "__main__":
    main()
