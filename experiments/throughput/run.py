"""Measure what ferlab costs and what it saves; README.md beside this file says how."""

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import children
import ours
from cases import CASES, HERE, Case
from stopwatch import WARM
from table import Row, markdown, write

STEP = "A training step against a bare PyTorch loop"
USUAL = "A training step against the usual way"
READ = "Reading FER-2013 (35,887 images)"
MEMORY = "Memory"
SECTIONS = ("step", "usual", "read", "memory")
Arms = list[tuple[Row, Callable[[], float]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="measurements of each kind (5)")
    parser.add_argument("--steps", type=int, help="training steps a measurement (20 to 150, by model)")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, help="measure these alone")
    parser.add_argument("--models", nargs="+", choices=[case.model for case in CASES], help="these models alone")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of results.md and results.csv (this one)")
    options = parser.parse_args()
    begun = time.monotonic()
    rows: list[Row] = []
    cases = [case for case in CASES if not options.models or case.model in options.models]
    spawn = multiprocessing.get_context("spawn")
    # a process each, for ferlab tells its own to keep freed memory; both sleep while they are not measured
    with ProcessPoolExecutor(1, spawn) as here, ProcessPoolExecutor(1, spawn) as there:
        for case in cases if {"step", "usual"} & set(options.only) else []:
            rows += training(case, options.steps or case.steps, options.repeats, options.only, here, there)
    if "read" in options.only:
        rows += reading(options.repeats)
    if "memory" in options.only:
        rows += memory(options.steps or 100)
    rows.sort(key=lambda row: (STEP, USUAL, READ, MEMORY).index(row.section))
    data = "real data" if os.environ.get("FERLAB_DATA") else "synthetic images"
    options.out.mkdir(parents=True, exist_ok=True)
    write(rows, options.repeats, data, options.out)
    print(markdown(rows, options.repeats, data))
    print(f"{options.out / 'results.csv'}, after {(time.monotonic() - begun) / 60:.1f} minutes")


def measure(arms: Arms, repeats: int) -> list[Row]:
    """Measure all arms once, then all of them again: what slows the machine for a while slows each of them."""
    for repeat in range(repeats):
        for row, take in arms:
            row.values.append(take())
            told = f"{row.case}, {row.arm}: {row.values[-1]:.4g} {row.unit}"
            print(f"{repeat + 1}/{repeats} {told}", file=sys.stderr, flush=True)
    return [row for row, _ in arms]


def training(
    case: Case, steps: int, repeats: int, only: list[str], here: ProcessPoolExecutor, there: ProcessPoolExecutor
) -> list[Row]:
    """Measure one model's step: the bare loop and ferlab `here`, the usual way `there`."""
    # enough that no loader runs dry, for then its workers would leave the processor to the last steps
    images = (WARM + steps + 8) * case.batch
    arms: Arms = []

    def arm(row: Row, pool: ProcessPoolExecutor, *work: Any) -> Row:
        arms.append((row, lambda: pool.submit(*work).result()))
        return row

    with tempfile.TemporaryDirectory() as folder:
        if "step" in only:
            bare = arm(Row(STEP, case.name, "bare loop", "ms"), here, ours.bare, case, images, steps)
            mine = Row(STEP, case.name, "ferlab", "ms", against=bare, compare="cost", bound=0.05)
            arm(mine, here, ours.ferlab, case, images, steps)
        if "usual" in only and case.least:
            # imported here: albumentations is no dependency of ferlab
            import usual

            there.submit(usual.write_files, case, Path(folder), images).result()
            mine = arm(Row(USUAL, case.name, "ferlab", "ms"), here, ours.ferlab, case, images, steps)
            full = Row(USUAL, case.name, "ferlab in fp32", "ms", against=mine, compare="times")
            arm(full, here, ours.ferlab, case, images, steps, "32-true")
            for workers in (0, 1, 2):
                name = f"usual, {workers} worker{'s' * (workers != 1)}"
                row = Row(USUAL, case.name, name, "ms", against=mine, compare="times", bound=case.least)
                arm(row, there, usual.usual, case, Path(folder), workers, steps)
        return measure(arms, repeats)


def reading(repeats: int) -> list[Row]:
    """Measure FER-2013 from the archive, from the table, and from the cache."""
    archive = Path(os.environ.get("FERLAB_DATA") or "-").absolute() / "fer2013.zip"
    whole, table, again = (
        Row(READ, "fer2013.zip", "to cached array", "s", bound=15),
        Row(READ, "fer2013.csv", "to cached array", "s", bound=20),
        Row(READ, "fer2013.zip", "cached before", "s", bound=1),
    )
    if not archive.is_file():
        return [whole, table, again]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        children.write_table(archive, folder)

        def take(source: Path, row: Row, fresh: bool) -> Callable[[], float]:
            return lambda: children.load_seconds(source, folder / f"{source.name} {len(row.values) + fresh}")

        arms = [(whole, take(archive, whole, True)), (table, take(folder / "fer2013.csv", table, True))]
        return measure([*arms, (again, take(archive, whole, False))], repeats)


def memory(steps: int) -> list[Row]:
    """Measure the most that training cnn4 on FER-2013 holds at once, its evaluation and figures included."""
    row = Row(MEMORY, f"experiment=d2/cnn4, {steps} steps", "peak of the process, measured once", "GB", bound=2.5)
    overrides = ["experiment=d2/cnn4", "trainer.max_epochs=1", f"trainer.limit_train_batches={steps}"]
    take = (row, lambda: children.peak_bytes(overrides) / 1e9)
    return measure([take], 1) if os.environ.get("FERLAB_DATA") else [row]


if __name__ == "__main__":
    main()
