"""Parts of a pool of samples: a held-out fraction or one of several folds, stratified by class, groups kept whole."""

import warnings
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64, Shaped

from ferlab.errors import FerlabError

EACH = "each"
Folds = int | str | Sequence[Sequence[object]]


def held_out(
    pool: Int64[np.ndarray, "pool"],
    labels: Int64[np.ndarray, "sample"],
    fraction: float,
    rng: np.random.Generator,
    role: str,
    groups: Shaped[np.ndarray, "sample"] | None = None,
    each: bool = True,
) -> Int64[np.ndarray, "part"]:
    """Draw a fraction of `pool`: of every class alike and at least one sample of each, or about that in whole groups.

    Args:
        pool: positions to draw from.
        labels: class of every sample of the data set.
        fraction: within 0..1, both excluded.
        rng: where chance comes from.
        role: for messages.
        groups: group of every sample of the data set; a group goes out whole.
        each: at least one sample of every class; False for label patterns, of which many may be rare.

    Raises:
        FerlabError: the fraction is none, or there are too few groups.
    """
    if not 0 < fraction < 1:
        raise FerlabError(f"protocol: {role} as a fraction must lie between 0 and 1, found {fraction}")
    if not each and groups is not None and len(np.unique(groups[pool])) == len(pool):
        groups = None
    if groups is not None:
        # few groups: as near to the fraction as whole groups allow
        parts = max(2, min(round(1 / min(fraction, 1 - fraction)), len(np.unique(groups[pool]))))
        part = _fold(pool, labels, parts, 0, int(rng.integers(2**31)), groups, f"protocol: {role} {fraction}", each)
        return part if fraction <= 0.5 else np.setdiff1d(pool, part)
    if not each:
        # every so-manieth of all, pattern by pattern: rare patterns take turns. Patterns come in an order of chance: in
        # that of their numbers every second one has the first label
        mixed = rng.permutation(pool)
        patterns, codes = np.unique(labels[mixed], return_inverse=True)
        mixed = mixed[np.argsort(rng.permutation(len(patterns))[codes], kind="stable")]
        count = min(len(pool), max(1, round(fraction * len(pool))))
        return np.sort(mixed[((np.arange(count) + rng.random()) * len(pool) / count).astype(np.int64)])
    chosen = []
    for label in np.unique(labels[pool]):
        of_class = rng.permutation(pool[labels[pool] == label])
        chosen.append(of_class[: max(1, round(fraction * len(of_class)))])
    return np.sort(np.concatenate(chosen)).astype(np.int64) if chosen else pool[:0]


def fold_count(
    folds: Folds, pool: Int64[np.ndarray, "pool"], groups: Shaped[np.ndarray, "sample"] | None, name: str
) -> int:
    """Return how many folds a definition makes of `pool`.

    Args:
        folds: their number; "each" for one a group; or the groups of each fold by name.
        pool: positions of the samples that the folds share out.
        groups: group of every sample of the data set.
        name: the protocol's, for messages.

    Raises:
        FerlabError: fewer than two folds, or lists of groups that are not those of the samples, each once.
    """
    if isinstance(folds, int):
        count = folds
    elif groups is None:
        raise FerlabError(f"protocol {name}: protocol.folds={folds} names groups; expected protocol.group=<column>")
    elif isinstance(folds, str):
        if folds != EACH:
            raise FerlabError(f"protocol {name}: protocol.folds: expected a number, {EACH} or lists, found {folds!r}")
        count = len(np.unique(groups[pool]))
    else:
        count = len(folds)
        wanted = [str(value) for fold in folds for value in fold]
        found = set(map(str, np.unique(groups[pool])))
        twice = sorted({value for value in wanted if wanted.count(value) > 1})
        absent, unnamed = sorted(set(wanted) - found), sorted(found - set(wanted))
        for values, what in ((twice, "stand in two folds"), (absent, "have no sample"), (unnamed, "are in no fold")):
            if values:
                raise FerlabError(
                    f"protocol {name}: groups {values} {what}; expected every group of the data set in one fold of "
                    "protocol.folds"
                )
    if count < 2:
        raise FerlabError(f"protocol {name}: protocol.folds: expected 2 or more, found {count}")
    return count


def fold_part(
    folds: Folds,
    fold: int,
    pool: Int64[np.ndarray, "pool"],
    labels: Int64[np.ndarray, "sample"],
    seed: int,
    groups: Shaped[np.ndarray, "sample"] | None,
    name: str,
    each: bool = True,
) -> Int64[np.ndarray, "part"]:
    """Return the samples of one fold; all folds together are `pool`, each sample once.

    Args:
        folds: as in `fold_count`.
        fold: which, from 0.
        pool: positions of the samples that the folds share out.
        labels: class of every sample of the data set.
        seed: of a random division.
        groups: group of every sample of the data set; a group stays whole.
        name: the protocol's, for messages.
        each: a class in every fold; False for label patterns, of which many may be rare.

    Raises:
        FerlabError: no such fold, or samples or groups too few for so many.
    """
    count = fold_count(folds, pool, groups, name)
    if not 0 <= fold < count:
        raise FerlabError(
            f"protocol {name}: protocol.fold: expected 0 to {count - 1}, found {fold}; cure: protocol.fold=0, or all "
            f"of them with -m 'protocol.fold=range(0,{count})' or python -m ferlab.cross_validate"
        )
    if isinstance(folds, int):
        return _fold(pool, labels, folds, fold, seed, groups, f"protocol {name}: protocol.folds={folds}", each)
    assert groups is not None
    values = [np.unique(groups[pool])[fold]] if isinstance(folds, str) else [str(value) for value in folds[fold]]
    return pool[np.isin(groups[pool].astype(str), np.asarray(values, dtype=str))]


def _fold(
    pool: np.ndarray,
    labels: np.ndarray,
    folds: int,
    fold: int,
    seed: int,
    groups: np.ndarray | None,
    what: str,
    each: bool,
) -> Int64[np.ndarray, "part"]:
    # takes a second to import, and few protocols need it
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    enough = len(pool) if groups is None else len(np.unique(groups[pool]))
    if not each and enough == len(pool):
        # whole groups of one each are no constraint, and cost seconds
        groups = None
    if enough < folds:
        kind = "samples" if groups is None else "groups"
        raise FerlabError(f"{what}: expected {folds} or more {kind}, found {enough}; cure: fewer parts")
    chosen = StratifiedKFold if groups is None else StratifiedGroupKFold
    splitter = chosen(folds, shuffle=True, random_state=seed)
    strata = labels[pool]
    if not each and np.unique(strata, return_counts=True)[1].max() < folds:
        # all patterns are rarer than folds: neighbours in their order are a stratum
        strata = np.argsort(np.argsort(strata, kind="stable")) // folds
    with warnings.catch_warnings():
        # a class with fewer samples than folds stands in as many folds as it can
        warnings.simplefilter("ignore", UserWarning)
        try:
            parts = list(splitter.split(pool, strata, None if groups is None else groups[pool]))
        except ValueError as error:
            raise FerlabError(f"{what}: {error}; cure: fewer parts") from error
    return np.asarray(pool[parts[fold][1]], dtype=np.int64)
