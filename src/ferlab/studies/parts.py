"""The runs of a study, one after the other: each a whole run folder, and what is finished is never trained twice."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from ferlab.errors import FerlabError
from ferlab.evaluation.recipes import recipe
from ferlab.evaluation.run_folder import Run, read_run
from ferlab.evaluation.words import estimate
from ferlab.run import train

Fit = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Part:
    """One run of a study.

    Attributes:
        name: of its folder.
        config: conf/train.yaml composed and resolved, plain values.
        command: what repeats this run alone.
    """

    name: str
    config: dict[str, Any]
    command: str


def open_folder(config: dict[str, Any], folder: Path, file: str) -> Path:
    """Begin a study's folder, or go back to the one that `config["resume"]` names.

    Args:
        config: the whole configuration.
        folder: where a new study goes; must hold no earlier one.
        file: the configuration's file in it.

    Returns:
        The study's folder.

    Raises:
        FerlabError: nothing to resume from, another configuration, or a folder that is taken.
    """
    kept = {key: value for key, value in config.items() if key != "resume"}
    if not config["resume"]:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with (folder / file).open("x") as target:
                yaml.safe_dump({**kept, "resume": None}, target, sort_keys=False)
        except FileExistsError as error:
            raise FerlabError(f"{folder} holds a run already; refused to overwrite it; cure: start again") from error
        return folder
    target_folder = Path(config["resume"])
    if not (target_folder / file).is_file():
        raise FerlabError(f"resume: {target_folder} has no {file}; expected the folder that the same command began")
    stored = yaml.safe_load((target_folder / file).read_text())
    if other := [key for key in {**kept, **stored} if key != "resume" and stored.get(key) != kept.get(key)]:
        raise FerlabError(
            f"resume: {target_folder} was begun with another {', '.join(other)}: expected "
            f"{ {key: stored.get(key) for key in other} }, found { {key: kept.get(key) for key in other} }; "
            "cure: repeat the command that began it, with resume= added"
        )
    discard(folder)
    return target_folder


def discard(folder: Path) -> None:
    """Take away a study's folder, and the day's, where they are empty."""
    for path in (folder, folder.parent):
        try:
            path.rmdir()
        except OSError:
            return


def run_parts(folder: Path, parts: Sequence[Part], word: str, fit: Fit | None = None) -> list[Run]:
    """Train what is not trained yet, one folder a part below `folder`; `fit` makes each, by default `ferlab.run.train`.

    Raises:
        KeyboardInterrupt: training was interrupted; what is finished stays.
        FerlabError: a mistake in the configuration or the data.
    """
    for number, part in enumerate(parts, 1):
        target = folder / part.name
        if finished(target):
            _check_same(part, target)
            continue
        # a run that was cut short; its own checkpoints are of no use to a study that must be repeatable
        shutil.rmtree(target, ignore_errors=True)
        print(f"\n{word} {number}/{len(parts)}: {part.name}", flush=True)
        try:
            result = (fit or train)(part.config, target, part.command, summary=False)
            if not finished(target):
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            done = sum(finished(folder / one.name) for one in parts)
            print(f"{done} of {len(parts)} finished; to go on: the same command with resume={folder}", flush=True)
            raise
        print(f"{word} {number}/{len(parts)}: test accuracy {estimate(result['test']['accuracy'], 'accuracy')}")
    return [read_run(folder / part.name) for part in parts]


def _check_same(part: Part, target: Path) -> None:
    """Refuse a finished run that was trained in another way: it is no part of this study."""
    found, wanted = read_run(target).config, part.config
    other = [name for name in ("seed", "protocol") if _text(found.get(name)) != _text(wanted.get(name))]
    there, here = recipe(found), recipe(wanted)
    other += [name for name in {**there, **here} if _text(there.get(name)) != _text(here.get(name))]
    if other:
        raise FerlabError(
            f"{target}: a finished run with another {', '.join(other)} than this study's; expected one of its own; "
            "cure: take the folder away, and it is trained anew"
        )


def _text(values: Any) -> str:
    return json.dumps(values, sort_keys=True, default=str)


def finished(folder: Path) -> bool:
    """Return whether a run came to its own end: reported, and not interrupted."""
    if not all((folder / name).is_file() for name in ("metrics.json", "report.md", "training.json")):
        return False
    return not json.loads((folder / "training.json").read_text()).get("interrupted")


def refuse_processes(trainer: dict[str, Any], entry: str) -> None:
    """Refuse several devices or machines: each process would start the whole study again.

    Raises:
        FerlabError: more than one.
    """
    devices, nodes = trainer["devices"], trainer["num_nodes"]
    if isinstance(devices, str | list) or devices == -1 or devices * nodes > 1:
        raise FerlabError(
            f"{entry} with trainer.devices={devices} and trainer.num_nodes={nodes}: each process would start all runs "
            "again, so it is refused; cure: trainer.devices=1, or one ferlab.train a run"
        )
