"""Leakage: the same configuration trained under several protocols, and what of the number is leak."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ferlab.build import build
from ferlab.conclude import write_json
from ferlab.errors import FerlabError
from ferlab.evaluation import leak_report
from ferlab.evaluation.leak import leaks
from ferlab.evaluation.style import save
from ferlab.studies.parts import Part, discard, open_folder, refuse_processes, run_parts

Command = Callable[[str, int], str]


def leakage(
    configs: dict[str, dict[str, Any]], seeds: Sequence[int], folder: Path, command: str, part_command: Command
) -> dict[str, Any]:
    """Train under each protocol and seed, and set the figures beside those of the first protocol.

    Args:
        configs: two or more, protocol -> conf/leakage.yaml composed with it; `resume`: a folder to go on in.
        seeds: one run a protocol and seed.
        folder: where the runs' folders, leakage.json, leakage.md and leakage.png go.
        command: what repeats all of it.
        part_command: what repeats one run alone, from its protocol and seed.

    Returns:
        What went into leakage.json.

    Raises:
        FerlabError: no seed, a first protocol that is not clean, or any mistake that `train` reports.
    """
    first = next(iter(configs.values()))
    refuse_processes(first["trainer"], "ferlab.leakage")
    try:
        _check(configs, seeds)
    except BaseException:
        discard(folder)
        raise
    folder = open_folder(first, folder, "leakage.yaml")
    parts = []
    for seed in seeds:
        for name, config in configs.items():
            own = {key: value for key, value in config.items() if key not in ("protocols", "seeds")}
            parts.append(Part(f"{name}-s{seed}", own | {"seed": seed, "resume": None}, part_command(name, seed)))
    runs = dict(zip((part.name for part in parts), run_parts(folder, parts, "run"), strict=True))
    study = leaks({name: [runs[f"{name}-s{seed}"] for seed in seeds] for name in configs})
    one = runs[parts[0].name].metrics
    head = {"model": one["model"], "data": one["data"]["name"], "synthetic": one["data"]["synthetic"]}
    head |= {"command": command, "figure": "leakage.png"}
    save(leak_report.figure(study, head), folder / "leakage.png")
    write_json(folder / "leakage.json", {key: head[key] for key in ("model", "data", "synthetic")} | study)
    temporary = folder / ".leakage.md"
    temporary.write_text(leak_report.report(study, head), encoding="utf-8")
    temporary.replace(folder / "leakage.md")
    leak_report.show(study)
    print(f"{folder / 'leakage.md'}", flush=True)
    return study


def _check(configs: dict[str, dict[str, Any]], seeds: Sequence[int]) -> None:
    """Tell now what would end a run after hours."""
    if not seeds:
        raise FerlabError("leakage: seeds: expected one or more, found none; cure: 'seeds=[0,1,2]'")
    samples = None
    for number, (name, config) in enumerate(configs.items()):
        samples = samples or build(config["data"]).load()
        marks = build(config["protocol"]).assign(samples).facts["marks"]
        if number == 0 and marks:
            raise FerlabError(
                f"leakage: protocols: the first is the reference and must be clean; {name} is marked "
                f"{'; '.join(marks)!r}; cure: name official, dedup or another clean one first"
            )
