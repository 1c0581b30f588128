"""What a search tries: the combinations of a grid, or draws from it."""

import json
import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from ferlab.classic.fitting import ASIDE, STEPS, Recipe
from ferlab.errors import FerlabError

Candidate = dict[str, Any]
RANGE = {"low", "high", "log"}
# options without effect on a kernel
IDLE = {"linear": ("gamma", "degree", "coef0"), "rbf": ("degree", "coef0"), "sigmoid": ("degree",), "poly": ()}


def candidates_of(search: Mapping[str, Any], recipe: Recipe) -> list[Candidate]:
    """Return what a search tries, each once.

    Args:
        search: values of conf/search.
        recipe: whose options the grid names.

    Raises:
        FerlabError: an unknown name, no values, or a range where nothing is drawn.
    """
    grid = grid_of(search, recipe)
    if not grid:
        raise FerlabError(f"search: classifier={recipe.name} has no grid; cure: search.grid={{C: [0.1, 1]}}, say")
    if not isinstance(grid, Mapping):
        raise FerlabError(f"search.grid: expected {{option: [values]}}, {{C: [0.1, 1]}} say, found {grid!r}")
    for name, values in grid.items():
        _check(name, values, recipe)
    count = search.get("candidates")
    if count is None:
        if ranges := [name for name, values in grid.items() if isinstance(values, Mapping)]:
            raise FerlabError(
                f"search.grid.{ranges[0]}: a range is for what draws; cure: a list of values, search=random, or "
                "search.candidates=20 with search=halving"
            )
        every = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
        return _once(every, recipe)
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise FerlabError(f"search.candidates: expected a whole number, 1 or more, found {count!r}")
    rng = np.random.default_rng(recipe.seed)
    drawn: list[Candidate] = []
    # a small grid has fewer combinations than are asked for
    for _ in range(50 * count):
        drawn = _once([*drawn, {name: _draw(values, rng) for name, values in grid.items()}], recipe)
        if len(drawn) == count:
            break
    return drawn


def grid_of(search: Mapping[str, Any], recipe: Recipe) -> Any:
    """Return what is searched: the search's own grid, or where it has none the classifier's."""
    return search["grid"] if search.get("grid") is not None else recipe.classifier.get("grid")


def words(candidate: Candidate) -> str:
    """Return a candidate as options: "C=1, gamma=0.01"."""
    return ", ".join(f"{name}={_short(value)}" for name, value in candidate.items())


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "null" if value is None else str(value)


def _check(name: str, values: Any, recipe: Recipe) -> None:
    part, _, option = name.rpartition(".")
    known = recipe.classifier if not part else getattr(recipe, part) if part in STEPS else None
    if known is None or option not in known or option in (*ASIDE, "_target_"):
        exist = [key for key in recipe.classifier if key not in (*ASIDE, "_target_")]
        exist += [f"{part}.{key}" for part in STEPS for key in getattr(recipe, part) or {} if key != "_target_"]
        raise FerlabError(f"search.grid: {recipe.name} has no option {name!r}; there are {', '.join(exist)}")
    if isinstance(values, Mapping):
        low, high = (_number(values.get(end)) for end in ("low", "high"))
        # what is no number is NaN, and below nothing
        if not set(values) <= RANGE or not low < high:
            raise FerlabError(f"search.grid.{name}: expected {{low: .., high: .., log: true}}, found {dict(values)}")
        if values.get("log") and values["low"] <= 0:
            raise FerlabError(f"search.grid.{name}: log asks for a low above 0, found {values['low']}")
    elif isinstance(values, str) or not isinstance(values, Sequence) or not len(values):
        raise FerlabError(f"search.grid.{name}: expected a list of values, found {values!r}")


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def _draw(values: Any, rng: np.random.Generator) -> Any:
    if not isinstance(values, Mapping):
        return values[int(rng.integers(len(values)))]
    low, high = values["low"], values["high"]
    if isinstance(low, int) and isinstance(high, int) and not values.get("log"):
        return int(rng.integers(low, high + 1))
    drawn = math.exp(rng.uniform(math.log(low), math.log(high))) if values.get("log") else rng.uniform(low, high)
    return float(f"{drawn:.6g}")


def _once(candidates: Sequence[Candidate], recipe: Recipe) -> list[Candidate]:
    """Leave out what comes to the same: a linear kernel has no gamma."""
    seen: dict[str, Candidate] = {}
    for candidate in candidates:
        idle = IDLE.get(str(candidate.get("kernel", recipe.classifier.get("kernel"))), ())
        kept = {name: value for name, value in candidate.items() if name not in idle}
        seen.setdefault(json.dumps(kept, sort_keys=True, default=str), kept)
    return list(seen.values())
