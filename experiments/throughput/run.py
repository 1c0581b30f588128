"""Measure what ferlab costs and what it saves; README.md beside this file says how."""

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import children
import torch
from cases import AUGMENT, CASES, CUDA, HERE
from stopwatch import WARM
from table import Row, markdown, write
from training import Arms, Training

SECTIONS = {
    "step": "A training step against a bare PyTorch loop",
    "usual": "A training step against the usual way",
    "keras": "A training step against the documents' own Keras code",
    "augment": "D1's augmentation against albumentations",
    "speech": "D2's front end for speech against librosa",
    "text": "D2's cleaning of texts against NLTK's chain",
    "features": "Classic features against scikit-image, scipy and mahotas",
    "read": "Reading FER-2013 (35,887 images)",
    "memory": "Memory",
    "epochs": "D2's ten epochs",
}
HERE_ON = {
    "cpu": ("step", "usual", "keras", "augment", "speech", "text", "features", "read", "memory"),
    "cuda": ("step", "usual", "epochs"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="measurements of each kind (5)")
    parser.add_argument("--steps", type=int, help="training steps a measurement (20 to 200, by model)")
    parser.add_argument("--images", type=int, default=25_262, help="images that classic features are taken of (25,262)")
    parser.add_argument("--texts", type=int, help="essays that are cleaned (all)")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="measure these alone")
    parser.add_argument(
        "--models", nargs="+", choices=sorted({c.model for c in CASES + CUDA}), help="these models alone"
    )
    parser.add_argument("--keras", type=Path, help="folder of an environment with TensorFlow; made if it is not there")
    parser.add_argument("--device", choices=HERE_ON, default="cpu", help="where it trains (cpu)")
    parser.add_argument("--out", type=Path, help="folder of results.md and results.csv (this one; for cuda: cuda/)")
    options = parser.parse_args()
    device, cuda = options.device, options.device == "cuda"
    if cuda and not torch.cuda.is_available():
        parser.error("torch finds no GPU on this machine")
    only = [section for section in HERE_ON[device] if not options.only or section in options.only]
    if not only:
        parser.error(f"{' '.join(options.only)}: not measured on {device}; there is {' '.join(HERE_ON[device])}")
    out = options.out or (HERE / "cuda" if cuda else HERE)
    begun = time.monotonic()
    rows: list[Row] = []
    cases = [case for case in (CUDA if cuda else CASES) if not options.models or case.model in options.models]
    spawn = multiprocessing.get_context("spawn")
    # a process each, for ferlab tells its own to keep freed memory; both sleep while they are not measured
    with ExitStack() as stack:
        here = stack.enter_context(ProcessPoolExecutor(1, spawn))
        there = stack.enter_context(ProcessPoolExecutor(1, spawn))
        keras = None
        if options.keras and "keras" in only:
            import keras_side

            keras = stack.enter_context(keras_side.keras(keras_side.environment(options.keras)))
        training = Training({name: SECTIONS[name] for name in only}, here, there, keras, device)
        for case in cases if {"step", "usual", "keras"} & set(only) else []:
            steps = options.steps or case.steps
            # enough that no loader runs dry, for then its workers would leave the processor to the last steps
            images = (WARM + steps + 8) * case.batch
            with tempfile.TemporaryDirectory() as folder:
                rows += measure(training.arms(case, steps, images, Path(folder)), options.repeats)
        if "augment" in only:
            rows += augmentation(options.steps or 40, options.repeats, here, there)
        if "speech" in only:
            rows += hearing(options.steps or 20, options.repeats, here, there)
        if "text" in only:
            rows += reading_words(options.texts, options.repeats, here, there)
        if "features" in only:
            rows += classic(options.images, options.repeats, here, there)
    if "read" in only:
        rows += reading(options.repeats)
    if "memory" in only:
        rows += memory(options.steps or 100)
    if "epochs" in only:
        rows += epochs()
    rows.sort(key=lambda row: list(SECTIONS.values()).index(row.section))
    data = "real data" if os.environ.get("FERLAB_DATA") else "synthetic images"
    if cuda:
        data += f", {torch.cuda.get_device_name()}"
    out.mkdir(parents=True, exist_ok=True)
    write(rows, options.repeats, data, out)
    print(markdown(rows, options.repeats, data))
    print(f"{out / 'results.csv'}, after {(time.monotonic() - begun) / 60:.1f} minutes")


