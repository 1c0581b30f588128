"""Predicting image files with a checkpoint alone."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from ferlab.checkpoint import Predictor, calibration, load
from ferlab.data.broken import BadEntryError
from ferlab.data.images import decode, fit
from ferlab.errors import FerlabError

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
SHOWN = 50


def predict_files(
    checkpoint: str,
    images: str | Sequence[str],
    output: str | None = None,
    device: str = "cpu",
    calibrated: bool = True,
    max_error: float | int | None = None,
) -> tuple[list[Path], np.ndarray]:
    """Predict image files, print a table, and write it where asked.

    Args:
        checkpoint: a checkpoint that ferlab.train wrote.
        images: a file, a folder (searched through), or several of them; grey or RGB, any size.
        output: a .csv to write: path, pred, one p_<class> column a class; with max_error also sure, "yes" or "no".
        device: where the model runs.
        calibrated: apply the checkpoint's temperature, where it has one.
        max_error: a wished error rate that the checkpoint knows a threshold for: where the largest probability is
            below it the table says "unsure".

    Returns:
        The files and their probabilities, (file, class).

    Raises:
        FerlabError: no such file, no image in it, a checkpoint that cannot be read, or one that knows no threshold.
    """
    task = load(checkpoint)
    known = calibration(task) if calibrated else None
    threshold = None if max_error is None else _threshold(checkpoint, calibration(task), calibrated, max_error)
    predictor = Predictor(task, device=device, temperature=known["temperature"] if known else 1.0)
    files = find_images([images] if isinstance(images, str) else images)
    probabilities = np.concatenate([_predict(predictor, path) for path in files])
    sure = None if threshold is None else probabilities.max(1) >= threshold
    _show(files, probabilities, predictor, sure)
    console = Console()
    console.print(_calibration(calibration(task), calibrated), highlight=False, markup=False)
    if sure is not None:
        console.print(
            f"max_error={max_error:g}: {sure.sum():,} of {len(sure):,} answers reach the confidence {threshold:.3f}; "
            "the others say unsure",
            highlight=False,
        )
    if output is not None:
        _write(Path(output), files, probabilities, predictor.labels, sure)
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


def _threshold(checkpoint: str, known: dict[str, Any] | None, calibrated: bool, max_error: float | int) -> float:
    """Return the confidence that a wished error rate asks for."""
    if not calibrated:
        raise FerlabError("predict: max_error asks for calibrated probabilities; cure: calibrated=true")
    thresholds = (known or {}).get("thresholds", [])
    cure = f"cure: python -m ferlab.evaluate run=RUN_DIR wished_errors=[{max_error:g}]"
    if not thresholds:
        raise FerlabError(f"predict: max_error={max_error:g}, but {checkpoint} keeps no thresholds; {cure}")
    held = ", ".join(f"{one['wished']:g}" for one in thresholds if one["threshold"] is not None) or "none"
    found = next((one for one in thresholds if abs(one["wished"] - max_error) < 1e-9), None)
    if found is None:
        raise FerlabError(f"predict: max_error={max_error:g}: expected one that {checkpoint} knows: {held}; {cure}")
    if found["threshold"] is None:
        raise FerlabError(
            f"predict: max_error={max_error:g} cannot be held by {checkpoint} ({found['reason']}); "
            f"error rates that can: {held}"
        )
    return float(found["threshold"])


def _calibration(known: dict[str, Any] | None, calibrated: bool) -> str:
    if not calibrated:
        return "probabilities as the network says them, not calibrated (calibrated=false)"
    if known is None:
        return "probabilities not calibrated: this checkpoint keeps no temperature (ferlab.evaluate fits one)"
    if known["note"] and known["temperature"] == 1:
        return f"probabilities not calibrated: {known['note']}"
    text = f"probabilities calibrated: temperature {known['temperature']:.2f}, fitted on {known['n']:,} validation rows"
    return text + (f" ({known['note']})" if known["note"] else "")


def _show(files: list[Path], probabilities: np.ndarray, predictor: Predictor, sure: np.ndarray | None) -> None:
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
    certain = np.full(len(files), True) if sure is None else sure
    for path, row, answered in list(zip(resolved, probabilities, certain, strict=True))[:SHOWN]:
        first, second = (int(k) for k in row.argsort()[::-1][:2])
        names = predictor.labels
        answer = names[first] if answered else f"[yellow]unsure[/] [dim]({names[first]})[/]"
        table.add_row(str(path.relative_to(folder)), answer, f"{row[first]:.3f}", names[second], f"{row[second]:.3f}")
    console = Console()
    console.print(table)
    console.print(f"images in {folder}", soft_wrap=True, markup=False, highlight=False)
    if len(files) > SHOWN:
        console.print(f"... and {len(files) - SHOWN} more")
    console.print("output=predictions.csv writes every image and every class")


def _write(
    path: Path, files: list[Path], probabilities: np.ndarray, labels: Sequence[str], sure: np.ndarray | None
) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        columns = [] if sure is None else ["sure"]
        writer.writerow(["path", "pred", *columns, *(f"p_{label}" for label in labels)])
        for i, (name, row) in enumerate(zip(files, probabilities, strict=True)):
            said = [] if sure is None else ["yes" if sure[i] else "no"]
            writer.writerow([name, labels[int(row.argmax())], *said, *(f"{p:.6f}" for p in row)])
    temporary.replace(path)
