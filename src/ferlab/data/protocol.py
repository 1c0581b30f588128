"""Protocols: who is train, val and test; named, hashed and checked for leaks."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Int64, Shaped

from ferlab.data import leaks
from ferlab.data.copies import Pairs, find_copies, same_content
from ferlab.data.samples import Samples
from ferlab.data.splitting import Folds, fold_count, fold_part, held_out
from ferlab.errors import FerlabError

ROLES = ("train", "val", "test")
EVERY_SPLIT = "*"
ON_LEAK = ("report", "stop")


@dataclass(frozen=True)
class Assignment:
    """The samples of each role, and the facts every output shows.

    Attributes:
        indices: positions in `Samples` of "train", "val" and "test", ascending.
        facts: name, hash, counts, selection, copies across the roles, fold, and marks: plain values.
        columns: of every sample "copy_in_train" ("exact", "near" or "none") and "copies", the number of its cluster.
    """

    indices: dict[str, Int64[np.ndarray, "_"]]
    facts: dict[str, Any]
    columns: dict[str, Shaped[np.ndarray, "_"]] = field(default_factory=dict)


@dataclass(frozen=True)
class Protocol:
    """A definition of the three roles over a data set's official splits, or over folds.

    Attributes:
        name: as in `protocol=<name>`.
        version: raised when the definition changes.
        train: official splits that train; `["*"]` takes every split.
        val: official splits that choose the checkpoint, or the fraction of `train` (stratified by class) held out
            for that; "test": the test samples choose it, and `selection` must say so.
        test: official splits that are measured once at the end, or a fraction of `train`; None with `folds`.
        selection: "val", or "test" where the test samples choose the checkpoint; every output then says so.
        seed: of the held-out fractions and of the folds; no other seed changes them.
        folds: number of folds that `train` is shared out into, one of them the test samples; "each": a fold a group;
            or the groups of each fold.
        fold: which fold is tested, from 0.
        group: column whose values stay whole in fractions and folds (speaker, author); "copies": clusters of exact
            and near copies.
        drop_copies: role -> roles; samples with an exact or near copy in those leave it.
        shared_groups: column -> mark; a person or group of that column may stand in several roles, and every output
            carries the mark.
        normalise: column of speakers, each of whom is normalised with all of their clips, test clips too; every output
            then says so.
        on_leak: "report" counts copies across the roles; "stop" ends the run with the pairs.
    """

    name: str
    train: Sequence[str]
    val: Sequence[str] | str | float | int
    test: Sequence[str] | float | int | None = None
    version: int = 1
    selection: str = "val"
    seed: int = 0
    folds: Folds | None = None
    fold: int | None = None
    group: str | None = None
    drop_copies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    shared_groups: Mapping[str, str] = field(default_factory=dict)
    normalise: str | None = None
    on_leak: str = "report"

    def assign(self, samples: Samples) -> Assignment:
        """Give every sample its role.

        Raises:
            FerlabError: a role is empty, a sample has two roles, or a person or group stands in two roles that the
                protocol does not declare; with `on_leak` "stop" also copies across the roles.
        """
        self._check_options()
        copies = _copies(samples)
        group = None if self.group is None else leaks.group_values(samples, self.group, copies, self.name)
        roles = self._roles(samples, group)
        self._check(samples, roles)
        roles, dropped = leaks.drop_copies(samples, roles, copies, self.drop_copies, self.name)
        self._check(samples, roles)
        # what the protocol declares is looked for too, so that its mark is carried wherever it is true
        looked_for = dict.fromkeys([*samples.people, *(name for name in self.shared_groups if name in samples.columns)])
        must_not_cross = {name: leaks.group_values(samples, name, copies, self.name) for name in looked_for}
        if self.group is not None and group is not None:
            must_not_cross[self.group] = group
        marks = ["selected on test"] if self.selection == "test" else []
        marks += ["normalised by each test speaker's own clips"] if self.normalise is not None else []
        crossing = leaks.check_people(samples, roles, must_not_cross, self.shared_groups, self.name)
        marks += crossing.values()
        if self.on_leak == "stop":
            same = ("val", "test") if self.selection == "test" else ()
            leaks.refuse_copies(samples, roles, copies, self.name, same)
        facts = self._facts(samples, roles) | leaks.count_copies(samples, roles, copies)
        facts |= {"dropped": dropped, "group": self.group, "crossing": list(crossing), "marks": marks}
        facts["fold"] = self._fold_facts(samples, group)
        shown = leaks.WORDS[leaks.copies_in(samples, copies, roles["train"])]
        columns = {"copy_in_train": shown, "copies": copies.clusters}
        return Assignment(roles, facts, columns)

    def count_folds(self, samples: Samples) -> int:
        """Return the number of folds.

        Raises:
            FerlabError: the protocol has none.
        """
        if self.folds is None:
            raise FerlabError(
                f"protocol {self.name} has no folds; cure: protocol=kfold, protocol.folds=10 for another number"
            )
        group = None if self.group is None else leaks.group_values(samples, self.group, _copies(samples), self.name)
        return fold_count(self.folds, self._named(samples, self.train), group, self.name)

    def _check_options(self) -> None:
        for role in ROLES:
            if isinstance(wish := getattr(self, role), str) and (role, wish) != ("val", "test"):
                raise FerlabError(
                    f"protocol {self.name}: protocol.{role}: expected a list of splits, found {wish!r}; cure: [{wish}]"
                )
        if self.on_leak not in ON_LEAK:
            raise FerlabError(f"protocol {self.name}: on_leak: expected one of {list(ON_LEAK)}, found {self.on_leak!r}")
        if self.selection not in ("val", "test"):
            raise FerlabError(f"protocol {self.name}: selection: expected val or test, found {self.selection!r}")
        if (self.folds is None) != (self.fold is None) or (self.folds is None) == (self.test is None):
            raise FerlabError(
                f"protocol {self.name}: expected either test, or folds and fold; found test={self.test}, "
                f"folds={self.folds}, fold={self.fold}; cure: protocol=kfold protocol.fold=0, or "
                "python -m ferlab.cross_validate for all of them"
            )

    def _roles(self, samples: Samples, group: np.ndarray | None) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(self.seed)
        pool = self._named(samples, self.train)
        strata, each = samples.strata, samples.labels.ndim == 1
        roles = {}
        if self.folds is not None and self.fold is not None:
            roles["test"] = fold_part(self.folds, self.fold, pool, strata, self.seed, group, self.name, each)
            pool = np.setdiff1d(pool, roles["test"])
        for role, wish in (("test", self.test), ("val", self.val)):
            if wish is None:
                continue
            if wish == "test":
                roles[role] = roles["test"]
            elif isinstance(wish, int | float):
                roles[role] = held_out(pool, strata, float(wish), rng, role, group, each)
                pool = np.setdiff1d(pool, roles[role])
            else:
                roles[role] = self._named(samples, wish)
        roles["train"] = pool
        return {role: roles[role] for role in ROLES}

    def _named(self, samples: Samples, wish: Sequence[str]) -> Int64[np.ndarray, "sample"]:
        every = list(wish) == [EVERY_SPLIT]
        found = np.arange(len(samples)) if every else np.flatnonzero(np.isin(samples.splits, list(wish)))
        return found.astype(np.int64)

    def _check(self, samples: Samples, roles: dict[str, np.ndarray]) -> None:
        for role in ROLES:
            if len(roles[role]) == 0:
                exist = ", ".join(sorted(map(str, np.unique(samples.splits))))
                raise FerlabError(
                    f"protocol {self.name}: no {role} samples in data set {samples.name}; "
                    f"expected one of the splits {getattr(self, role)}, found {exist}; "
                    "cure: protocol=holdout holds out parts of the samples at random, by class"
                )
        for one, other in (("train", "val"), ("train", "test"), ("val", "test")):
            shared = np.intersect1d(roles[one], roles[other])
            if len(shared) and not (self.selection == "test" and (one, other) == ("val", "test")):
                raise FerlabError(
                    f"protocol {self.name}: {len(shared)} samples are both {one} and {other}, "
                    f"{samples.ids[shared[0]]} for one; cure: name each split once, or say selection: test"
                )
        taught, known = samples.labels[roles["train"]], samples.spec.labels
        if taught.ndim == 2:
            missing = [f"with {name}" for name, there in zip(known, taught.any(0), strict=True) if not there]
            missing += [f"without {name}" for name, always in zip(known, taught.all(0), strict=True) if always]
        else:
            missing = [f"of {known[k]}" for k in np.setdiff1d(np.arange(len(known)), taught)]
        if missing:
            raise FerlabError(
                f"protocol {self.name}: no training sample {', '.join(missing)} in data set {samples.name}"
            )

    def _fold_facts(self, samples: Samples, group: np.ndarray | None) -> dict[str, int] | None:
        if self.folds is None or self.fold is None:
            return None
        return {"index": self.fold, "of": fold_count(self.folds, self._named(samples, self.train), group, self.name)}

    def _facts(self, samples: Samples, roles: dict[str, np.ndarray]) -> dict[str, Any]:
        # normalised clips are other clips, whoever stands where
        heard = [] if self.normalise is None else [f"normalise {self.normalise}"]
        digest = hashlib.sha256(json.dumps([self.name, self.version, self.selection, *heard]).encode())
        for role in ROLES:
            digest.update(role.encode() + "\n".join(sorted(map(str, samples.ids[roles[role]]))).encode())
        return {
            "name": self.name,
            "version": self.version,
            "hash": digest.hexdigest()[:12],
            "counts": {role: len(roles[role]) for role in ROLES},
            "selection": self.selection,
        }


def _copies(samples: Samples) -> Pairs:
    """Return the exact and, of images, the near copies among samples."""
    return find_copies(samples.x, samples.name) if samples.spec.modality == "image" else same_content(samples.x)
