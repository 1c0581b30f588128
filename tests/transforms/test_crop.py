"""Random crops against plain slicing of a padded image."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ferlab.errors import FerlabError
from ferlab.transforms.crop import RandomCrop

PAD = {"nearest": {"mode": "edge"}, "reflect": {"mode": "reflect"}, "constant": {"mode": "constant"}}


def coordinates(batch, height, width):
    """Images whose pixels are all different, so that a window tells where it was cut."""
    one = torch.arange(height * width, dtype=torch.float32).view(1, 1, height, width)
    return one.expand(batch, 2, -1, -1).contiguous(memory_format=torch.channels_last)


@given(
    height=st.integers(3, 12),
    width=st.integers(3, 12),
    padding=st.integers(0, 2),
    less=st.integers(0, 2),
    mode=st.sampled_from(sorted(PAD)),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=80, deadline=None)
def test_each_window_is_one_of_the_padded_image(height, width, padding, less, mode, seed):
    torch.manual_seed(seed)
    x = coordinates(6, height, width)
    crop = RandomCrop([height - less, width - less], padding, mode, **({"cval": 200} if mode == "constant" else {}))
    out = crop(x).numpy()
    pads = ((padding, padding), (padding, padding))
    extra = {"constant_values": 200} if mode == "constant" else {}
    padded = np.pad(x[0, 0].numpy(), pads, **PAD[mode], **extra)
    windows = np.lib.stride_tricks.sliding_window_view(padded, out.shape[2:])
    for image in out:
        assert (image[0] == image[1]).all(), "the channels went apart"
        assert (windows == image[0]).all((2, 3)).any()


def test_every_place_is_as_likely():
    torch.manual_seed(0)
    corner = RandomCrop(4)(coordinates(9000, 6, 6))[:, 0, 0, 0]
    places, counts = corner.unique(return_counts=True)
    assert places.tolist() == [6 * row + column for row in range(3) for column in range(3)]
    assert (counts - 1000).abs().max() < 150


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float16])
@pytest.mark.parametrize("last", [True, False])
def test_dtype_and_memory_format_are_kept(dtype, last):
    x = torch.zeros(4, 3, 12, 10, dtype=dtype)
    x = x.contiguous(memory_format=torch.channels_last) if last else x
    out = RandomCrop(0.5)(x)
    assert out.dtype == dtype and out.shape == (4, 3, 6, 5)
    assert out.is_contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)


def test_images_that_are_not_chosen_are_cut_from_the_centre():
    x = coordinates(5, 9, 7)
    assert torch.equal(RandomCrop([5, 3], padding=2, p=0.0)(x), x[:, :, 2:7, 2:5])


@pytest.mark.parametrize(
    "options", [{"size": 1.5}, {"size": [1, 2, 3]}, {"fill_mode": "wrap"}, {"p": 2}, {"cval": 256}, {"padding": -1}]
)
def test_options_without_meaning_are_refused(options):
    with pytest.raises(FerlabError, match=r"augment: RandomCrop\.\w+.*: expected .* found"):
        RandomCrop(**options)


def test_a_window_larger_than_the_image_is_refused():
    with pytest.raises(FerlabError, match=r"expected a window within images of 9 x 7 pixels"):
        RandomCrop(8)(coordinates(1, 9, 7))
