"""Copies: pairs of images that are one picture, pixel for pixel or slightly changed, found among all pairs.

Exact copies have the same decoded pixels. Near copies are mirrored, shifted by a few pixels, brighter, re-encoded,
blurred, a little rotated or cropped; `likeness.py` says how they are recognised, `ferlab.audit` how well.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int64, Shaped, UInt8

from ferlab.cache import Arrays, cached
from ferlab.data.likeness import Basis, Views, fit, likeness, views
from ferlab.progress import watched

#: a pair that correlates so much is a copy: chosen on training images, between what pairs of different pictures
#: reach and what a slightly changed picture keeps (experiments/audit)
THRESHOLD = 0.8

# raise it whenever the pairs change: results cached by older versions are then left alone
_VERSION = 2
# below the threshold, kept for a look at what was not taken
_NEARLY = 0.15
_BLOCK = 1024


@dataclass(frozen=True)
class Pairs:
    """The copies within a data set, as a protocol asks for them.

    Attributes:
        pairs: positions of two samples, the smaller first; sorted, each pair once.
        exact: whether their content is the same.
        clusters: of every sample the number of its group: samples joined by a chain of pairs. Those without a copy are
            groups of one. Numbered from 0 in the order of their first samples.
    """

    pairs: Int64[np.ndarray, "pair 2"]
    exact: Bool[np.ndarray, "pair"]
    clusters: Int64[np.ndarray, "sample"]


@dataclass(frozen=True)
class Copies(Pairs):
    """The exact and near copies among images.

    Attributes:
        scores: highest correlation of their detail, THRESHOLD..1; 1 for exact copies.
        mirrored: whether they agree better in a mirror.
        misses: pairs just below the threshold, that were not taken.
        miss_scores: their correlation.
        basis: by which candidates were found among all pairs.
    """

    scores: Float32[np.ndarray, "pair"]
    mirrored: Bool[np.ndarray, "pair"]
    misses: Int64[np.ndarray, "miss 2"]
    miss_scores: Float32[np.ndarray, "miss"]
    basis: Basis


def same_content(x: Shaped[np.ndarray, "sample ..."]) -> Pairs:
    """Find the samples of any kind whose content is the same to the last bit.

    Near copies are looked for among texts alone: those that are the same but for case and white space.
    """
    text = x.dtype == object
    groups, members = _alike(np.array([" ".join(one.casefold().split()) for one in x], object) if text else _digests(x))
    pairs = np.concatenate([np.empty((0, 2), np.int64), *(_within(own) for own in members if len(own) > 1)])
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    exact = np.array([x[i] == x[j] for i, j in pairs], bool) if text else np.ones(len(pairs), dtype=bool)
    return Pairs(pairs, exact, groups)


def find_copies(x: UInt8[np.ndarray, "sample height width channel"], name: str) -> Copies:
    """Find every pair of copies among images; once for each content, later calls read the cache.

    Args:
        x: all images of a data set.
        name: its name, for the progress.

    Raises:
        FerlabError: the cache folder cannot be written.
    """
    digests = _digests(x)
    key = {
        "version": _VERSION,
        "threshold": THRESHOLD,
        "shape": list(x.shape),
        "content": hashlib.blake2b(digests.tobytes(), digest_size=16).hexdigest(),
    }
    found = {part: np.array(values) for part, values in cached("copies", key, lambda: _find(x, digests, name)).items()}
    basis = Basis(found.pop("mean"), found.pop("axes"), float(found.pop("floor")))
    return Copies(**found, basis=basis)


def _digests(x: Shaped[np.ndarray, "sample ..."]) -> np.ndarray:
    return np.array([hashlib.blake2b(np.ascontiguousarray(one).data, digest_size=16).digest() for one in x], "V16")


def _alike(digests: np.ndarray) -> tuple[Int64[np.ndarray, "sample"], list[Int64[np.ndarray, "member"]]]:
    """Return the group of every sample by its digest, and the members of each group, ascending."""
    _, groups = np.unique(digests, return_inverse=True)
    groups = _numbered(groups)
    return groups, np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1])


def _find(x: UInt8[np.ndarray, "sample height width channel"], digests: np.ndarray, name: str) -> Arrays:
    # one image stands for all its exact copies
    _, members = _alike(digests)
    first = np.array([own[0] for own in members])
    near, scores, mirrored, basis = _near(x, first, name)
    taken = scores >= THRESHOLD
    parts = [(_within(own), True, 1.0, False) for own in members if len(own) > 1]
    parts += [
        (_across(members[i], members[j]), False, score, mirror)
        for (i, j), score, mirror in zip(near[taken], scores[taken], mirrored[taken], strict=True)
    ]
    pairs = np.concatenate([np.empty((0, 2), np.int64), *(pairs for pairs, *_ in parts)])
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    lengths = [len(pairs) for pairs, *_ in parts]
    exact, score, mirror = (np.repeat([part[k] for part in parts], lengths)[order] for k in (1, 2, 3))
    return {
        "pairs": pairs[order],
        "exact": exact.astype(bool),
        "scores": score.astype(np.float32),
        "mirrored": mirror.astype(bool),
        "clusters": joined(pairs, len(x)),
        "misses": np.sort(first[near[~taken]], axis=1).reshape(-1, 2).astype(np.int64),
        "miss_scores": scores[~taken],
        "mean": basis.mean,
        "axes": basis.axes,
        "floor": np.array(basis.floor),
    }


def _within(own: Int64[np.ndarray, "member"]) -> Int64[np.ndarray, "pair 2"]:
    one, other = np.triu_indices(len(own), 1)
    return np.stack([own[one], own[other]], axis=1)


def _across(own: Int64[np.ndarray, "member"], others: Int64[np.ndarray, "other"]) -> Int64[np.ndarray, "pair 2"]:
    return np.sort(np.stack([np.repeat(own, len(others)), np.tile(others, len(own))], axis=1), axis=1)


def joined(pairs: Int64[np.ndarray, "pair 2"], n: int) -> Int64[np.ndarray, "sample"]:
    """Return of each of `n` samples the number of its group, joined by a chain of pairs; numbered as in `Copies`."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return _numbered(connected_components(graph, directed=False)[1])


