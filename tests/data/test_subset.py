"""Subsets of classes keep every sample's own facts."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferlab.data.samples import Samples
from ferlab.data.subset import subset
from ferlab.errors import FerlabError
from ferlab.spec import TaskSpec

NAMES = ("a", "b", "c", "d")


def made(count: int = 40) -> Samples:
    """Samples whose pixels, ids and columns all tell their number, and whose label is number modulo 4."""
    numbers = np.arange(count)
    return Samples(
        name="set",
        spec=TaskSpec("multiclass", NAMES, "image", (2, 2, 1)),
        x=np.broadcast_to(numbers.astype(np.uint8)[:, None, None, None], (count, 2, 2, 1)),
        labels=numbers % 4,
        ids=numbers.astype(str),
        splits=np.where(numbers < 20, "train", "test"),
        columns={"number": numbers, "plain": numbers.tolist()},
        masks=np.broadcast_to(numbers.astype(np.uint8)[:, None, None], (count, 2, 2)),
        notes=("before",),
    )


@given(st.permutations(NAMES), st.integers(2, 4))
def test_facts_stay_together(order: list[str], count: int) -> None:
    names = order[:count]
    part = subset(made(), names)
    assert part.spec.labels == tuple(names) and part.spec.kind == ("binary" if count == 2 else "multiclass")
    numbers = part.ids.astype(int)
    assert numbers.tolist() == [n for n in range(40) if NAMES[n % 4] in names]
    assert [part.spec.labels[k] for k in part.labels] == [NAMES[n % 4] for n in numbers]
    assert part.masks is not None
    for column in (part.x[:, 0, 0, 0], part.masks[:, 0, 0], part.columns["number"], part.columns["plain"]):
        assert np.asarray(column).tolist() == numbers.tolist()
    assert part.splits.tolist() == ["train" if n < 20 else "test" for n in numbers]
    assert part.notes[0] == "before" and len(part.notes) == (2 if count < 4 else 1)


def test_nothing_is_copied_where_nothing_is_dropped(tmp_path: Path) -> None:
    whole = made()
    assert subset(whole).x is whole.x and subset(whole, NAMES).labels is whole.labels
    assert subset(whole, NAMES[::-1]).x is whole.x


def test_kind() -> None:
    assert subset(made(), ["d", "a"], "multiclass").spec.outputs == 2
    assert subset(made(), ["d", "a"], "binary").spec.outputs == 1
    with pytest.raises(FerlabError, match="binary"):
        subset(made(), None, "binary")
    with pytest.raises(FerlabError, match=r"data\.kind"):
        subset(made(), None, "two")


@pytest.mark.parametrize("classes", [["a", "e"], ["a", "a"], ["a"], []])
def test_wrong_classes(classes: list[str]) -> None:
    with pytest.raises(FerlabError, match=r"set: data\.classes"):
        subset(made(), classes)
    if "e" in classes:
        with pytest.raises(FerlabError, match=r"unknown \['e'\]; its classes are \['a', 'b', 'c', 'd'\]"):
            subset(made(), classes)
