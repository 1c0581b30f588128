"""Predicting image files with a checkpoint alone."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from ferlab.checkpoint import Predictor, load
from ferlab.data.broken import BadEntryError
from ferlab.data.images import decode, fit
from ferlab.errors import FerlabError

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
SHOWN = 50


def predict_files(
    checkpoint: str, images: str | Sequence[str], output: str | None = None, device: str = "cpu"
) -> tuple[list[Path], np.ndarray]:
    """Predict image files, print a table, and write it where asked.

    Args:
        checkpoint: a checkpoint that ferlab.train wrote.
        images: a file, a folder (searched through), or several of them; grey or RGB, any size.
        output: a .csv to write: path, pred, one p_<class> column a class.
        device: where the model runs.

    Returns:
        The files and their probabilities, (file, class).

    Raises:
        FerlabError: no such file, no image in it, or a checkpoint that cannot be read.
    """
    predictor = Predictor(load(checkpoint), device=device)
    files = find_images([images] if isinstance(images, str) else images)
    probabilities = np.concatenate([_predict(predictor, path) for path in files])
    _show(files, probabilities, predictor)
    if output is not None:
        _write(Path(output), files, probabilities, predictor.labels)
    return files, probabilities


def find_images(paths: Sequence[str]) -> list[Path]:
    """List the image files of paths and folders, sorted.

    Raises:
        FerlabError: a path does not exist, or there is no image in it.
    """
    found: list[Path] = []
    for name in paths:
        path = Path(name)
        inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
        if not path.exists() or not inside:
            what = "no image in folder" if path.is_dir() else "no such file or folder:"
            raise FerlabError(f"predict: {what} {path}; expected {', '.join(sorted(SUFFIXES))}")
        found += inside
    return found


def _predict(predictor: Predictor, path: Path) -> np.ndarray:
    try:
        image = decode(path.read_bytes())
    except BadEntryError as error:
        raise FerlabError(f"predict: {path} {error}") from error
    height, width, channels = predictor.task.spec.shape
    return predictor.images(fit(image, (height, width), channels)[None])


def _show(files: list[Path], probabilities: np.ndarray, predictor: Predictor) -> None:
    facts = predictor.task.hparams["facts"] or {}
    trained = facts.get("data", {})
    kind = " (SYNTHETIC faces: says nothing of real ones)" if trained.get("synthetic") else ""
    table = Table(title=f"{facts.get('name', 'model')} trained on {trained.get('name', 'unknown data')}{kind}")
    table.add_column("image", overflow="fold")
    table.add_column("prediction", style="bold")
    table.add_column("probability", justify="right", style="bold")
    table.add_column("next")
    table.add_column("probability", justify="right")
    resolved = [path.resolve() for path in files]
    # a whole path would wrap: names are told below the folder that all files share
    folder = os.path.commonpath([path.parent for path in resolved])
    for path, row in list(zip(resolved, probabilities, strict=True))[:SHOWN]:
        first, second = (int(k) for k in row.argsort()[::-1][:2])
        names = predictor.labels
        table.add_row(
            str(path.relative_to(folder)), names[first], f"{row[first]:.3f}", names[second], f"{row[second]:.3f}"
        )
    console = Console()
    console.print(table)
    console.print(f"images in {folder}", soft_wrap=True, markup=False, highlight=False)
    if len(files) > SHOWN:
        console.print(f"... and {len(files) - SHOWN} more")
    console.print("output=predictions.csv writes every image and every class")


def _write(path: Path, files: list[Path], probabilities: np.ndarray, labels: Sequence[str]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "pred", *(f"p_{label}" for label in labels)])
        for name, row in zip(files, probabilities, strict=True):
            writer.writerow([name, labels[int(row.argmax())], *(f"{p:.6f}" for p in row)])
    temporary.replace(path)