def measure(arms: Arms, repeats: int) -> list[Row]:
    """Measure all arms once, then all of them again: what slows the machine for a while slows each of them."""
    for repeat in range(repeats):
        for row, take in arms:
            if take is None:
                continue
            row.values.append(take())
            told = f"{row.case}, {row.arm}: {row.values[-1]:.4g} {row.unit}"
            print(f"{repeat + 1}/{repeats} {told}", file=sys.stderr, flush=True)
    return [row for row, _ in arms]


def augmentation(steps: int, repeats: int, here: ProcessPoolExecutor, there: ProcessPoolExecutor) -> list[Row]:
    """Measure D1's recipe in images a second, on one thread and on as many as torch takes."""
    # imported here: albumentations is no dependency of ferlab
    import augmenting

    rows: list[Row] = []
    for case in AUGMENT:
        theirs = Row(SECTIONS["augment"], case.images, "albumentations", "images/s")
        one = Row(SECTIONS["augment"], case.images, "ferlab, 1 thread", "images/s", against=theirs, compare="rate")
        mine = Row(SECTIONS["augment"], case.images, "ferlab", "images/s", against=theirs, compare="rate", bound=5)
        arms: Arms = [
            (theirs, lambda case=case: there.submit(augmenting.albumentations, case, steps).result()),
            (one, lambda case=case: here.submit(augmenting.ferlab, case, steps, 1).result()),
            (mine, lambda case=case: here.submit(augmenting.ferlab, case, steps).result()),
        ]
        rows += measure(arms, repeats)
    return rows


def hearing(steps: int, repeats: int, here: ProcessPoolExecutor, there: ProcessPoolExecutor) -> list[Row]:
    """Measure D2's log-mel windows in clips a second, on one thread and on as many as torch takes."""
    # imported here: librosa is no dependency of ferlab
    import speech

    section = SECTIONS["speech"]
    theirs = Row(section, speech.NAME, "librosa", "clips/s")
    one = Row(section, speech.NAME, "ferlab, 1 thread", "clips/s", against=theirs, compare="rate")
    mine = Row(section, speech.NAME, "ferlab", "clips/s", against=theirs, compare="rate", bound=5)
    arms: Arms = [
        (theirs, lambda: there.submit(speech.librosa, steps).result()),
        (one, lambda: here.submit(speech.ferlab, steps, 1).result()),
        (mine, lambda: here.submit(speech.ferlab, steps).result()),
    ]
    return measure(arms, repeats)


def reading_words(count: int | None, repeats: int, here: ProcessPoolExecutor, there: ProcessPoolExecutor) -> list[Row]:
    """Measure D2's cleaning in words a second, on one core and on all, and the seconds that all essays take."""
    import texts

    section, case = SECTIONS["text"], f"{count or 'all'} texts"
    needs = texts.missing()
    theirs = Row(section, case, "NLTK", "words/s", needs=needs or "")
    plain = Row(section, case, "HanTa's own search", "words/s", against=None if needs else theirs, compare="rate")
    beside = plain if needs else theirs
    one = Row(section, case, "ferlab, 1 core", "words/s", against=beside, compare="rate")
    mine = Row(section, case, "ferlab", "words/s", against=beside, compare="rate")
    whole = Row(section, case, "ferlab, from raw texts to the cache", "s", bound=60 if count is None else None)
    # a tenth tells the rate of what is slow
    few = min(count or 250, 250)
    seconds: list[float] = []

    def ours() -> float:
        rate, taken = here.submit(texts.ferlab, count).result()
        seconds.append(taken)
        return rate

    arms: Arms = [
        (theirs, None if needs else lambda: there.submit(texts.nltk, few).result()[0]),
        (plain, lambda: there.submit(texts.hanta, few).result()[0]),
        (one, lambda: here.submit(texts.ferlab, count, 1).result()[0]),
        (mine, ours),
        (whole, lambda: seconds[-1]),
    ]
    return measure(arms, repeats)


