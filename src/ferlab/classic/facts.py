"""What a classic run says of itself: plain values for training.json and metrics.json."""

from collections.abc import Mapping, Sequence
from typing import Any

from ferlab.classic.candidates import IDLE, words
from ferlab.classic.inputs import Inputs
from ferlab.classic.outputs import OUT_OF_FOLD, Output
from ferlab.classic.scoring import Scored

NO_SIZE = "not counted: a classic classifier's size is no number of weights that compares with a network's"
TOP = 10
# of conf/classifier, what does not change the fitted classifier
UNTOLD = ("_target_", "grid", "name", "cores", "memory_mb")


def pipeline_facts(
    config: Mapping[str, Any], inputs: Inputs, outputs: Sequence[Output], weighted: bool, val: int
) -> dict[str, Any]:
    """Return what the report says of features, steps, search and probabilities.

    Args:
        config: conf/baseline.yaml composed and resolved, plain values.
        inputs: the features.
        outputs: the fitted classifiers.
        weighted: whether rebalancing gave class weights.
        val: validation rows.
    """
    search = config["search"]
    used = ["chose among the candidates"] if search["kind"] != "none" and search["rows"] == "val" else []
    used += ["calibrated the probabilities"] if config["calibrate_on"] == "val" else []
    chosen = outputs[0].label is not None and isinstance(config["thresholds"], str)
    used += ["chose from which probability on a label is said"] if chosen else []
    return {
        "classifier": config["classifier"]["name"],
        "scaling": _step(config["scaling"]),
        "reduction": _step(config["reduction"]),
        "features": [{**one, "options": _options(config["features"][one["name"]])} for one in inputs.facts()],
        "outputs": [_output(one) for one in outputs],
        "class_weights": weighted or config["classifier"].get("class_weight") is not None,
        "search": None if search["kind"] == "none" else _search(search, outputs),
        "probabilities": _probabilities(config["calibrate_on"], outputs[0].fitted.calibration.own, val),
        "validation": " and ".join(used),
        "notes": [*inputs.notes, *sorted({note for one in outputs for note in one.fitted.notes})],
    }


def top(scored: Sequence[Scored], count: int = TOP) -> list[dict[str, Any]]:
    """Return the best candidates, plain values; of halving those of the last rounds first."""
    best = sorted((one for one in scored if one.failed is None), key=lambda one: (-one.round, -one.mean))[:count]
    return [
        {
            "options": words(one.candidate),
            "round": one.round,
            "samples": one.samples,
            "mean": round(one.mean, 6),
            "sd": round(one.sd, 6),
            "seconds": round(one.seconds, 2),
        }
        for one in best
    ]


def _step(values: Mapping[str, Any]) -> str:
    return str(values["_target_"]).rpartition(".")[2] if values else "none"


def _output(one: Output) -> dict[str, Any]:
    recipe, sizes = one.fitted.recipe, one.fitted.prepared.sizes
    idle = IDLE.get(str(recipe.classifier.get("kernel")), ())
    options = {key: value for key, value in recipe.classifier.items() if key not in (*UNTOLD, *idle)}
    return {
        "label": one.label,
        "options": options,
        "given": sizes[0],
        "constant": sizes[0] - sizes[1],
        "used": sizes[2],
        "support_vectors": _support(one.fitted.estimator),
        "fit_seconds": round(one.fit_seconds, 2),
    }


def _options(values: Mapping[str, Any]) -> str:
    """Return a feature's options as they are typed, those of its parts too."""
    told = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            told.append(f"{name}.({_options(value)})")
        elif name != "_target_":
            told.append(f"{name}={_typed(value)}")
    return ", ".join(told)


def _typed(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{','.join(_typed(one) for one in value)}]"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _support(estimator: Any) -> int | None:
    support = getattr(estimator, "support_", None)
    return None if support is None else len(support)


def _search(search: Mapping[str, Any], outputs: Sequence[Output]) -> dict[str, Any]:
    found = [(one.label, one.found) for one in outputs if one.found is not None]
    return {
        "kind": search["kind"],
        "metric": search["metric"],
        "folds": search["folds"],
        "rows": search["rows"],
        "share": search["share"],
        "interrupted": any(one.interrupted for _, one in found),
        "seconds": round(sum(one.seconds for _, one in found), 1),
        "of": [
            {
                "label": label,
                "scored": len(one.scored),
                "planned": one.planned,
                "failed": sum(other.failed is not None for other in one.scored),
                "winner": words(one.winner.candidate),
                "edges": list(one.edges),
                "top": top(one.scored),
            }
            for label, one in found
        ],
    }


def _probabilities(calibrate_on: str, own: bool, val: int) -> str:
    if calibrate_on == "none":
        return "as the classifier itself says them" if own else "softmax of the decision values, not calibrated"
    how = (
        "the classifier's own, a share of the even distribution added and one factor on their logarithms"
        if own
        else "softmax of the decision values times one factor"
    )
    rows = f"the {val:,} validation rows" if calibrate_on == "val" else f"the training rows, out of {OUT_OF_FOLD} folds"
    return f"{how}, fitted on {rows}; no decision moves"
