import json

import numpy as np
import pytest

from ferlab.errors import FerlabError
from ferlab.evaluation.looking.causal import causal_overlap


def case(n=60, side=16, seed=0):
    """Masks are boxes at random places."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((n, side, side), dtype=np.uint8)
    for mask in masks:
        top, left = rng.integers(0, side - 4, 2)
        mask[top : top + 4, left : left + 4] = 1
    return masks, rng


def test_heat_on_the_causes_is_found():
    masks, rng = case()
    heat = masks + 0.2 * rng.random(masks.shape)
    found = causal_overlap(heat, masks)
    assert found["ratio_area"]["low"] > 5 and found["ratio_elsewhere"]["low"] > 5
    assert found["pointing"]["value"] == 1 and found["pointing"]["low"] > 0.9
    assert found["area"]["value"] == pytest.approx(1 / 16) and found["n"] == 60 and found["left_out"] == 0
    json.dumps(found, allow_nan=False)


def test_random_heat_is_at_chance():
    masks, rng = case(300)
    found = causal_overlap(rng.random(masks.shape), masks)
    for name in ("ratio_area", "ratio_elsewhere"):
        assert found[name]["low"] < 1 < found[name]["high"], found[name]
        assert found[name]["high"] - found[name]["low"] < 0.2
    assert found["pointing"]["low"] < 1 / 16 < found["pointing"]["high"]


def test_heat_that_knows_faces_but_not_this_one_beats_the_area_alone():
    masks, _ = case(200)
    # every cause lies in the upper half, and so does the heat, wherever in it the cause lies
    masks[:, 8:] = 0
    heat = np.zeros(masks.shape)
    heat[:, :8] = 1
    found = causal_overlap(heat, masks)
    assert found["ratio_area"]["low"] > 1.5
    assert found["ratio_elsewhere"]["low"] < 1 < found["ratio_elsewhere"]["high"]


def test_share_is_the_plain_sum_and_others_are_of_other_classes():
    heat = np.zeros((3, 2, 2))
    heat[:, 0, 0], heat[:, 1, 1] = 3, 1
    masks = np.zeros((3, 2, 2), dtype=np.uint8)
    masks[0, 0, 0] = masks[1, 0, 0] = masks[2, 1, 1] = 1
    found = causal_overlap(heat, masks)
    assert found["share"]["value"] == pytest.approx((0.75 + 0.75 + 0.25) / 3, abs=1e-6)
    assert found["share_elsewhere"]["value"] == pytest.approx((0.5 + 0.5 + 0.75) / 3, abs=1e-6)
    assert found["pointing"]["value"] == pytest.approx(2 / 3, abs=1e-6)
    by_class = causal_overlap(heat, masks, np.array([0, 0, 1]))
    assert by_class["share_elsewhere"]["value"] == pytest.approx((0.25 + 0.25 + 0.75) / 3, abs=1e-6)
    assert by_class["pointing_elsewhere"]["value"] == pytest.approx(1 / 3, abs=1e-6)


def test_empty_maps_and_masks_are_left_out_and_counted():
    masks, rng = case(10)
    heat = rng.random(masks.shape)
    heat[0], masks[1], masks[2] = 0, 0, 1
    found = causal_overlap(heat, masks)
    assert (found["n"], found["left_out"]) == (7, 3)
    with pytest.raises(FerlabError, match="found 0 of 10"):
        causal_overlap(np.zeros(masks.shape), masks)


def test_shapes_must_agree():
    masks, rng = case(4)
    with pytest.raises(FerlabError, match="one shape"):
        causal_overlap(rng.random((4, 8, 8)), masks)


def test_the_same_maps_give_the_same_figures():
    masks, rng = case()
    heat = rng.random(masks.shape)
    assert causal_overlap(heat, masks) == causal_overlap(heat, masks)
