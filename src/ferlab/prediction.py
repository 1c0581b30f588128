"""Predicting image, sound or text files with a fitted model's file alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ferlab.answering import Answering, Said, thresholds_at
from ferlab.answering import calibrated as at_temperature
from ferlab.answers import Answers
from ferlab.classic.model_file import NAME, is_model
from ferlab.data.given_files import KINDS, find_files
from ferlab.data.given_texts import read_texts
from ferlab.errors import FerlabError
from ferlab.evaluation.words import NOUNS


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
        checkpoint: a checkpoint that ferlab.train wrote, a model that ferlab.baseline kept, or a run folder of either.
        images: pictures, grey or RGB, of any size.
        output: a .csv to write: path, pred, one p_<class> column a class; with max_error also sure, "yes" or "no". Of
            a multilabel task pred_<label>, "yes" or "no" by the checkpoint's thresholds, and p_<label>.
        device: where a network runs.
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
    model = opened(checkpoint, device)
    known = model.facts.get("calibration")
    if max_error is not None and model.spec.kind == "multilabel":
        raise FerlabError(
            "predict: max_error is for models that give one answer; this one says yes or no to each label"
        )
    threshold = None if max_error is None else _threshold(checkpoint, known, calibrated, max_error)
    names, paths, said = _ask(
        model, {"images": images, "sounds": sounds, "texts": texts, "files": files}, column, encoding
    )
    temperature = known["temperature"] if known and calibrated else 1.0
    probabilities = at_temperature(model.spec, said.probabilities, temperature)
    sure = None if threshold is None else probabilities.max(1) >= threshold
    limits = thresholds_at(model.spec, model.facts, temperature)
    answers = Answers(names, probabilities, model, limits, sure)
    answers.show()
    console = Console()
    for note in said.notes:
        console.print(note, highlight=False, markup=False)
    console.print(_calibration(known, calibrated), highlight=False, markup=False)
    if sure is not None:
        console.print(
            f"max_error={max_error:g}: {sure.sum():,} of {len(sure):,} answers reach the confidence {threshold:.3f}; "
            "the others say unsure",
            highlight=False,
        )
    if output is not None:
        answers.write(Path(output))
    return paths, probabilities


def opened(checkpoint: str, device: str = "cpu") -> Answering:
    """Open a model's file, or that of a run folder, ready to be asked.

    Args:
        checkpoint: a .ckpt of ferlab.train, a model.skops of ferlab.baseline, or the folder of such a run.
        device: where a network runs.

    Raises:
        FerlabError: nothing there, or a file that cannot be read.
    """
    path = Path(checkpoint)
    path = _in_run(path) if path.is_dir() else path
    if not is_model(path):
        from ferlab.checkpoint import load
        from ferlab.network_files import NetworkFiles

        return NetworkFiles(load(path), device)
    from ferlab.classic.files import ClassicFiles
    from ferlab.classic.model import load as load_classic

    if device != "cpu":
        raise FerlabError(f"predict: device={device}: {path} is a classic model, which runs on cpu; cure: leave it out")
    return ClassicFiles(load_classic(path))


def _in_run(folder: Path) -> Path:
    """Return the model of a run folder."""
    for path in (folder / NAME, folder / "checkpoints" / "best.ckpt"):
        if path.is_file():
            return path
    cure = "; cure: ferlab.baseline keeps one with keep_model=true"
    if (folder / "fold-0").is_dir():
        cure = f"; each fold has a model of its own; cure: checkpoint={folder / 'fold-0'}"
    raise FerlabError(f"checkpoint: no model in {folder}; expected {NAME} or checkpoints/best.ckpt{cure}")


def _ask(
    model: Answering, options: dict[str, str | Sequence[str] | None], column: str, encoding: str | None
) -> tuple[list[str], list[Path], Said]:
    """Return the names of what was asked about (of a table's rows with their lines), their files, and the answers."""
    given, modality = _given(model, options), model.spec.modality
    if modality == "text":
        texts, notes = read_texts(given, column, encoding)
        said = model.texts(texts)
        names = [one.name for one in texts]
        return names, [Path(name) for name in names], Said(said.probabilities, [*notes, *said.notes])
    paths = find_files(given, KINDS[modality])
    return [str(path) for path in paths], paths, (model.images if modality == "image" else model.sounds)(paths)


def _given(model: Answering, given: dict[str, str | Sequence[str] | None]) -> Sequence[str]:
    """Return the paths, whichever option names them.

    Raises:
        FerlabError: not one option, or the one for another kind of model.
    """
    modality = model.spec.modality
    own = "texts" if modality == "text" else KINDS[modality].option
    named = {option: paths for option, paths in given.items() if paths is not None}
    if len(named) != 1:
        found = " and ".join(named) or "none of them"
        raise FerlabError(f"predict: expected one of {', '.join(f'{o}=PATH' for o in given)}, found {found}")
    ((option, paths),) = named.items()
    if option not in ("files", own):
        raise FerlabError(
            f"predict: {option}=..., but this checkpoint was trained on {NOUNS[modality]}; cure: {own}=PATH"
        )
    return [paths] if isinstance(paths, str) else paths


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
        return "probabilities as the model says them, not calibrated (calibrated=false)"
    if known is None:
        return "probabilities not calibrated: this checkpoint keeps no temperature (ferlab.evaluate fits one)"
    if known["note"] and known["temperature"] == 1:
        return f"probabilities not calibrated: {known['note']}"
    text = f"probabilities calibrated: temperature {known['temperature']:.2f}, fitted on {known['n']:,} validation rows"
    return text + (f" ({known['note']})" if known["note"] else "")
