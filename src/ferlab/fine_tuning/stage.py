"""Stages of training: what each freezes, how fast its layers learn, and when it ends."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from ferlab.errors import FerlabError


@dataclass(frozen=True)
class Stage:
    """One stage; a training without stages is a single one without an end of its own.

    Attributes:
        name: for the progress line and training.json.
        freeze: names or fnmatch patterns of layers or parameters below the net that do not learn.
        unfreeze: of those, the ones that learn nevertheless.
        layer_decay: factor on the learning rate from one layer to the next below, in (0, 1]; None: all alike.
        groups: parameters with values of their own: `match` (patterns), and `weight_decay`, `lr_scale`.
        gradual: epochs after which one more block learns, from the outputs down; None: all from the start.
        max_epochs: most epochs of the stage; None: what is left of the training.
        patience: epochs without improvement at which the stage ends; None: never.
        min_delta: least improvement, absolute.
        monitor: the metric that says so; None: the one that chooses the checkpoint.
        mode: "min" or "max", which way of it is better; None: as that one's.
        restore_best: the next stage goes on from the best epoch's weights, not from the last one's.
        optimizer: with another `_target_` another one; else the run's with these values changed; None: the run's.
        scheduler: likewise; {}: none.
    """

    name: str = ""
    freeze: Sequence[str] = ()
    unfreeze: Sequence[str] = ()
    layer_decay: int | float | None = None
    groups: Sequence[Mapping[str, Any]] = ()
    gradual: int | None = None
    max_epochs: int | None = None
    patience: int | None = None
    min_delta: int | float = 0.0
    monitor: str | None = None
    mode: str | None = None
    restore_best: bool = True
    optimizer: Mapping[str, Any] | None = None
    scheduler: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        where = f"fine_tuning.stages.{self.name}" if self.name else "fine_tuning"
        for key in ("gradual", "max_epochs", "patience"):
            value = getattr(self, key)
            if value is not None and value < 1:
                raise FerlabError(f"{where}.{key}: expected a whole number from 1 on, or null, found {value}")
        if self.layer_decay is not None and not 0 < self.layer_decay <= 1:
            raise FerlabError(f"{where}.layer_decay: expected a factor in (0, 1], or null, found {self.layer_decay}")
        if self.mode not in (None, "min", "max"):
            raise FerlabError(f"{where}.mode: expected min or max, found {self.mode!r}")
        for group in self.groups:
            if "match" not in group or not set(group) <= {"match", "weight_decay", "lr_scale"}:
                raise FerlabError(f"{where}.groups: expected match, and weight_decay or lr_scale, found {dict(group)}")


# what a stage takes from the level above it where it says nothing itself
SHARED = ("freeze", "unfreeze", "layer_decay", "groups", "gradual")


def read(values: Mapping[str, Any] | None) -> tuple[Stage, ...]:
    """Return the stages, one or more, that a configuration describes.

    Args:
        values: conf/fine_tuning as plain values: `SHARED`, and `stages`, a mapping from names to `Stage`'s values in
            their order; a stage that is null is left out. None: everything learns.

    Raises:
        FerlabError: an unknown key, a value out of its range, or a stage that never ends before others.
    """
    given = dict(values or {})
    named: Mapping[str, Any] = given.pop("stages", None) or {}
    _check("fine_tuning", given, (*SHARED, "stages"))
    if not named:
        return (Stage(**given),)
    stages = []
    for name, own in named.items():
        if own is None:
            continue
        _check(f"fine_tuning.stages.{name}", own, tuple(f.name for f in fields(Stage) if f.name != "name"))
        # a key that is null here counts as not given, except where null itself says something
        own = {key: value for key, value in own.items() if value is not None}
        stages.append(Stage(**{**given, **own, "name": str(name)}))
    for stage in stages[:-1]:
        if stage.max_epochs is None and stage.patience is None:
            raise FerlabError(
                f"fine_tuning.stages.{stage.name} never ends; give it max_epochs or patience (the last may do without)"
            )
    return tuple(stages) or (Stage(**given),)


def left(stages: Sequence[Stage], done: int, limit: int) -> int:
    """Return how many epochs the whole training has at most.

    Args:
        stages: those to come, the present one included.
        done: epochs trained before them.
        limit: trainer.max_epochs; -1: none.
    """
    longest = [stage.max_epochs for stage in stages]
    if None in longest:
        return limit
    whole = done + sum(epochs or 0 for epochs in longest)
    return whole if limit == -1 else min(limit, whole)


def changed(values: Mapping[str, Any], own: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the run's optimizer or scheduler with a stage's own values in it, or the stage's where it has another."""
    if own is None:
        return dict(values)
    if not own:
        return {}
    if own.get("_target_", values.get("_target_")) != values.get("_target_"):
        return {"_partial_": True, **own}
    if "_target_" not in values:
        raise FerlabError(f"fine_tuning: {dict(own)} changes values of a scheduler, but the run has none; add _target_")
    return {**values, **own}


def plain(stage: Stage) -> dict[str, Any]:
    """Return a stage as plain values."""
    return asdict(stage)


def _check(where: str, values: Mapping[str, Any], keys: Sequence[str]) -> None:
    if unknown := sorted(set(values) - set(keys)):
        near = difflib.get_close_matches(unknown[0], keys, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise FerlabError(f"{where}: no key {unknown[0]!r}{hint} What exists: {', '.join(sorted(keys))}")
