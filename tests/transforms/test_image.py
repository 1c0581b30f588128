"""Preprocess: from raw pixels of any size and colour to what the network eats."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ferlab.errors import FerlabError
from ferlab.transforms.image import Preprocess, to_channels

SIDES = st.integers(1, 20)


def images(batch=2, channels=3, height=12, width=10, dtype=torch.uint8, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (batch, height, width, channels), generator=g).to(dtype).permute(0, 3, 1, 2)


def test_defaults_only_scale():
    x = images()
    out = Preprocess((12, 10, 3))(x)
    torch.testing.assert_close(out, x.double().div(255).float())
    assert Preprocess((12, 10, 3)).output_shape == (3, 12, 10)


def test_scale_one_keeps_raw_pixels():
    x = images()
    assert torch.equal(Preprocess((12, 10, 3), scale=1.0)(x), x.float())


def test_mean_and_std_are_in_units_after_scale():
    x, mean, std = images(), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    expected = (x.double() / 255 - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)
    torch.testing.assert_close(Preprocess((12, 10, 3), mean=mean, std=std)(x), expected.float(), atol=2e-6, rtol=1e-5)
    one = Preprocess((12, 10, 3), mean=[0.5], std=[0.25])(x)
    torch.testing.assert_close(one, (x.float() / 255 - 0.5) / 0.25, atol=2e-6, rtol=1e-5)


def test_grey_agrees_with_opencv():
    x = images(batch=1, height=32, width=32)
    grey = Preprocess((32, 32, 3), channels=1, scale=1.0)(x)
    reference = cv2.cvtColor(x[0].permute(1, 2, 0).contiguous().numpy(), cv2.COLOR_RGB2GRAY)
    assert np.abs(grey[0, 0].numpy() - reference).max() < 0.51


def test_grey_to_rgb_repeats_and_back_is_the_same():
    x = images(channels=1).float()
    rgb = to_channels(x, 3)
    assert torch.equal(rgb, x.expand(-1, 3, -1, -1))
    torch.testing.assert_close(to_channels(rgb, 1), x)


def test_shrinking_averages_instead_of_dropping_pixels():
    noise = images(batch=1, channels=1, height=128, width=128)
    small = Preprocess((128, 128, 1), size=16, scale=1.0)(noise)
    # averaging 8 x 8 pixels or more leaves an eighth of the spread, reading 2 x 2 of them half
    assert small.std() < noise.float().std() / 7
    assert abs(small.mean() - noise.float().mean()) < 3


def test_enlarging_agrees_with_opencv():
    x = images(batch=1, height=13, width=11).float()
    large = Preprocess((13, 11, 3), size=[30, 28], scale=1.0)(x)
    reference = cv2.resize(x[0].permute(1, 2, 0).contiguous().numpy(), (28, 30), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(large[0].permute(1, 2, 0), reference, atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_the_batch_is_left_alone_where_only_scale_and_mean_are_at_work(dtype):
    x = images(dtype=dtype)
    before = x.clone()
    Preprocess((12, 10, 3), mean=[0.5, 0.4, 0.3])(x)
    Preprocess((12, 10, 3), scale=1.0, mean=[0.5])(x)
    assert torch.equal(x, before)


def test_other_raw_sizes_and_colours_give_what_the_network_was_trained_on():
    preprocess = Preprocess((48, 48, 1))
    for channels, height, width in ((3, 200, 100), (1, 20, 31), (3, 48, 48)):
        out = preprocess(images(3, channels, height, width))
        assert out.shape == (3, *preprocess.output_shape)
        assert out.isfinite().all()


def test_enlarging_a_flat_image_keeps_it_flat():
    flat = torch.full((1, 3, 7, 9), 51, dtype=torch.uint8)
    torch.testing.assert_close(Preprocess((48, 48, 3))(flat), torch.full((1, 3, 48, 48), 0.2))


@given(
    raw=st.tuples(SIDES, SIDES, st.sampled_from([1, 3])),
    given_shape=st.tuples(st.integers(1, 3), st.sampled_from([1, 3]), SIDES, SIDES),
    size=st.one_of(st.none(), SIDES, st.tuples(SIDES, SIDES)),
    channels=st.sampled_from([None, 1, 3]),
    dtype=st.sampled_from([torch.uint8, torch.float32, torch.float16]),
    last=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_shape_type_range_format_and_the_batch_left_alone(raw, given_shape, size, channels, dtype, last):
    batch, colours, height, width = given_shape
    x = images(batch, colours, height, width, dtype)
    x = x if last else x.contiguous()
    before, preprocess = x.clone(), Preprocess(raw, size, channels)
    out = preprocess(x)
    assert out.shape == (batch, *preprocess.output_shape)
    assert out.dtype == torch.float32
    assert -1e-6 <= out.min() <= out.max() <= 1 + 1e-5
    assert torch.equal(x, before)
    assert torch.equal(out, preprocess(x))
    if last:
        assert out.is_contiguous(memory_format=torch.channels_last)


def test_float_and_uint8_pixels_are_the_same_pixels():
    x, preprocess = images(), Preprocess((12, 10, 3), size=7, channels=1, mean=[0.5], std=[0.5])
    assert torch.equal(preprocess(x), preprocess(x.float()))


def test_gradients_reach_the_raw_pixels():
    x = images().float().requires_grad_()
    Preprocess((12, 10, 3), size=8, channels=1, mean=[0.5])(x).sum().backward()
    assert x.grad is not None
    assert (x.grad > 0).all()


def test_nothing_to_save_beside_the_options():
    assert not Preprocess((48, 48, 1), mean=[0.5], std=[0.5]).state_dict()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"raw_shape": (48, 48)}, "raw_shape"),
        ({"channels": 2}, "channels"),
        ({"size": 0}, "size"),
        ({"size": [4, 4, 3]}, "size"),
        ({"scale": 0.0}, "scale"),
        ({"mean": [0.5, 0.5]}, "mean"),
        ({"std": [0.5, 0.0, 0.5]}, "std"),
    ],
)
def test_options_without_meaning_are_refused(options, word):
    with pytest.raises(FerlabError, match=rf"preprocess\.{word}: expected .* found"):
        Preprocess(**{"raw_shape": (48, 48, 3), **options})


def test_images_neither_grey_nor_rgb_are_refused():
    with pytest.raises(FerlabError, match=r"expected images of 1 .grey. or 3 .RGB. channels, found 4"):
        Preprocess((48, 48, 3))(torch.zeros(1, 4, 8, 8, dtype=torch.uint8))
    with pytest.raises(FerlabError, match=r"found torch\.int64"):
        Preprocess((48, 48, 3))(torch.zeros(1, 3, 8, 8, dtype=torch.int64))


@pytest.mark.gpu
def test_on_the_accelerator_the_same_pixels():
    x, preprocess = images(height=60, width=50), Preprocess((12, 10, 3), size=24, channels=1, mean=[0.5], std=[0.5])
    torch.testing.assert_close(preprocess.cuda()(x.cuda()).cpu(), preprocess.cpu()(x), atol=1e-4, rtol=0)


@given(
    size=st.tuples(st.integers(3, 12), st.integers(3, 12)),
    less=st.integers(0, 2),
    dtype=st.sampled_from([torch.uint8, torch.float32]),
    batch=st.integers(1, 3),
)
@settings(max_examples=60, deadline=None)
def test_the_crop_is_the_centre_of_what_it_would_have_been(size, less, dtype, batch):
    side = min(size) - less
    x, options = images(batch, dtype=dtype), {"size": size, "mean": [0.3], "std": [0.5]}
    whole, cropped = Preprocess((12, 10, 3), **options)(x), Preprocess((12, 10, 3), crop=side, **options)
    before, out = x.clone(), cropped(x)
    top, left = ((s - side) // 2 for s in size)
    torch.testing.assert_close(out, whole[:, :, top : top + side, left : left + side])
    assert out.shape == (batch, *cropped.output_shape) and out.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(x, before)


def test_batches_of_the_cropped_size_pass_uncut():
    x = images(height=8, width=8)
    torch.testing.assert_close(Preprocess((12, 10, 3), size=12, crop=8)(x), x / 255)


def test_whole_images_and_maps_fit_one_another():
    preprocess = Preprocess((12, 10, 3), size=[9, 12], crop=6, channels=1)
    x = images(dtype=torch.float32)
    whole = preprocess.resize(x)
    assert whole.shape == (2, 1, 9, 12) and whole.max() > 1
    laid = preprocess.onto_whole(preprocess(x)[:, 0] * 255)
    assert laid.shape == (2, 9, 12)
    torch.testing.assert_close(laid[:, 1:7, 3:9], whole[:, 0, 1:7, 3:9], atol=1e-3, rtol=0)
    assert (laid[:, 0] == 0).all() and (laid[:, :, 9:] == 0).all() and (laid[:, 7:] == 0).all()


@pytest.mark.parametrize("crop", [0, 11])
def test_a_crop_larger_than_the_image_is_refused(crop):
    with pytest.raises(FerlabError, match=r"preprocess\.crop: expected a side in 1\.\.10 pixels, found"):
        Preprocess((12, 10, 3), crop=crop)
