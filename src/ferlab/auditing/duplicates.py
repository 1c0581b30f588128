"""What copies mean for a data set: where they stand, of which classes they are, and whose labels contradict."""

from collections import Counter
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from jaxtyping import Int64

from ferlab.data.copies import THRESHOLD, Copies, joined
from ferlab.data.leaks import EXACT, NEAR, copies_in
from ferlab.data.samples import Samples


def count_copies(samples: Samples, copies: Copies) -> dict[str, Any]:
    """Count pairs, groups and the images with a copy elsewhere, by split and by class.

    Returns:
        "pairs" by kind; "groups" of two or more images: their number, images and the largest; "between": for any two
        splits the pairs, and of each the images with an exact and, failing that, a near copy in the other; "by_class":
        images of each class, those with a copy and those with one in another split.
    """
    sizes = np.bincount(copies.clusters)
    return {
        "threshold": THRESHOLD,
        "pairs": {
            "exact": int(copies.exact.sum()),
            "near": int((~copies.exact).sum()),
            "mirrored": int(copies.mirrored.sum()),
        },
        "groups": {
            "number": int((sizes > 1).sum()),
            "images": int(sizes[sizes > 1].sum()),
            "largest": int(sizes.max()),
        },
        "between": _between(samples, copies),
        "by_class": _by_class(samples, copies),
    }


def _between(samples: Samples, copies: Copies) -> list[dict[str, Any]]:
    names = split_names(samples)
    sides = samples.splits[copies.pairs]
    out = []
    for one, other in combinations_with_replacement(names, 2):
        mixed = ((sides == (one, other)).all(1)) | ((sides == (other, one)).all(1))
        images = {}
        for own, elsewhere in dict.fromkeys([(one, other), (other, one)]):
            kind = copies_in(samples, copies, np.flatnonzero(samples.splits == elsewhere))[samples.splits == own]
            images[own] = {"of": len(kind), "exact": int((kind == EXACT).sum()), "near": int((kind == NEAR).sum())}
        out.append(
            {
                "splits": [one, other],
                "exact_pairs": int((mixed & copies.exact).sum()),
                "near_pairs": int((mixed & ~copies.exact).sum()),
                "images": images,
            }
        )
    return out


def _by_class(samples: Samples, copies: Copies) -> dict[str, dict[str, int]]:
    everywhere = copies_in(samples, copies, np.arange(len(samples)))
    elsewhere = np.zeros(len(samples), bool)
    crossing = copies.pairs[samples.splits[copies.pairs[:, 0]] != samples.splits[copies.pairs[:, 1]]]
    elsewhere[crossing.ravel()] = True
    return {
        name: {
            "images": int((of := samples.labels == k).sum()),
            "exact": int((of & (everywhere == EXACT)).sum()),
            "near": int((of & (everywhere == NEAR)).sum()),
            "in_another_split": int((of & elsewhere).sum()),
        }
        for k, name in enumerate(samples.spec.labels)
    }


def contradictions(samples: Samples, copies: Copies, blank: Int64[np.ndarray, "blank"]) -> dict[str, Any]:
    """Find groups of copies whose images carry different labels: at least one of these labels is wrong.

    Args:
        samples: the data set.
        copies: its copies.
        blank: positions of blank images, which are left out: no label of these is right.

    Returns:
        For "exact" copies alone and for "all": the number of groups and of their images, and which two classes are
        confused in how many pairs, the most frequent first.
    """
    shown = ~np.isin(copies.pairs, blank).any(1)
    return {
        "exact": _contradictions(samples, copies.pairs[shown & copies.exact]),
        "all": _contradictions(samples, copies.pairs[shown]),
    }


def _contradictions(samples: Samples, pairs: Int64[np.ndarray, "_ 2"]) -> dict[str, Any]:
    groups = joined(pairs, len(samples))
    names = samples.spec.labels
    classes = len(names)
    seen = np.unique(groups * classes + samples.labels) // classes
    mixed = np.bincount(seen, minlength=groups.max() + 1) > 1
    confused = Counter(
        " / ".join(names[k] for k in sorted(labels))
        for labels in samples.labels[pairs].tolist()
        if len(set(labels)) > 1
    )
    return {
        "groups": int(mixed.sum()),
        "of_groups": int((np.bincount(groups) > 1).sum()),
        "images": int(mixed[groups].sum()),
        "pairs": sum(confused.values()),
        "of_pairs": len(pairs),
        "confused": dict(confused.most_common()),
    }


def contradicting_pairs(
    samples: Samples, copies: Copies, blank: Int64[np.ndarray, "blank"]
) -> Int64[np.ndarray, "_ 2"]:
    """Return the pairs of exact copies with different labels, without blank images."""
    pairs = copies.pairs[copies.exact & ~np.isin(copies.pairs, blank).any(1)]
    return np.asarray(pairs[samples.labels[pairs[:, 0]] != samples.labels[pairs[:, 1]]])


def split_names(samples: Samples) -> list[str]:
    """Return the names of the splits, "train" first, the others in the order in which they first stand."""
    names, first = np.unique(samples.splits, return_index=True)
    return sorted((str(names[k]) for k in np.argsort(first)), key=lambda name: name != "train")
