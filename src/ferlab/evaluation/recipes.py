"""What of a configuration decides the trained model: runs alike in it are seeds of one configuration."""

from collections.abc import Sequence
from typing import Any

from ferlab.evaluation.run_folder import Run
from ferlab.evaluation.settings import settings

# what a configuration says beside how the model is trained and on what
ASIDE = (
    *("seed", "figures", "explain", "projections", "wished_errors", "tta", "logger", "resume", "eval_batch_size"),
    "callbacks",
)
# these the protocol's hash and the document's figure tell
TOLD = ("protocol", "document")
# callbacks that watch and those that draw do not change the model
TRAINING_CALLBACKS = ("early_stopping", "ema")
# where a run went, not what was trained
PLACES = {"trainer": ("accelerator", "profiler"), "classifier": ("cores",)}


def recipe(config: dict[str, Any]) -> dict[str, Any]:
    """Return what of a configuration decides the trained model, its seed aside; options left empty are left out.

    A version that lacks an option and one that has it unset are alike, and so are machines.
    """
    callbacks = {name: (config.get("callbacks") or {}).get(name) for name in TRAINING_CALLBACKS}
    kept = {key: value for key, value in config.items() if key not in (*ASIDE, *TOLD)} | {"callbacks": callbacks}
    for part, names in PLACES.items():
        if isinstance(kept.get(part), dict):
            kept[part] = {key: value for key, value in kept[part].items() if key not in names}
    return _filled(kept) or {}


def apart(runs: Sequence[Run]) -> list[str]:
    """Say of each run in what its configuration differs from the others', protocols included; "" where in nothing."""
    words = settings([recipe(run.config) for run in runs])
    protocols = [run.metrics["protocol"] for run in runs]
    if len({(one.get("name"), one.get("hash")) for one in protocols}) == 1:
        return words
    names = [_protocol(one) for one in protocols]
    if len(set(names)) == 1:
        # one name and another hash: a fold, a group or a fraction was changed
        names = settings([{"protocol": run.config.get("protocol") or {}} for run in runs])
    return [", ".join(part for part in pair if part) for pair in zip(names, words, strict=True)]


def _protocol(facts: dict[str, Any]) -> str:
    fold = facts.get("fold")
    return str(facts.get("name", "")) + (f" fold {fold['index']}" if fold else "")


def _filled(values: Any) -> Any:
    """Drop what is unset, at every depth; None where nothing is left."""
    if isinstance(values, dict):
        kept = {key: inner for key, value in values.items() if (inner := _filled(value)) is not None}
        return kept or None
    if isinstance(values, list):
        return values or None
    return values
