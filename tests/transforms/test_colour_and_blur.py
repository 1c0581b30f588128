"""Brightness, contrast and blur against torchvision and scipy, image by image."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from torchvision.transforms.v2 import functional as TV

from ferlab.errors import FerlabError
from ferlab.transforms.blur import GaussianBlur, blur
from ferlab.transforms.brightness_contrast import BrightnessContrast, brightness, contrast

FACTORS = st.floats(0, 2, width=32)


def pixels(batch, channels=3, height=14, width=11):
    return torch.rand(batch, channels, height, width, generator=torch.Generator().manual_seed(0)) * 255


@given(FACTORS, FACTORS, st.sampled_from([1, 3]))
@settings(max_examples=50, deadline=None)
def test_equals_torchvision(bright, strong, channels):
    x = pixels(2, channels)
    torch.testing.assert_close(
        brightness(x, torch.tensor([bright, 1.0]))[0], TV.adjust_brightness(x[0] / 255, bright) * 255, atol=0.01, rtol=0
    )
    torch.testing.assert_close(
        contrast(x, torch.tensor([strong, 1.0]))[0], TV.adjust_contrast(x[0] / 255, strong) * 255, atol=0.05, rtol=0
    )
    torch.testing.assert_close(contrast(x, torch.tensor([strong, 1.0]))[1], x[1], atol=1e-3, rtol=0)


def test_factors_fill_their_range_and_p_chooses():
    torch.manual_seed(0)
    x = torch.full((4000, 1, 2, 2), 100.0)
    out = BrightnessContrast(brightness=0.3, contrast=0.0, p=0.5)(x)[:, 0, 0, 0]
    changed = out[(out - 100).abs() > 1e-3]
    assert 69.9 < changed.min() < 70.5 and 129.5 < changed.max() < 130.1
    assert abs(len(changed) / 4000 - 0.5) < 0.04


@given(seed=st.integers(0, 2**31), height=st.integers(1, 20), width=st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_blur_equals_scipy(seed, height, width):
    rng = np.random.default_rng(seed)
    sigma = rng.uniform(0.3, 2.5, 3)
    x = rng.uniform(0, 255, (3, 2, height, width)).astype(np.float32)
    got = blur(torch.tensor(x), torch.tensor(sigma, dtype=torch.float32), radius=7)
    for image, s, out in zip(x, sigma, got, strict=True):
        expected = ndimage.gaussian_filter(image, (0, s, s), mode="nearest", radius=(0, 7, 7))
        np.testing.assert_allclose(out, expected, atol=0.01)


def test_blur_of_strength_zero_and_images_that_are_not_chosen_stay():
    x = pixels(3)
    assert torch.equal(blur(x, torch.zeros(3), radius=3), x)
    assert torch.equal(GaussianBlur(sigma=[2, 3], p=0.0)(x), x)


def test_blur_computes_in_full_precision_under_mixed_precision():
    x = pixels(2)
    torch.manual_seed(0)
    full = GaussianBlur(p=1.0)(x)
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(GaussianBlur(p=1.0)(x), full)


@pytest.mark.parametrize(
    ("made", "options"),
    [
        (BrightnessContrast, {"brightness": 1.5}),
        (BrightnessContrast, {"contrast": -0.1}),
        (GaussianBlur, {"sigma": [2, 1]}),
        (GaussianBlur, {"sigma": [1]}),
    ],
)
def test_options_without_meaning_are_refused(made, options):
    with pytest.raises(FerlabError, match=rf"augment: {made.__name__}\.\w+: expected .* found"):
        made(**options)
