"""What ten people say of FER-2013's labels: the votes of FER+ (Barsoum et al., ICMI 2016, arXiv 1608.01041)."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from ferlab.data.fer2013 import CLASSES
from ferlab.data.fer2013_votes import CANDIDATES, FILE, SEVEN, find_votes, read_votes
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError

#: votes of ten that a picture's first candidate needs for a clear majority
CLEAR = 5


def look_at_votes(
    samples: Samples, path: str | None, root: str | None
) -> tuple[dict[str, Any], dict[str, Int64[np.ndarray, "_"]]]:
    """Compare FER-2013's labels with the votes of FER+.

    Args:
        samples: FER-2013 from the original table, with any of its classes; of anything else there are no votes.
        path: `fer2013new.csv`; None looks beside the archive.
        root: where the archive was looked for; None for `$FERLAB_DATA`.

    Returns:
        Plain counts, or {"none": why}; and positions by name: "not_a_face", "unknown" (more votes than any other
        candidate), "removed" (by FER+'s authors), "disagreement" (no candidate has 5 votes), "contradicted" (5 votes or
        more, and more than any other candidate has, for an emotion that is not the label).

    Raises:
        FerlabError: a path was given and its votes cannot be used.
    """
    try:
        if samples.name != "fer2013":
            raise FerlabError(f"FER+ votes are on FER-2013, not on {samples.name}" + "; cure: votes=null" * bool(path))
        place = root or os.environ.get("FERLAB_DATA")
        file = Path(path).expanduser() if path else find_votes(Path(place or ".").expanduser().absolute())
        every = read_votes(file)
        votes = every.of(samples.ids, len(every))
    except FerlabError as error:
        if path:
            raise
        return {"none": str(error)}, {}
    most, total = votes.counts.max(1), votes.counts.sum(1)
    tied = (votes.counts == most[:, None]).sum(1) > 1
    first = np.where(tied, -1, votes.majority)
    own = np.array([CANDIDATES.index(SEVEN[CLASSES.index(name)]) for name in samples.spec.labels])[samples.labels]
    emotion = (first >= 0) & (first < CANDIDATES.index("unknown"))
    against = emotion & (most >= CLEAR) & (first != own)
    lists = {
        "not_a_face": np.flatnonzero(first == CANDIDATES.index("NF")),
        "unknown": np.flatnonzero(first == CANDIDATES.index("unknown")),
        "removed": np.flatnonzero(votes.removed),
        "disagreement": np.flatnonzero(most < CLEAR),
        "contradicted": np.flatnonzero(against),
    }
    pairs = Counter(
        f"{samples.spec.labels[label]} -> {CANDIDATES[candidate]}"
        for label, candidate in zip(samples.labels[against].tolist(), first[against].tolist(), strict=True)
    )
    facts = {
        "file": FILE,
        "images": len(votes),
        "votes_each": sorted({int(n) for n in total}),
        "clear_majority": CLEAR,
        "counts": {name: len(positions) for name, positions in lists.items()},
        "by_class": {
            name: {kind: int((samples.labels[positions] == k).sum()) for kind, positions in lists.items()}
            for k, name in enumerate(samples.spec.labels)
        },
        "contradicted_as": dict(pairs.most_common()),
    }
    return facts, {name: positions.astype(np.int64) for name, positions in lists.items()}
