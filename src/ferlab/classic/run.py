"""A classic run: from a configuration to a finished run folder, as a network's."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ferlab.build import build
from ferlab.classic.ending import keep_model, measure, publish
from ferlab.classic.facts import NO_SIZE, pipeline_facts
from ferlab.classic.inputs import Inputs, build_features, read_inputs
from ferlab.classic.looks import draw_features
from ferlab.classic.material import Rows, check_training
from ferlab.classic.model_file import check_limit
from ferlab.classic.outputs import Output, fit_outputs, probabilities
from ferlab.classic.scoring import Scored
from ferlab.classic.search import check_search
from ferlab.classic.table import write_candidates
from ferlab.conclude import marks_of, write_json
from ferlab.data.datamodule import DataModule
from ferlab.errors import FerlabError, expect_whole
from ferlab.evaluation.selective import check_wishes
from ferlab.evaluation.thresholds import check_thresholds
from ferlab.folder import begin, discard
from ferlab.memory import peak_memory
from ferlab.progress import Bar

CALIBRATE_ON = ("val", "train", "none")


def baseline(config: dict[str, Any], folder: Path, command: str, summary: bool = True) -> dict[str, Any]:
    """Extract features, search, fit, test and report a classic classifier.

    Args:
        config: conf/baseline.yaml composed and resolved, plain values.
        folder: the run folder; must hold no earlier run.
        command: what repeats this run, for the report.
        summary: print its figures at the end.

    Returns:
        What went into metrics.json.

    Raises:
        FerlabError: a mistake in the configuration or the data; a folder in which nothing was scored is taken away.
        KeyboardInterrupt: interrupted before a candidate was scored, or later; candidates that were scored, and from
            then on what was measured, stay.
    """
    expect_whole(seed=config["seed"])
    before = begin(config, folder)
    try:
        return _run(config, folder, command, summary)
    except BaseException:
        discard(folder, before, worth="metrics.json" if (folder / "metrics.json").exists() else "candidates.csv")
        raise


def name_of(config: dict[str, Any]) -> str:
    """Return what a run's model is called: "svm_rbf(zernike+lbp)"."""
    return f"{config['classifier']['name']}({'+'.join(config['features'])})"


def _run(config: dict[str, Any], folder: Path, command: str, summary: bool) -> dict[str, Any]:
    check_wishes(config["wished_errors"])
    check_search(config["search"])
    check_thresholds(config["thresholds"])
    check_limit(config["keep_model"])
    if config["calibrate_on"] not in CALIBRATE_ON:
        raise FerlabError(f"calibrate_on: expected one of {', '.join(CALIBRATE_ON)}, found {config['calibrate_on']!r}")
    data = DataModule(build(config["data"]), build(config["protocol"]), build(config["rebalance"]), seed=config["seed"])
    check_training(data)
    features = build_features(config["features"], data.spec.modality, config["data"].get("rate"))
    print(f"run folder {folder}\n{data_line(data)}", flush=True)
    inputs = _inputs(features, data)
    rows = Rows(data, inputs)
    searched: dict[str | None, Sequence[Scored]] = {}

    def keep(label: str | None, scored: Sequence[Scored]) -> None:
        searched[label] = scored
        # where none could be fitted nothing is worth keeping: the mistake is told, and the folder goes
        if any(one.failed is None for one in scored):
            write_candidates(folder / "candidates.csv", list(searched.items()))

    multilabel = data.spec.kind == "multilabel"
    with Bar() as bar:
        outputs = fit_outputs(
            config,
            data.spec.labels,
            multilabel,
            data.training.class_weights,
            rows.parts,
            keep,
            lambda line: print(line, flush=True),
            bar,
        )
    return _finish(config, folder, command, summary, data, inputs, rows, outputs)


def _inputs(features: dict[str, Any], data: DataModule) -> Inputs:
    used = np.unique(np.concatenate(list(data.assignment.indices.values())))
    return read_inputs(features, data.samples, data.training.extra, data.shown, used)


