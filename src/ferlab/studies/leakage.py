"""Leakage: the same configuration trained under several protocols, and what of the number is leak."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from ferlab.build import build
from ferlab.conclude import write_json
from ferlab.errors import FerlabError
from ferlab.evaluation.figures.style import save
from ferlab.evaluation.leak import leaks
from ferlab.evaluation.pages import leak_report
from ferlab.evaluation.run_folder import Run, read_run
from ferlab.studies.cross_validation import pool
from ferlab.studies.parts import Part, discard, finished, open_folder, refuse_processes, run_parts

# ferlab.train does not know them
OWN = ("protocols", "seeds", "folds", "fold")

Command = Callable[[str, int, int | None], str]


def leakage(
    configs: dict[str, dict[str, Any]], seeds: Sequence[int], folder: Path, command: str, part_command: Command
) -> dict[str, Any]:
    """Train under each protocol and seed, and set the figures beside those of the first protocol.

    Args:
        configs: two or more, protocol -> conf/leakage.yaml composed with it; `resume`: a folder to go on in. A protocol
            of folds whose `fold` is None trains all of them, and their test rows are pooled.
        seeds: one run a protocol and seed.
        folder: where the runs' folders, leakage.json, leakage.md and leakage.png go.
        command: what repeats all of it.
        part_command: what repeats one run alone, from its protocol, its seed and its fold; of fold None the whole of a
            protocol, all of its folds pooled where it has any.

    Returns:
        What went into leakage.json.

    Raises:
        FerlabError: no seed, a first protocol that is not clean, or any mistake that `train` reports.
    """
    first = next(iter(configs.values()))
    refuse_processes(first["trainer"], "ferlab.leakage")
    try:
        folds = _check(configs, seeds)
    except BaseException:
        discard(folder)
        raise
    folder = open_folder(first, folder, "leakage.yaml")
    parts = []
    for seed in seeds:
        for name, config in configs.items():
            own = _own(config, seed)
            for fold in folds[name]:
                place = f"{name}-s{seed}" + ("" if fold is None else f"/fold-{fold}")
                one = own if fold is None else {**own, "protocol": {**own["protocol"], "fold": fold}}
                parts.append(Part(place, one, part_command(name, seed, fold)))
    done = dict(zip((part.name for part in parts), run_parts(folder, parts, "run"), strict=True))
    runs: dict[str, list[Run]] = {name: [] for name in configs}
    for seed in seeds:
        for name, config in configs.items():
            place, each = f"{name}-s{seed}", folds[name]
            if each != [None]:
                _pool(
                    folder / place,
                    _own(config, seed),
                    [done[f"{place}/fold-{k}"] for k in each],
                    part_command(name, seed, None),
                )
            runs[name].append(done[place] if each == [None] else read_run(folder / place))
    study = leaks(runs)
    first_run = next(iter(runs.values()))[0].metrics
    data = first_run["data"]
    head = {"model": first_run["model"], "data": data["name"], "synthetic": data["synthetic"]}
    head |= {"command": command, "figure": "leakage.png"}
    save(leak_report.figure(study, head), folder / "leakage.png")
    write_json(folder / "leakage.json", {key: head[key] for key in ("model", "data", "synthetic")} | study)
    temporary = folder / ".leakage.md"
    temporary.write_text(leak_report.report(study, head), encoding="utf-8")
    temporary.replace(folder / "leakage.md")
    leak_report.show(study)
    print(f"{folder / 'leakage.md'}", flush=True)
    return study


def _own(config: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return the configuration of one run of the study."""
    return {key: value for key, value in config.items() if key not in OWN} | {
        "seed": seed,
        "resume": None,
    }


def _pool(folder: Path, config: dict[str, Any], folds: list[Run], command: str) -> None:
    """Pool the folds of one seed into the run folder above them, unless that is done."""
    if finished(folder):
        return
    temporary = folder / ".config.yaml"
    temporary.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    temporary.replace(folder / "config.yaml")
    pool(folder, config, folds, command)


def _check(configs: dict[str, dict[str, Any]], seeds: Sequence[int]) -> dict[str, list[int | None]]:
    """Tell now what would end a run after hours; return the folds that each protocol trains, [None] for one run."""
    if not seeds:
        raise FerlabError("leakage: seeds: expected one or more, found none; cure: 'seeds=[0,1,2]'")
    samples, folds = None, {}
    for number, (name, config) in enumerate(configs.items()):
        samples = samples or build(config["data"]).load()
        folds[name] = _folds(config["protocol"], samples)
        marks = []
        for fold in folds[name]:
            one = config["protocol"] if fold is None else {**config["protocol"], "fold": fold}
            marks += build(one).assign(samples).facts["marks"]
        if number == 0 and marks:
            raise FerlabError(
                f"leakage: protocols: the first is the reference and must be clean; {name} is marked "
                f"{'; '.join(dict.fromkeys(marks))!r}; cure: name official, dedup or another clean one first"
            )
    return folds


def _folds(protocol: dict[str, Any], samples: Any) -> list[int | None]:
    """Return which folds are trained below one another; [None]: one run, of no fold or of the one that is named."""
    if protocol.get("folds") is None or protocol.get("fold") is not None:
        return [None]
    return list(range(build(protocol).count_folds(samples)))
