"""Protocols: who is train, val and test; named, hashed and checked for leaks."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64

from ferlab.data.samples import Samples
from ferlab.errors import FerlabError

ROLES = ("train", "val", "test")
EVERY_SPLIT = "*"


@dataclass(frozen=True)
class Assignment:
    """The samples of each role, and the facts every output shows.

    Attributes:
        indices: positions in `Samples` of "train", "val" and "test", ascending.
        facts: name, hash, counts, selection, copies across the roles, and marks: plain values.
    """

    indices: dict[str, Int64[np.ndarray, "sample"]]
    facts: dict[str, Any]


@dataclass(frozen=True)
class Protocol:
    """A definition of the three roles over a data set's official splits.

    Attributes:
        name: as in `protocol=<name>`.
        version: raised when the definition changes.
        train: official splits that train; `["*"]` takes every split.
        val: official splits that choose the checkpoint, or the fraction of `train` (stratified by class) held out
            for that.
        test: official splits that are measured once at the end, or a fraction of `train`.
        selection: "val", or "test" where the test samples choose the checkpoint; every output then says so.
        seed: of the held-out fractions; no other seed changes them.
    """

    name: str
    train: Sequence[str]
    val: Sequence[str] | float | int
    test: Sequence[str] | float | int
    version: int = 1
    selection: str = "val"
    seed: int = 0

    def assign(self, samples: Samples) -> Assignment:
        """Give every sample its role.

        Raises:
            FerlabError: a role is empty, or a sample has two roles that the protocol does not declare.
        """
        rng = np.random.default_rng(self.seed)
        pool = self._named(samples, self.train)
        roles = {}
        for role, wish in (("test", self.test), ("val", self.val)):
            if isinstance(wish, int | float):
                roles[role] = _held_out(pool, samples.labels, float(wish), rng, role)
                pool = np.setdiff1d(pool, roles[role])
            else:
                roles[role] = self._named(samples, wish)
        roles["train"] = pool
        self._check(samples, roles)
        return Assignment({role: roles[role] for role in ROLES}, self._facts(samples, roles))

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
        missing = np.setdiff1d(np.arange(len(samples.spec.labels)), samples.labels[roles["train"]])
        if len(missing):
            names = ", ".join(samples.spec.labels[k] for k in missing)
            raise FerlabError(f"protocol {self.name}: no training sample of {names} in data set {samples.name}")

    def _facts(self, samples: Samples, roles: dict[str, np.ndarray]) -> dict[str, Any]:
        digest = hashlib.sha256(json.dumps([self.name, self.version, self.selection]).encode())
        for role in ROLES:
            digest.update(role.encode() + "\n".join(sorted(map(str, samples.ids[roles[role]]))).encode())
        marks = ["selected on test"] if self.selection == "test" else []
        return {
            "name": self.name,
            "version": self.version,
            "hash": digest.hexdigest()[:12],
            "counts": {role: len(roles[role]) for role in ROLES},
            "selection": self.selection,
            "copies": _copies(samples, roles),
            "marks": marks,
        }


def _held_out(
    pool: np.ndarray, labels: np.ndarray, fraction: float, rng: np.random.Generator, role: str
) -> Int64[np.ndarray, "sample"]:
    """Draw a fraction of `pool`, of every class alike, and at least one sample of each."""
    if not 0 < fraction < 1:
        raise FerlabError(f"protocol: {role} as a fraction must lie between 0 and 1, found {fraction}")
    parts = []
    for label in np.unique(labels[pool]):
        of_class = rng.permutation(pool[labels[pool] == label])
        parts.append(of_class[: max(1, round(fraction * len(of_class)))])
    return np.sort(np.concatenate(parts)).astype(np.int64) if parts else pool[:0]


def _copies(samples: Samples, roles: dict[str, np.ndarray]) -> dict[str, int]:
    """Count validation and test samples whose exact content stands in training too, and test ones in validation."""
    x = np.ascontiguousarray(samples.x).reshape(len(samples), -1)
    digests = {
        role: np.array([hashlib.blake2b(x[i].data, digest_size=8).digest() for i in roles[role]]) for role in ROLES
    }
    return {
        f"{role} in {seen}": int(np.isin(digests[role], digests[seen]).sum())
        for seen, role in (("train", "val"), ("train", "test"), ("val", "test"))
    }