def _finish(
    config: dict[str, Any],
    folder: Path,
    command: str,
    summary: bool,
    data: DataModule,
    inputs: Inputs,
    rows: Rows,
    outputs: Sequence[Output],
) -> dict[str, Any]:
    test = data.assignment.indices["test"]
    begun = time.monotonic()
    p_test = probabilities(outputs, inputs.rows(test))
    predict_seconds = time.monotonic() - begun
    p_val = probabilities(outputs, rows.x["val"])
    facts = pipeline_facts(
        config, inputs, outputs, data.training.class_weights is not None, len(data.assignment.indices["val"])
    )
    training = _training(facts, outputs, inputs, len(rows.positions["train"]), len(test), predict_seconds)
    training["command"] = command
    write_json(folder / "training.json", training)
    marks = [
        *_marks(config, facts),
        *_feature_marks(inputs, data),
        *([] if training["interrupted"] else marks_of(training)),
    ]
    known = {"name": name_of(config), "marks": marks, "pipeline": facts, "command": command}
    known |= {"thresholds": config["thresholds"]}
    predicted, result = measure(folder, config, data, {"val": p_val, "test": p_test}, known, training)
    if config["keep_model"]:
        print(keep_model(folder, config, data, inputs, outputs, known, predicted, result), flush=True)

    def looks(figures: Path, metrics: dict[str, Any]) -> list[Path]:
        return draw_features(figures, metrics, data, inputs, rows, outputs)

    publish(folder, config, predicted, result, training, outputs, summary, looks)
    return result


def _marks(config: dict[str, Any], facts: dict[str, Any]) -> list[str]:
    search = facts["search"]
    marks = []
    if search is not None and search["interrupted"]:
        done, planned = (sum(one[key] for one in search["of"]) for key in ("scored", "planned"))
        marks.append(f"the search was interrupted: {done} of {planned} candidates are scored")
    if config["protocol"].get("selection") == "test" and (facts["validation"]):
        marks.append(f"the test samples {facts['validation']}")
    return marks


def _feature_marks(inputs: Inputs, data: DataModule) -> list[str]:
    """Return what a feature marks outputs with: random weights, or a network that may have seen test samples."""
    under = data.samples.name, data.assignment.facts["hash"]
    own = [one.feature for one in inputs.blocks if hasattr(one.feature, "marks_under")]
    return [mark for feature in own for mark in feature.marks_under(*under)]


def _training(
    facts: dict[str, Any], outputs: Sequence[Output], inputs: Inputs, train: int, test: int, predict_seconds: float
) -> dict[str, Any]:
    fit = sum(one.fit_seconds for one in outputs)
    search = facts["search"]["seconds"] if facts["search"] else 0.0
    return {
        "seconds": round(search + fit, 1),
        "features_seconds": round(sum(one.seconds for one in inputs.blocks), 1),
        "search_seconds": round(search, 1) if facts["search"] else None,
        "fit_seconds": round(fit, 2),
        "predict_seconds": round(predict_seconds, 2),
        "samples_per_second": round(train * len(outputs) / max(fit, 1e-6), 1),
        "predicted_per_second": round(test / max(predict_seconds, 1e-6), 1),
        "epochs": None,
        "max_epochs": None,
        "peak_memory_mb": round(peak_memory() / 2**20),
        "interrupted": bool(facts["search"] and facts["search"]["interrupted"]),
        "fast_dev_run": False,
        "device": "cpu",
        "processes": 1,
        "threads": _threads(),
        "size": None,
        "size_reason": NO_SIZE,
    }


def _threads() -> int:
    from ferlab.features.chunked import cores

    return cores()


def data_line(data: DataModule) -> str:
    """Return a line on the data, its protocol and what rebalancing made of the training samples."""
    counts, facts = data.assignment.facts["counts"], data.assignment.facts
    kind = "SYNTHETIC data, made by a program: " if data.samples.synthetic else "data "
    marks = "".join(f" [{mark}]" for mark in facts["marks"])
    kept = len(data.training.indices)
    train = str(counts["train"]) + (f" (after rebalancing {kept})" if kept != counts["train"] else "")
    return (
        f"{kind}{data.samples.name}, protocol {facts['name']} {facts['hash']}: train {train}, val {counts['val']}, "
        f"test {counts['test']}, {'labels' if data.spec.kind == 'multilabel' else 'classes'} "
        f"{', '.join(data.spec.labels)}{marks}"
    )
