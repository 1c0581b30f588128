"""What tells configurations apart, in as few words as Hydra's command line would need."""

import json
from collections.abc import Sequence
from typing import Any

TARGET = "_target_"


def settings(recipes: Sequence[dict[str, Any]]) -> list[str]:
    """Say of each configuration in what it differs from the others; empty where there is no other, or no difference.

    A part of one class everywhere is told by its options that differ ("optimizer.lr=0.01"), another by its class
    ("rebalance=Undersample"), with those options in which its namesakes differ.

    Args:
        recipes: plain values, part (data, augment, loss, ...) -> its options.
    """
    parts = sorted({part for recipe in recipes for part in recipe})
    said: list[list[str]] = [[] for _ in recipes]
    for part in parts:
        values = [_flat(recipe.get(part)) for recipe in recipes]
        if len({json.dumps(value, sort_keys=True, default=str) for value in values}) > 1:
            classes = {value.get(TARGET) for value in values}
            for words, value in zip(said, values, strict=True):
                namesakes = [other for other in values if other.get(TARGET) == value.get(TARGET)]
                if len(classes) == 1:
                    words += _as_options(part, value, namesakes)
                else:
                    words.append(_as_class(part, value, namesakes, classes))
    return [", ".join(words) for words in said]


def _as_options(part: str, value: dict[str, Any], others: Sequence[dict[str, Any]]) -> list[str]:
    return [
        f"{part}.{name}={_leaf(value.get(name))}" if name else f"{part}={_leaf(value.get(name))}"
        for name in _differing(others)
        if name in value or not any(name.startswith(f"{inner}.") for inner in value)
    ]


def _as_class(part: str, value: dict[str, Any], namesakes: Sequence[dict[str, Any]], classes: set[Any]) -> str:
    if TARGET not in value:
        return f"{part}={_leaf(value.get('')) if '' in value else 'none'}"
    shown = [name for name in _differing(namesakes) if name in value]
    inner = [_leaf(value[name]) if name.endswith(TARGET) else f"{name}={_leaf(value[name])}" for name in shown]
    # torch's Adam and ours: only the full name tells them apart
    shadowed = any(_leaf(other) == _leaf(value[TARGET]) != other for other in classes - {value[TARGET]})
    name = value[TARGET] if shadowed else _leaf(value[TARGET])
    return f"{part}={name}" + (f"({', '.join(inner)})" if inner else "")


def _differing(values: Sequence[dict[str, Any]]) -> list[str]:
    """Return the options in which values differ; of a nested class that some lack, its name alone."""
    names = dict.fromkeys(name for value in values for name in value)
    out = []
    for name in names:
        holders = [value for value in values if name in value]
        known = {json.dumps(value[name], default=str) for value in holders}
        if len(known) > 1 or (len(holders) < len(values) and not _below_a_missing_class(name, values)):
            out.append(name)
    return out


def _below_a_missing_class(name: str, values: Sequence[dict[str, Any]]) -> bool:
    """Tell an option of a nested class that not all have."""
    place = name.rpartition(".")[0]
    return not name.endswith(TARGET) and any(f"{place}.{TARGET}" not in value for value in values) and bool(place)


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Return "a.b" -> leaf; a part that is no mapping, or unset, has the name ""."""
    if not isinstance(value, dict):
        return {} if value is None and not prefix else {prefix: value}
    out: dict[str, Any] = {}
    for key, inner in value.items():
        if key != "_partial_":
            out |= _flat(inner, f"{prefix}.{key}" if prefix else key)
    return out


def _leaf(value: Any) -> str:
    if isinstance(value, str) and value.startswith(("ferlab.", "torch.", "timm.")):
        return value.rpartition(".")[2]
    return "none" if value is None else str(value)
