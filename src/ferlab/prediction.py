"""Predicting image or sound files with a checkpoint alone."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from ferlab.checkpoint import Predictor, calibration, load
from ferlab.data.given_files import KINDS, find_files, read_image, read_sound
from ferlab.errors import FerlabError
from ferlab.evaluation.words import NOUNS
from ferlab.task import Task
from ferlab.transforms.log_mel import LogMel

SHOWN = 50


def predict_files(
    checkpoint: str,
    images: str | Sequence[str] | None = None,
    output: str | None = None,
    device: str = "cpu",
    calibrated: bool = True,
    max_error: float | int | None = None,
    sounds: str | Sequence[str] | None = None,
    files: str | Sequence[str] | None = None,
) -> tuple[list[Path], np.ndarray]:
    """Predict image or sound files, print a table, and write it where asked.

    One of `images`, `sounds` and `files` names them: a file, a folder (searched through), or several of them.

    Args:
        checkpoint: a checkpoint that ferlab.train wrote.
        images: pictures, grey or RGB, of any size.
        output: a .csv to write: path, pred, one p_<class> column a class; with max_error also sure, "yes" or "no".
        device: where the model runs.
        calibrated: apply the checkpoint's temperature, where it has one.
        max_error: a wished error rate that the checkpoint knows a threshold for: where the largest probability is
            below it the table says "unsure".
        sounds: clips of any rate and length, resampled to the checkpoint's rate; channels are averaged.
        files: whichever of the two the checkpoint takes.

    Returns:
        The files and their probabilities, (file, class).

    Raises:
        FerlabError: no such file, none in the folder, one that is broken, the other kind of files, a checkpoint that
            cannot be read, or one that knows no threshold.
    """
    task = load(checkpoint)
    known = calibration(task) if calibrated else None
    threshold = None if max_error is None else _threshold(checkpoint, calibration(task), calibrated, max_error)
    predictor = Predictor(task, device=device, temperature=known["temperature"] if known else 1.0)
    paths = _files(task, {"images": images, "sounds": sounds, "files": files})
    probabilities, notes = _predict(predictor, paths)
    sure = None if threshold is None else probabilities.max(1) >= threshold
    _show(paths, probabilities, predictor, sure)
    console = Console()
    for note in notes:
        console.print(note, highlight=False, markup=False)
    console.print(_calibration(calibration(task), calibrated), highlight=False, markup=False)
    if sure is not None:
        console.print(
            f"max_error={max_error:g}: {sure.sum():,} of {len(sure):,} answers reach the confidence {threshold:.3f}; "
            "the others say unsure",
            highlight=False,
        )
    if output is not None:
        _write(Path(output), paths, probabilities, predictor.labels, sure)
    return paths, probabilities


def _files(task: Task, given: dict[str, str | Sequence[str] | None]) -> list[Path]:
    """Return the files, whichever option names them.

    Raises:
        FerlabError: not one option, or the one for another kind of model.
    """
    kind = KINDS[task.spec.modality]
    named = {option: paths for option, paths in given.items() if paths is not None}
    if len(named) != 1:
        found = " and ".join(named) or "none of them"
        raise FerlabError(f"predict: expected one of {', '.join(f'{o}=PATH' for o in given)}, found {found}")
    ((option, paths),) = named.items()
    if option not in ("files", kind.option):
        raise FerlabError(
            f"predict: {option}=..., but this checkpoint was trained on {NOUNS[task.spec.modality]}; "
            f"cure: {kind.option}=PATH"
        )
    return find_files([paths] if isinstance(paths, str) else paths, kind)


def _predict(predictor: Predictor, files: list[Path]) -> tuple[np.ndarray, list[str]]:
    """Return probabilities (file, class), and what must be said of the files."""
    task = predictor.task
    front = task.preprocess
    if not isinstance(front, LogMel):
        return np.concatenate([predictor.images(read_image(path, task.spec.shape)[None]) for path in files]), []
    probabilities, longer = [], 0
    first, last = front.skip / front.rate, (front.skip + front.length) / front.rate
    for path in files:
        clip = read_sound(path, front.rate, first)
        longer += len(clip) > front.skip + front.length
        probabilities.append(predictor.tensor(torch.from_numpy(clip)[None]).numpy())
    heard = f"the model hears each clip from {first:.2f} to {last:.2f} s"
    more = f"; {longer:,} of {len(files):,} are longer, and what comes behind is not heard" if longer else ""
    return np.concatenate(probabilities), [heard + more]


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
    kind = " (SYNTHETIC data: says nothing of real people)" if trained.get("synthetic") else ""
    table = Table(title=f"{facts.get('name', 'model')} trained on {trained.get('name', 'unknown data')}{kind}")
    kinds = KINDS[predictor.task.spec.modality]
    table.add_column(kinds.noun, overflow="fold")
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
    console.print(f"{kinds.option} in {folder}", soft_wrap=True, markup=False, highlight=False)
    if len(files) > SHOWN:
        console.print(f"... and {len(files) - SHOWN} more")
    console.print("output=predictions.csv writes every file and every class")


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
