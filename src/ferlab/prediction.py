"""Predicting image, sound or text files with a checkpoint alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from ferlab.answers import Answers
from ferlab.checkpoint import Predictor, calibration, load
from ferlab.data.given_files import KINDS, find_files, read_image, read_sound
from ferlab.data.given_texts import Given, read_texts
from ferlab.errors import FerlabError
from ferlab.evaluation.words import NOUNS
from ferlab.task import Task
from ferlab.transforms.log_mel import LogMel
from ferlab.transforms.text import PADDING, UNKNOWN, Text


def predict_files(
    checkpoint: str,
    images: str | Sequence[str] | None = None,
    output: str | None = None,
    device: str = "cpu",
    calibrated: bool = True,
    max_error: float | int | None = None,
    sounds: str | Sequence[str] | None = None,
    files: str | Sequence[str] | None = None,
    texts: str | Sequence[str] | None = None,
    column: str = "text",
    encoding: str | None = None,
) -> tuple[list[Path], np.ndarray]:
    """Predict image, sound or text files, print a table, and write it where asked.

    One of `images`, `sounds`, `texts` and `files` names them: a file, a folder (searched through), or several of them.

    Args:
        checkpoint: a checkpoint that ferlab.train wrote.
        images: pictures, grey or RGB, of any size.
        output: a .csv to write: path, pred, one p_<class> column a class; with max_error also sure, "yes" or "no". Of
            a multilabel task pred_<label>, "yes" or "no" by the checkpoint's thresholds, and p_<label>.
        device: where the model runs.
        calibrated: apply the checkpoint's temperature, where it has one.
        max_error: a wished error rate that the checkpoint knows a threshold for: where the largest probability is
            below it the table says "unsure".
        sounds: clips of any rate and length, resampled to the checkpoint's rate; channels are averaged.
        files: whichever of these the checkpoint takes.
        texts: text files, each one text, and tables (.csv), each row of which is one.
        column: the column of texts in a table.
        encoding: of texts, as Python calls it; None: found out.

    Returns:
        The files, of a table followed by the row's lines, and their probabilities, (file, class).

    Raises:
        FerlabError: no such file, none in the folder, one that is broken, the other kind of files, a checkpoint that
            cannot be read, or one that knows no threshold.
    """
    task = load(checkpoint)
    known = calibration(task) if calibrated else None
    if max_error is not None and task.spec.kind == "multilabel":
        raise FerlabError(
            "predict: max_error is for models that give one answer; this one says yes or no to each label"
        )
    threshold = None if max_error is None else _threshold(checkpoint, calibration(task), calibrated, max_error)
    predictor = Predictor(task, device=device, temperature=known["temperature"] if known else 1.0)
    given = _given(task, {"images": images, "sounds": sounds, "texts": texts, "files": files})
    if isinstance(task.preprocess, Text):
        read, notes = read_texts(given, column, encoding)
        paths = [Path(one.name) for one in read]
        probabilities, said = _predict_texts(predictor, read)
        notes += said
    else:
        paths = find_files(given, KINDS[task.spec.modality])
        probabilities, notes = _predict(predictor, paths)
    sure = None if threshold is None else probabilities.max(1) >= threshold
    answers = Answers([str(path) for path in paths], probabilities, predictor, sure)
    answers.show()
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
        answers.write(Path(output))
    return paths, probabilities


def _given(task: Task, given: dict[str, str | Sequence[str] | None]) -> Sequence[str]:
    """Return the paths, whichever option names them.

    Raises:
        FerlabError: not one option, or the one for another kind of model.
    """
    own = "texts" if task.spec.modality == "text" else KINDS[task.spec.modality].option
    named = {option: paths for option, paths in given.items() if paths is not None}
    if len(named) != 1:
        found = " and ".join(named) or "none of them"
        raise FerlabError(f"predict: expected one of {', '.join(f'{o}=PATH' for o in given)}, found {found}")
    ((option, paths),) = named.items()
    if option not in ("files", own):
        raise FerlabError(
            f"predict: {option}=..., but this checkpoint was trained on {NOUNS[task.spec.modality]}; cure: {own}=PATH"
        )
    return [paths] if isinstance(paths, str) else paths


def _predict_texts(predictor: Predictor, given: list[Given]) -> tuple[np.ndarray, list[str]]:
    """Return probabilities (text, class), and what must be said of the texts."""
    front = predictor.task.preprocess
    assert isinstance(front, Text)
    cleaned = front.clean([one.text for one in given])
    ids = front.number(cleaned)
    notes = []
    if longer := sum(len(words) > front.tokens for words in cleaned):
        most = max(map(len, cleaned))
        notes.append(
            f"the model reads the {front.keep} {front.tokens:,} words that cleaning leaves of a text; {longer:,} of "
            f"{len(given):,} texts have more (up to {most:,}), and the rest is not read"
        )
    nothing = [one.name for one, words in zip(given, cleaned, strict=True) if not words]
    if nothing:
        notes.append(f"cleaning leaves no word of {_some(nothing)}: the answer comes from padding alone")
    read, unknown = (ids != PADDING).sum(1), (ids == UNKNOWN).sum(1)
    strange = [one.name for one, n, none in zip(given, read, unknown, strict=True) if n and none > n / 2]
    if strange:
        notes.append(f"most words of {_some(strange)} are none that the model learnt: another language or script?")
    return predictor.ids(ids), notes


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


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
