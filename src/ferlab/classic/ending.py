"""The end of a classic run, and of its evaluation: rows, figures of merit, the kept model, pictures, report."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64
from rich.console import Console

from ferlab.classic.draw import draw
from ferlab.classic.inputs import Inputs
from ferlab.classic.model import keep
from ferlab.classic.model_file import NAME
from ferlab.classic.outputs import Output
from ferlab.conclude import measured, report, write_json, write_predictions
from ferlab.data.datamodule import DataModule
from ferlab.data.synthetic.speech_sound import RATE
from ferlab.errors import FerlabError
from ferlab.evaluation import calibrated
from ferlab.evaluation.rows import Rows


def measure(
    folder: Path,
    config: Mapping[str, Any],
    data: DataModule,
    p: Mapping[str, Float64[np.ndarray, "row classes"]],
    facts: Mapping[str, Any],
    training: Mapping[str, Any],
) -> tuple[Rows, dict[str, Any]]:
    """Write the rows and measure them.

    Args:
        folder: where predictions.parquet goes.
        config: conf/baseline.yaml composed and resolved, plain values.
        data: the run's data.
        p: probabilities of "val" and of "test", in the protocol's order.
        facts: name (of the model), marks, thresholds and pipeline.
        training: what stands in training.json.

    Returns:
        The rows, and what goes into metrics.json.
    """
    indices = np.concatenate([data.assignment.indices[role] for role in p])
    splits = np.repeat(list(p), [len(one) for one in p.values()])
    rows = write_predictions(
        folder / "predictions.parquet",
        data,
        indices,
        splits,
        np.concatenate(list(p.values())),
        facts["marks"],
        thresholds=facts["thresholds"],
    )
    document, wishes = config["document"], config["wished_errors"]
    result = measured(rows, data, facts["name"], config["seed"], training, document, wishes)
    result["classic"] = facts["pipeline"]
    return rows, result


def keep_model(
    folder: Path,
    config: Mapping[str, Any],
    data: DataModule,
    inputs: Inputs,
    outputs: Sequence[Output],
    facts: Mapping[str, Any],
    rows: Rows,
    result: Mapping[str, Any],
) -> str:
    """Write what was fitted into a run's folder, with all that a prediction and an evaluation ask for.

    Returns:
        A line that says how large it is, or why there is none: what was measured stays worth its hours.
    """
    known = {key: facts[key] for key in ("name", "marks", "pipeline", "command")}
    known |= {"data": data.facts, "protocol": data.assignment.facts, "seed": config["seed"]}
    known |= {"calibration": calibrated.facts(result["calibration"]), "thresholds": rows.meta.get("thresholds")}
    # made voices have no option for it
    rate = config["data"].get("rate", RATE) if data.spec.modality == "audio" else None
    values = {"spec": data.spec.to_dict(), "rate": rate, "facts": known}
    try:
        keep(folder / NAME, values, config["features"], inputs, outputs, config["keep_model"])
    except (FerlabError, OSError) as error:
        return f"model not kept: {error}"
    return f"model kept: {NAME}, {(folder / NAME).stat().st_size / 2**20:,.1f} MB"


def publish(
    folder: Path,
    config: Mapping[str, Any],
    rows: Rows,
    result: dict[str, Any],
    training: dict[str, Any],
    outputs: Sequence[Output],
    summary: bool = True,
    looks: Callable[[Path, dict[str, Any]], list[Path]] = lambda _, __: [],
) -> None:
    """Write metrics.json and report.md, with figures where the configuration wants them; `looks` draws further ones.

    Raises:
        KeyboardInterrupt: interrupted while drawing; the report is written, with the figures that were finished.
    """
    write_json(folder / "metrics.json", result)
    figures: list[Path] = []
    try:
        if config["figures"]:
            with Console().status("drawing figures"):
                figures = draw(folder / "figures", result, rows, outputs)
                figures += looks(folder / "figures", result)
    except KeyboardInterrupt:
        report(folder, result, training, sorted((folder / "figures").glob("[!.]*.png")), summary=summary)
        raise
    report(folder, result, training, figures, summary=summary)