def classic(count: int, repeats: int, here: ProcessPoolExecutor, there: ProcessPoolExecutor) -> list[Row]:
    """Measure classic features of 96x96 RGB images in images a second, and the seconds that all of AffectNet's take."""
    # imported here: scikit-image and mahotas are no dependencies of ferlab
    import features

    rows: list[Row] = []
    for name, seconds in features.SECONDS.items():
        case = f"{name} of 96x96x3"
        other = Row(SECTIONS["features"], case, features.NAMES[name], "images/s")
        one = Row(SECTIONS["features"], case, "ferlab, 1 core", "images/s", against=other, compare="rate")
        mine = Row(SECTIONS["features"], case, "ferlab", "images/s", against=other, compare="rate")
        whole = Row(SECTIONS["features"], case, f"ferlab, {features.ALL:,} images", "s", bound=seconds)
        arms: Arms = [
            # a thousand of them tell the rate; all would take minutes
            (other, lambda name=name: there.submit(features.theirs, name, min(count, 1000)).result()),
            (one, lambda name=name: here.submit(features.ferlab, name, min(count, 5000), 1).result()),
            (mine, lambda name=name: here.submit(features.ferlab, name, count).result()),
            (whole, lambda mine=mine: features.ALL / mine.values[-1]),
        ]
        rows += measure(arms, repeats)
    return rows


def reading(repeats: int) -> list[Row]:
    """Measure FER-2013 from the archive, from the table, and from the cache."""
    archive = Path(os.environ.get("FERLAB_DATA") or "-").absolute() / "fer2013.zip"
    whole, table, again = (
        Row(SECTIONS["read"], "fer2013.zip", "to cached array", "s", bound=15),
        Row(SECTIONS["read"], "fer2013.csv", "to cached array", "s", bound=20),
        Row(SECTIONS["read"], "fer2013.zip", "cached before", "s", bound=1),
    )
    if not archive.is_file():
        return [whole, table, again]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        children.write_table(archive, folder)

        def take(source: Path, row: Row, fresh: bool) -> Callable[[], float]:
            return lambda: children.load_seconds(source, folder / f"{source.name} {len(row.values) + fresh}")

        arms: Arms = [(whole, take(archive, whole, True)), (table, take(folder / "fer2013.csv", table, True))]
        return measure([*arms, (again, take(archive, whole, False))], repeats)


def memory(steps: int) -> list[Row]:
    """Measure the most that training cnn4 on FER-2013 holds at once, its evaluation and figures included."""
    row = Row(SECTIONS["memory"], f"experiment=d2/cnn4, {steps} steps", "peak of the process, measured once", "GB")
    row.bound = 2.5
    overrides = ["experiment=d2/cnn4", "trainer.max_epochs=1", f"trainer.limit_train_batches={steps}"]
    return measure([(row, _with_data(lambda: children.peak_bytes(overrides) / 1e9))], 1)


def epochs() -> list[Row]:
    """Measure the training of D2's cnn4 as the document trained it, on a GPU."""
    row = Row(SECTIONS["epochs"], "experiment=d2/cnn4 trainer=gpu", "training and validation, measured once", "s")
    take = _with_data(lambda: children.training_seconds(["experiment=d2/cnn4", "trainer=gpu"]))
    return measure([(row, take)], 1)


def _with_data(take: Callable[[], float]) -> Callable[[], float] | None:
    return take if os.environ.get("FERLAB_DATA") else None


if __name__ == "__main__":
    main()
