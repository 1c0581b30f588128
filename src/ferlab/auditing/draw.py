"""Which pictures an audit shows, and how many of each kind."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64
from matplotlib.figure import Figure

from ferlab.auditing.duplicates import contradicting_pairs
from ferlab.auditing.pixels import ODD
from ferlab.auditing.sheets import image_sheet, pair_sheet
from ferlab.data.copies import THRESHOLD, Copies
from ferlab.data.samples import Samples
from ferlab.evaluation.figures.style import save
from ferlab.progress import watched

_GROUPS, _OF_A_GROUP = 4, 8
_VOTED = {
    "not_a_face": "FER+: most votes for not a face",
    "unknown": "FER+: most votes for unknown",
    "contradicted": "FER+: most votes for another emotion than the label",
}


def draw_sheets(
    folder: Path,
    samples: Samples,
    copies: Copies,
    light: Float64[np.ndarray, "sample 2"],
    lists: dict[str, np.ndarray],
    voted: dict[str, np.ndarray],
    examples: int,
) -> list[Path]:
    """Draw the picture sheets; those of which there is nothing to show are left out.

    Args:
        folder: where the PNG files go.
        samples: the data set.
        copies: its copies.
        light: mean and contrast of every image.
        lists: positions of blank images and outliers, by name.
        voted: positions of what the votes found, by name.
        examples: pictures or pairs a sheet.

    Returns:
        The files, in the order of the report.
    """
    wishes = {
        **_pair_wishes(samples, copies, lists["constant"], examples),
        **_image_wishes(samples, copies, light, lists, voted, examples),
    }
    names = watched(wishes, len(wishes), "drawing sheets", delay=0.2)
    return [save(wishes[name](), folder / f"{name}.png") for name in names]


def _pair_wishes(samples: Samples, copies: Copies, blank: np.ndarray, examples: int) -> dict[str, Callable[[], Figure]]:
    near = np.flatnonzero(~copies.exact)
    sides = samples.splits[copies.pairs[near]]
    crossing = near[sides[:, 0] != sides[:, 1]]
    contrary = contradicting_pairs(samples, copies, blank)
    ascending = near[np.argsort(copies.scores[near], kind="stable")]
    descending = np.argsort(-copies.miss_scores, kind="stable")
    of_all = {
        "contradicting": ("Exact copies with different labels", contrary, np.ones(len(contrary), np.float32), True),
        "near_copies": ("Near copies in different splits", copies.pairs[crossing], copies.scores[crossing], True),
        "above_threshold": (
            f"Taken as copies: correlation just above {THRESHOLD}",
            copies.pairs[ascending],
            copies.scores[ascending],
            False,
        ),
        "below_threshold": (
            f"Not taken as copies: correlation just below {THRESHOLD}",
            copies.misses[descending],
            copies.miss_scores[descending],
            False,
        ),
    }
    wishes: dict[str, Callable[[], Figure]] = {}
    for name, (title, pairs, scores, spread) in of_all.items():
        if len(pairs):
            kept = _varied(pairs, copies, examples, spread)
            heading = f"{title}: {len(kept)} of {len(pairs):,} pairs"
            wishes[name] = partial(pair_sheet, samples, pairs[kept], scores[kept], heading)
    return wishes


def _varied(pairs: Int64[np.ndarray, "pair 2"], copies: Copies, most: int, spread: bool) -> Int64[np.ndarray, "kept"]:
    """Choose pairs of different groups: of one picture there may be a hundred pairs."""
    _, first = np.unique(copies.clusters[pairs[:, 0]], return_index=True)
    first = np.sort(first)
    if spread:
        first = first[np.linspace(0, len(first) - 1, min(most, len(first))).astype(int)]
    return first[:most].astype(np.int64)


def _image_wishes(
    samples: Samples,
    copies: Copies,
    light: Float64[np.ndarray, "sample 2"],
    lists: dict[str, np.ndarray],
    voted: dict[str, np.ndarray],
    examples: int,
) -> dict[str, Callable[[], Figure]]:
    wishes: dict[str, Callable[[], Figure]] = {}
    sizes = np.bincount(copies.clusters)
    large = [k for k in np.argsort(-sizes, kind="stable")[:_GROUPS] if sizes[k] > 1]
    if large:
        members = [np.flatnonzero(copies.clusters == k)[:_OF_A_GROUP] for k in large]
        notes = [
            f"group {n} of {sizes[k]}" for n, (k, own) in enumerate(zip(large, members, strict=True), 1) for _ in own
        ]
        positions = np.concatenate(members).tolist()
        wishes["largest_groups"] = partial(image_sheet, samples, positions, notes, "Largest groups of copies")
    blank = np.concatenate([lists["constant"], lists["nearly_blank"]])
    if len(blank):
        wishes["blank"] = _lit(samples, light, blank, f"Blank images: {{}} of {len(blank):,}", examples)
    odd = np.concatenate([lists[kind][: max(1, examples // len(ODD))] for kind in ODD])
    # a dark one may be flat as well
    odd = odd[np.sort(np.unique(odd, return_index=True)[1])]
    if len(odd):
        every = len(np.unique(np.concatenate([lists[kind] for kind in ODD])))
        title = f"Unusual light: darkest, brightest, flattest and harshest, {{}} of {every:,}"
        wishes["light"] = _lit(samples, light, odd, title, len(odd))
    for name, title in _VOTED.items():
        if len(voted.get(name, ())):
            found = voted[name]
            some = found[np.linspace(0, len(found) - 1, min(examples, len(found))).astype(int)].tolist()
            heading = f"{title}: {len(some)} of {len(found):,}"
            wishes[f"votes_{name}"] = partial(image_sheet, samples, some, [""] * len(some), heading)
    return wishes


def _lit(
    samples: Samples, light: Float64[np.ndarray, "sample 2"], found: np.ndarray, title: str, most: int
) -> Callable[[], Figure]:
    some = found[:most].tolist()
    notes = [f"mean {light[i, 0]:.0f}, sd {light[i, 1]:.1f}" for i in some]
    return partial(image_sheet, samples, some, notes, title.format(len(some)))
