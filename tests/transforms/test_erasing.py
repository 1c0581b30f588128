"""Random erasing and cutout: exactly one rectangle, of the size and colour that were asked for."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ferlab.errors import FerlabError
from ferlab.transforms.cutout import Cutout
from ferlab.transforms.erasing import RandomErasing
from ferlab.transforms.rectangle import rectangle

PLACES = st.integers(-4, 12)


@given(
    PLACES, PLACES, st.integers(0, 9), st.integers(0, 9), st.integers(1, 8), st.integers(1, 8), st.sampled_from([1, 3])
)
@settings(max_examples=100, deadline=None)
def test_a_rectangle_is_a_slice(top, left, tall, wide, height, width, channels):
    expected = torch.zeros(1, channels, height, width, dtype=torch.bool)
    expected[:, :, max(top, 0) : max(top + tall, 0), max(left, 0) : max(left + wide, 0)] = True
    for layout in (torch.contiguous_format, torch.channels_last):
        like = torch.zeros(1, channels, height, width).contiguous(memory_format=layout)
        assert torch.equal(rectangle(*(torch.tensor([v]) for v in (top, left, tall, wide)), like), expected)


def boxes(changed):
    """Top, left, height, width of what changed, after a check that it is a filled rectangle."""
    found = []
    for image in changed:
        rows, columns = image.any(1).nonzero()[:, 0], image.any(0).nonzero()[:, 0]
        assert image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all(), "not one filled rectangle"
        found.append((int(rows[0]), int(columns[0]), len(rows), len(columns)))
    return torch.tensor(found).T


def test_erased_rectangles_have_the_area_and_ratio_that_were_asked_for():
    torch.manual_seed(0)
    x = torch.full((3000, 1, 60, 40), 7, dtype=torch.uint8)
    out = RandomErasing(p=1.0, area=[0.1, 0.3], ratio=[0.5, 2.0], value=200)(x)
    assert set(out.unique().tolist()) == {7, 200}
    top, left, tall, wide = boxes((out != x)[:, 0])
    area, ratio = tall * wide / 2400, tall / wide
    assert 0.09 < area.min() < 0.105 and 0.295 < area.max() < 0.31
    assert 0.47 < ratio.min() < 0.52 and 1.9 < ratio.max() < 2.15
    # half of the shapes are upright: they are drawn log-uniformly
    assert abs((ratio > 1).float().mean() - 0.5) < 0.06
    assert top.min() == left.min() == 0 and (top + tall).max() == 60 and (left + wide).max() == 40


def test_the_share_of_erased_images_is_p():
    torch.manual_seed(0)
    x = torch.zeros(4000, 1, 10, 10)
    changed = (RandomErasing(p=0.3, value=9)(x) != x).flatten(1).any(1)
    assert abs(changed.float().mean() - 0.3) < 0.03
    assert torch.equal(RandomErasing(p=0.0)(x), x)


def test_the_mean_is_each_images_and_channels_own():
    torch.manual_seed(0)
    x = torch.rand(8, 3, 16, 16) * 255
    out = RandomErasing(p=1.0, value="mean")(x)
    changed = (out != x).any(1, keepdim=True).expand_as(x)
    torch.testing.assert_close(out[changed], x.mean((2, 3), keepdim=True).expand_as(x)[changed])


def test_random_values_fill_the_range():
    torch.manual_seed(0)
    x = torch.full((200, 3, 20, 20), 128, dtype=torch.uint8)
    out = RandomErasing(p=1.0)(x)
    painted = out[(out != x)].float()
    assert out.dtype == torch.uint8 and painted.min() == 0 and painted.max() == 255
    assert abs(painted.mean() - 127.5) < 2


def test_a_shape_that_never_fits_leaves_the_image_alone():
    x = torch.zeros(5, 1, 4, 40)
    assert torch.equal(RandomErasing(p=1.0, area=[0.5, 0.5], ratio=[100, 100], value=1)(x), x)


def test_a_cutout_is_a_square_whose_centre_is_any_pixel():
    torch.manual_seed(0)
    x = torch.full((4000, 2, 12, 20), 9, dtype=torch.uint8).contiguous(memory_format=torch.channels_last)
    out = Cutout(side=5, value=3)(x)
    assert out.dtype == torch.uint8 and out.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(out[:, 0], out[:, 1])
    top, left, tall, wide = boxes((out != x)[:, 0])
    inner = (top > 0) & (top + tall < 12) & (left > 0) & (left + wide < 20)
    assert (tall[inner] == 5).all() and (wide[inner] == 5).all()
    # a centre in a corner leaves three by three pixels of it inside
    assert tall.min() == 3 and wide.min() == 3
    assert abs(out.eq(3).float().mean() - Cutout(0.4167, 3)(x).eq(3).float().mean()) < 0.01


@pytest.mark.parametrize(
    ("made", "options"),
    [
        (RandomErasing, {"p": 1.1}),
        (RandomErasing, {"area": [0.5, 0.1]}),
        (RandomErasing, {"ratio": [0, 1]}),
        (RandomErasing, {"value": "noise"}),
        (RandomErasing, {"value": -1}),
        (Cutout, {"side": 1.5}),
        (Cutout, {"side": -1}),
        (Cutout, {"value": 300}),
        (Cutout, {"p": float("nan")}),
    ],
)
def test_options_without_meaning_are_refused(made, options):
    with pytest.raises(FerlabError, match=rf"augment: {made.__name__}\.\w+: expected .* found"):
        made(**options)
