"""A classic run's rows predicted again from its kept model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ferlab.build import build
from ferlab.classic.ending import measure, publish
from ferlab.classic.inputs import read_inputs
from ferlab.classic.model import load
from ferlab.classic.model_file import NAME, amend
from ferlab.data.datamodule import DataModule
from ferlab.errors import FerlabError
from ferlab.evaluation import calibrated


def predict_again(
    folder: Path,
    target: Path,
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    wished_errors: Sequence[float | int] | None,
) -> dict[str, Any]:
    """Predict a classic run's validation and test rows again, and measure and draw them.

    Args:
        folder: the run folder.
        target: where the files go.
        config: the run's config.yaml, with `figures` and `wished_errors` as they are wished now.
        training: what stands in its training.json.
        wished_errors: error rates whose thresholds the model is to keep from now on; None: it stays as it is.

    Returns:
        What went into metrics.json.

    Raises:
        FerlabError: no model was kept, or it cannot be read, or it is of other labels than the data.
    """
    path = folder / NAME
    if not path.is_file():
        inside = " (each of its folds may have one of its own: run=.../fold-0)" if (folder / "fold-0").is_dir() else ""
        raise FerlabError(
            f"evaluate: {folder} is a run of ferlab.baseline that kept no model, no {NAME}{inside}; its "
            "predictions.parquet holds what it said; cure: the command at the end of its report.md, with "
            "keep_model=true, fits it again"
        )
    model = load(path)
    data = DataModule(build(config["data"]), build(config["protocol"]), build(config["rebalance"]), seed=config["seed"])
    if model.spec.labels != data.spec.labels:
        raise FerlabError(f"evaluate: {path} knows {list(model.spec.labels)}, the data have {list(data.spec.labels)}")
    at = {role: data.assignment.indices[role] for role in ("val", "test")}
    inputs = read_inputs(model.features, data.samples, None, None, np.unique(np.concatenate(list(at.values()))))
    model.check({one.name: one.x.shape[1] for one in inputs.blocks})
    p = {role: model.probabilities(inputs.rows(rows)) for role, rows in at.items()}
    target.mkdir(parents=True, exist_ok=True)
    thresholds = {"thresholds": model.facts["thresholds"] or config["thresholds"]}
    rows, result = measure(target, config, data, p, {**model.facts, **thresholds}, training)
    if wished_errors is not None:
        amend(path, {"facts": {**model.facts, "calibration": calibrated.facts(result["calibration"])}})
    publish(target, config, rows, result, dict(training), model.outputs)
    return result
