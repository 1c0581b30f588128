"""The masks of the causes: they must hold what the action units change in the picture."""

import numpy as np
import pytest

from ferlab.data.synthetic.action_units import CAUSES, EMOTIONS, REGIONS, UNITS
from ferlab.data.synthetic.faces import SyntheticFaces, expressive_faces
from ferlab.data.synthetic.render import render
from ferlab.data.synthetic.traits import RANGES

FACES = 40
SIZE = 64


def _pair(emotion: str) -> tuple[np.ndarray, np.ndarray]:
    """Return per-pixel change between a neutral and an expressive face of the same people, and the masks."""
    uniform = np.random.default_rng(3).random((FACES, len(RANGES) + 2 * len(UNITS)))
    shown = np.full(FACES, EMOTIONS.index(emotion))
    calm = np.full(FACES, EMOTIONS.index("neutral"))
    acting, resting = (expressive_faces(uniform, e, 0.6, 1.0) for e in (shown, calm))
    # a one-sided expression also stills the tiny movements of the other side, which are no cause
    resting |= {side: acting[side] for side in ("left", "right", "both")}
    # a hand would hide changes
    acting["hand"] = resting["hand"] = np.zeros_like(acting["hand"])
    after, mask, _ = render(acting, shown, SIZE, grey=True)
    before, _, _ = render(resting, shown, SIZE, grey=True)
    return np.abs(after - before)[:, 0], mask


@pytest.mark.parametrize("emotion", [e for e in EMOTIONS if CAUSES[e]])
def test_what_an_expression_changes_lies_inside_its_mask(emotion: str) -> None:
    change, mask = _pair(emotion)
    inside = (change * mask).sum(axis=(1, 2)) / change.sum(axis=(1, 2))
    assert np.median(inside) > 0.93
    assert inside.min() > 0.75
    # and the mask is no blanket: it leaves most of the picture out, and much of it changes
    assert mask.mean() < 0.35
    density = [change[mask].mean(), change[~mask].mean()]
    assert density[0] > 8 * density[1]


@pytest.mark.parametrize("emotion", [e for e in EMOTIONS if CAUSES[e]])
def test_every_unit_shows(emotion: str) -> None:
    for unit in CAUSES[emotion]:
        uniform = np.random.default_rng(4).random((8, len(RANGES) + 2 * len(UNITS)))
        shown = np.full(8, EMOTIONS.index(emotion))
        faces = expressive_faces(uniform, shown, 0.8, 1.0)
        faces["hand"] = np.zeros_like(faces["hand"])
        whole, _, _ = render(faces, shown, SIZE, grey=True)
        without, _, _ = render(faces | {f"au{unit}": np.zeros_like(faces["yaw"])}, shown, SIZE, grey=True)
        assert np.abs(whole - without).max(axis=(1, 2, 3)).min() > 0.05, unit


def test_masks_are_neither_empty_nor_outside_the_face() -> None:
    data = SyntheticFaces(contempt=True, size=48)
    masks = data.draw_batch("train", np.arange(400))["mask"]
    area = masks.mean(axis=(1, 2))
    assert area.min() > 0.01 and area.max() < 0.5
    # the corners of a picture hold background
    assert masks[:, [0, 0, -1, -1], [0, -1, 0, -1]].max() == 0


def test_contempt_has_its_cause_on_one_side() -> None:
    uniform = np.random.default_rng(5).random((30, len(RANGES) + 2 * len(UNITS)))
    for angle in ("yaw", "pitch", "roll", "shift_x"):
        uniform[:, list(RANGES).index(angle)] = 0.5
    shown = np.full(30, EMOTIONS.index("contempt"))
    faces = expressive_faces(uniform, shown, 0.8, 1.0)
    _, mask, _ = render(faces, shown, SIZE, grey=True)
    left, right = mask[:, :, : SIZE // 2].any(axis=(1, 2)), mask[:, :, SIZE // 2 :].any(axis=(1, 2))
    assert (left ^ right).all() and 5 < left.sum() < 25
    np.testing.assert_array_equal(left, faces["left"][:, 0, 0] == 1)


def test_a_hand_never_hides_most_of_the_cause() -> None:
    uniform = np.random.default_rng(6).random((60, len(RANGES) + 2 * len(UNITS)))
    shown = np.arange(60) % len(EMOTIONS)
    faces = expressive_faces(uniform, shown, 0.8, 1.0)
    bare = faces | {"hand": np.zeros_like(faces["hand"])}
    covered = faces | {"hand": np.ones_like(faces["hand"])}
    _, whole, _ = render(bare, shown, SIZE, grey=True)
    _, seen, _ = render(covered, shown, SIZE, grey=True)
    assert not (seen & ~whole).any()
    share = seen.sum(axis=(1, 2)) / whole.sum(axis=(1, 2))
    assert share.min() >= 0.49 and (share < 0.95).any()


def test_every_unit_has_a_region_and_every_cause_a_unit() -> None:
    assert set(REGIONS) == set(UNITS)
    assert all(set(units) <= set(UNITS) for units in CAUSES.values()) and set(CAUSES) == set(EMOTIONS)
