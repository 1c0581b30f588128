"""What may not cross from one role to another: copies of an image, and the samples of one person."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Int64, Shaped

from ferlab.data.copies import Pairs
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError

Roles = Mapping[str, Int64[np.ndarray, "_"]]
# what is looked for, and where
DIRECTIONS = (("val", "train"), ("test", "train"), ("test", "val"))
COPIES = "copies"
NONE, NEAR, EXACT = 0, 1, 2
WORDS = np.array(["none", "near", "exact"])
SHOWN = 10


def group_values(samples: Samples, column: str, copies: Pairs, protocol: str) -> Shaped[np.ndarray, "sample"]:
    """Return the group of every sample; one whose cell is empty is a group of its own.

    Args:
        samples: the data set.
        column: one of its columns, or "copies" for clusters of exact and near copies.
        copies: of those samples.
        protocol: its name, for messages.

    Raises:
        FerlabError: no such column.
    """
    if column == COPIES:
        return copies.clusters.astype(str)
    if column not in samples.columns:
        exist = ", ".join([*samples.columns, COPIES])
        raise FerlabError(f"protocol {protocol}: protocol.group={column}: no such column; {samples.name} has {exist}")
    values = np.asarray(samples.columns[column]).astype(str)
    own = np.char.add("\0", samples.ids.astype(str))
    return np.where(np.isin(np.char.strip(values), ("", "nan")), own, values)


def copies_in(samples: Samples, copies: Pairs, positions: Int64[np.ndarray, "_"]) -> Int64[np.ndarray, "sample"]:
    """Tell of every sample whether another one among `positions` is its copy: 0 none, 1 near, 2 exact."""
    kind = np.zeros(len(samples), dtype=np.int64)
    inside = np.zeros(len(samples), dtype=bool)
    inside[positions] = True
    weight = np.where(copies.exact, EXACT, NEAR)
    for one, other in ((0, 1), (1, 0)):
        there = inside[copies.pairs[:, other]]
        np.maximum.at(kind, copies.pairs[there, one], weight[there])
    return kind


def drop_copies(
    samples: Samples, roles: dict[str, np.ndarray], copies: Pairs, wish: Mapping[str, Sequence[str]], name: str
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Take samples with a copy in another role out of their own.

    Args:
        samples: the data set.
        roles: positions of each role.
        copies: of those samples.
        wish: role -> roles whose copies leave it.
        name: the protocol's, for messages.

    Returns:
        The roles left, and how many samples each lost.

    Raises:
        FerlabError: a role that is none.
    """
    if unknown := [role for pair in wish.items() for role in (pair[0], *pair[1]) if role not in roles]:
        raise FerlabError(f"protocol {name}: protocol.drop_copies: expected roles {list(roles)}, found {unknown[0]!r}")
    left, lost = dict(roles), {}
    for role, others in wish.items():
        # of the others as they were: the order of the roles must not matter
        # none at all is how a command line takes a protocol's wish back
        seen = np.concatenate([np.empty(0, np.int64), *(roles[other] for other in others)])
        elsewhere = copies_in(samples, copies, seen)
        left[role] = roles[role][elsewhere[roles[role]] == NONE]
        lost[role] = len(roles[role]) - len(left[role])
    return left, lost


def count_copies(samples: Samples, roles: Roles, copies: Pairs) -> dict[str, dict[str, int]]:
    """Count the samples of a role with an exact, or at best a near, copy in another: {"copies", "near_copies"}."""
    out: dict[str, dict[str, int]] = {"copies": {}, "near_copies": {}}
    for role, seen in DIRECTIONS:
        kind = copies_in(samples, copies, roles[seen])[roles[role]]
        out["copies"][f"{role} in {seen}"] = int((kind == EXACT).sum())
        out["near_copies"][f"{role} in {seen}"] = int((kind == NEAR).sum())
    return out


def refuse_copies(samples: Samples, roles: Roles, copies: Pairs, name: str, but: Sequence[str]) -> None:
    """Stop where copies cross, naming the pairs.

    Args:
        samples: the data set.
        roles: positions of each role.
        copies: of those samples.
        name: the protocol's, for messages.
        but: two roles that the protocol lets be the same.

    Raises:
        FerlabError: copies cross.
    """
    role_of = {int(i): role for role, positions in roles.items() for i in positions}
    crossing = []
    for (i, j), exact in zip(copies.pairs.tolist(), copies.exact.tolist(), strict=True):
        one, other = role_of.get(i), role_of.get(j)
        if one is not None and other is not None and one != other and {one, other} != set(but):
            crossing.append(f"{one} {samples.ids[i]} = {other} {samples.ids[j]} ({'exact' if exact else 'near'} copy)")
    if crossing:
        more = f"\n... and {len(crossing) - SHOWN} more" if len(crossing) > SHOWN else ""
        raise FerlabError(
            f"protocol {name}: copies cross the roles, {len(crossing):,} in all, and protocol.on_leak=stop:\n  "
            + "\n  ".join(crossing[:SHOWN])
            + more
            + "\ncure: ++protocol.drop_copies.train=[val,test] and ...val=[test], protocol.group=copies, on_leak=report"
        )


def check_people(
    samples: Samples, roles: Roles, groups: Mapping[str, np.ndarray], declared: Mapping[str, str], name: str
) -> dict[str, str]:
    """Return the columns whose groups cross, and their marks; stop at one that the protocol does not declare.

    Args:
        samples: the data set.
        roles: positions of each role.
        groups: column -> group of every sample: what must not cross.
        declared: column -> the mark that every output then carries.
        name: the protocol's, for messages.

    Raises:
        FerlabError: a group stands in two roles and the protocol does not declare it, or declares an unknown column.
    """
    if unknown := sorted(set(declared) - set(groups) - set(samples.columns)):
        raise FerlabError(
            f"protocol {name}: protocol.shared_groups names the column {unknown[0]!r}; {samples.name} has "
            f"{', '.join(samples.columns) or 'none'}"
        )
    marks = {}
    for column, values in groups.items():
        shared = _crossing(values, roles)
        if not shared:
            continue
        if column not in declared:
            (one, other), crossing = next(iter(shared.items()))
            raise FerlabError(
                f"protocol {name}: {len(crossing)} values of {column} stand in {one} and in {other}, "
                f"{', '.join(map(str, crossing[:5]))} among them: a model could know whom it is tested on; cure: "
                f"protocol=holdout protocol.group={column} keeps them whole; '+protocol.shared_groups.{column}=<mark>' "
                "lets them cross and marks every output"
            )
        marks[column] = str(declared[column])
    return marks


def _crossing(values: np.ndarray, roles: Roles) -> dict[tuple[str, str], list[Any]]:
    found = {}
    for one, other in combinations(roles, 2):
        # a role that is another (selection: test) is marked already
        if np.array_equal(roles[one], roles[other]):
            continue
        both = np.intersect1d(values[roles[one]], values[roles[other]])
        if len(both):
            found[one, other] = both.tolist()
    return found
