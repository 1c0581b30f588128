"""Where a search's winner stands at the end of what was tried: further values may do better."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ferlab.classic.candidates import words
from ferlab.classic.scoring import Scored

# options that count: 1 is the least there is, or what stands here
COUNTS = {
    **dict.fromkeys(("degree", "max_depth", "max_iter", "min_samples_leaf", "n_estimators", "n_neighbors", "p"), 1),
    **dict.fromkeys(("k", "n_components", "n_features"), 1),
    "max_leaf_nodes": 2,
}
# options of which a number from 0 to 1 is a share
SHARES = ("max_features", "n_components", "shrinkage", "step")
# options that cannot be more than there are features
FEATURES = ("k", "n_components", "n_features")
# options whose null is no bound at all: beyond every number
BOUNDLESS = ("max_depth", "max_leaf_nodes", "n_components")
# of a range that is drawn from, on either side
NEAR = 0.05


def edges(grid: Mapping[str, Any], scored: Sequence[Scored], winner: Scored, features: int) -> list[str]:
    """Return a clause for each option whose winning value is the last of those tried, where others may do better.

    Args:
        grid: what was searched: option -> values, or the range that is drawn from.
        scored: the candidates; those that could not be fitted count for nothing.
        winner: the best of them.
        features: how many the steps are given.

    Returns:
        "C=10 is the largest that was tried; a larger one may do better", say. None for categories, for an option with
        a single value, where nothing lies beyond (one neighbour, a penalty of 0, all features), and where another value
        does as well.
    """
    tried = [one for one in scored if one.failed is None]
    found = [_edge(name, grid.get(name), tried, winner, features) for name in winner.candidate]
    return [one for one in found if one]


def _edge(name: str, given: Any, tried: Sequence[Scored], winner: Scored, features: int) -> str:
    value = winner.candidate[name]
    if not _is_number(value) or _level(name, tried, winner):
        return ""
    values = [one.candidate[name] for one in tried if name in one.candidate]
    numbers = {one for one in values if _is_number(one)}
    if isinstance(given, Mapping):
        share = _place(value, given)
        low, high = share <= NEAR, share >= 1 - NEAR
    else:
        low, high = (len(numbers) > 1 and value == end for end in (min(numbers), max(numbers)))
    least, most = _limits(name.rpartition(".")[2], value, features)
    end = "smallest" if low and value > least else "largest" if high and value < most else ""
    if not end or (end == "largest" and name.rpartition(".")[2] in BOUNDLESS and None in values):
        return ""
    further = "smaller" if end == "smallest" else "larger"
    if isinstance(given, Mapping):
        which = f"next to the {end} that could be drawn ({given['low' if low else 'high']:g})"
    else:
        which = f"the {end} {'number ' if len(numbers) < len(set(map(str, values))) else ''}that was tried"
    return f"{words({name: value})} is {which}; a {further} one may do better"


def _level(name: str, tried: Sequence[Scored], winner: Scored) -> bool:
    """Whether another value of this option alone does as well as the winner's."""
    rivals = [one for one in tried if one.mean == winner.mean and one.round == winner.round]
    others = [one.candidate for one in rivals if one.candidate.get(name) != winner.candidate[name]]
    return any({**one, name: winner.candidate[name]} == winner.candidate for one in others)


def _limits(option: str, value: int | float, features: int) -> tuple[float, float]:
    """Return the least and the most that an option can be, beside a value of its kind."""
    if option in SHARES and isinstance(value, float) and value <= 1:
        return 0.0, 1.0
    return float(COUNTS.get(option, 0)), float(features) if option in FEATURES else math.inf


def _place(value: int | float, given: Mapping[str, Any]) -> float:
    """Return where in its range a drawn value lies, within 0..1."""
    low, high = given["low"], given["high"]
    if given.get("log"):
        low, high, value = math.log(low), math.log(high), math.log(value)
    return float((value - low) / (high - low))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
