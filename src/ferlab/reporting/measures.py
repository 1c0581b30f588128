"""One measure of a run, or of several seeds, by the name a person gives it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ferlab.errors import FerlabError
from ferlab.evaluation.run_folder import Run
from ferlab.evaluation.seeds import over_seeds
from ferlab.evaluation.verdict import combined
from ferlab.evaluation.words import number, span


@dataclass(frozen=True)
class Figure:
    """A number with its interval.

    Attributes:
        value: of one run, or the mean over seeds.
        low: lower bound; None where there is no interval.
        high: upper bound.
        interval: how it was made: wilson, bootstrap, seeds and test samples, ...
        sd: over seeds.
        own: of several seeds, each run's own figure with its interval over test samples.
    """

    value: float
    low: float | None = None
    high: float | None = None
    interval: str = ""
    sd: float | None = None
    own: "tuple[Figure, ...]" = ()

    def text(self, name: str) -> str:
        """Return it in words, "52.5 % (50.6 to 54.3)"; `name` is its measure."""
        out = number(self.value, last(name))
        if self.low is not None and self.high is not None:
            out += f" ({span(self.low, self.high, last(name))})"
        if self.sd is not None:
            out += f", sd {number(self.sd, last(name)).removesuffix(' %')}"
        return out


def figure(runs: Sequence[Run], name: str) -> Figure | None:
    """Return a measure of one run, or its mean over runs that differ in their seed; None where one of them lacks it.

    Args:
        runs: one or more.
        name: a measure of the test samples ("accuracy", "top2"), or its place in metrics.json with dots
            ("val.accuracy", "test.per_class.happy.recall", "tta.test.accuracy").
    """
    found = [_figure(run.metrics, name) for run in runs]
    own = [one for one in found if one is not None]
    if len(own) < len(found):
        return None
    if len(own) == 1:
        return own[0]
    seeds = over_seeds([one.value for one in own])
    mean, sd, low, high = (float(seeds[key] or 0.0) for key in ("mean", "sd", "low", "high"))
    if any(one.low is None or one.high is None for one in own):
        return Figure(mean, low, high, "t over seeds", sd, tuple(own))
    # seeds that agree by chance would else make an interval of no width, on samples that are few
    both = combined([{"value": one.value, "low": one.low, "high": one.high} for one in own])
    return Figure(mean, both["low"], both["high"], both["interval"], sd, tuple(own))


def measures_of(runs: Sequence[Run]) -> list[str]:
    """Return the names of the test samples' measures in any of the runs."""
    names = dict.fromkeys(name for run in runs for name in run.metrics["test"])
    return [
        name
        for name in names
        if any(isinstance(run.metrics["test"].get(name), dict) and figure([run], name) for run in runs)
    ]


def check_measures(runs: Sequence[Run], names: Sequence[str]) -> None:
    """Raise where no run at all has a measure.

    Raises:
        FerlabError: with the measures that exist.
    """
    for name in names:
        if not any(_figure(run.metrics, name) for run in runs):
            raise FerlabError(
                f"metrics: no run has {name!r}; there are {', '.join(measures_of(runs))}, and places in metrics.json "
                "such as val.accuracy, test.per_class.<class>.recall or tta.test.accuracy"
            )


def last(name: str) -> str:
    """Return a measure's name without its place."""
    return name.rpartition(".")[2]


def _figure(metrics: dict[str, Any], name: str) -> Figure | None:
    for start in (metrics["test"], metrics):
        found: Any = start
        # a class name may hold a dot; the longest key that fits goes first
        rest = name
        while rest and isinstance(found, dict):
            key = next((k for k in sorted(found, key=len, reverse=True) if rest == k or rest.startswith(f"{k}.")), None)
            if key is None:
                break
            found, rest = found[key], rest[len(key) + 1 :]
        if not rest and (made := _read(found)):
            return made
    return None


def _read(found: Any) -> Figure | None:
    if isinstance(found, bool):
        return None
    if isinstance(found, int | float):
        return Figure(float(found))
    if isinstance(found, dict) and isinstance(found.get("value"), int | float):
        low, high = (None if found.get(end) is None else float(found[end]) for end in ("low", "high"))
        return Figure(float(found["value"]), low, high, str(found.get("interval") or ""))
    return None