def _numbered(groups: np.ndarray) -> Int64[np.ndarray, "sample"]:
    """Number groups from 0 in the order of their first members."""
    _, first, number = np.unique(groups, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number.ravel()].astype(np.int64)


def _near(
    x: UInt8[np.ndarray, "sample height width channel"], which: np.ndarray, name: str
) -> tuple[Int64[np.ndarray, "pair 2"], Float32[np.ndarray, "pair"], Bool[np.ndarray, "pair"], Basis]:
    """Return the pairs of the images `which` that are alike or nearly so: how much, whether in a mirror."""
    seen = views((x[i] for i in watched(which, len(which), f"{name}: looking at images")), len(which))
    basis = fit(seen.smooth)
    best: dict[tuple[int, int], tuple[float, bool]] = {}
    blocks = -(-len(which) // _BLOCK)
    for pairs, mirror in watched(_candidates(seen, basis), 2 * blocks, f"{name}: comparing images"):
        for i, j in pairs.tolist():
            score = likeness(seen, i, seen, j, mirror)
            if score >= THRESHOLD - _NEARLY and score > best.get((i, j), (-1.0, False))[0]:
                best[i, j] = score, mirror
    found = sorted(best)
    return (
        np.array(found, np.int64).reshape(-1, 2),
        np.array([best[pair][0] for pair in found], np.float32),
        np.array([best[pair][1] for pair in found], bool),
        basis,
    )


def _candidates(seen: Views, basis: Basis) -> Iterator[tuple[Int64[np.ndarray, "pair 2"], bool]]:
    """Yield the pairs i < j whose descriptors are alike, block by block, as they are and with `i` in a mirror."""
    z, textured = basis.descriptors(seen.smooth), ~seen.flat
    for start in range(0, len(z), _BLOCK):
        rows = slice(start, start + _BLOCK)
        for mirror in (False, True):
            block = basis.descriptors(seen.smooth[rows, :, ::-1]) if mirror else z[rows]
            cosines = block @ z[start:].T
            # on the flat array: several times faster
            one, other = np.divmod(np.flatnonzero(cosines >= basis.floor), cosines.shape[1])
            keep = (one < other) & textured[one + start] & textured[other + start]
            yield np.stack([one[keep], other[keep]], axis=1).astype(np.int64) + start, mirror
