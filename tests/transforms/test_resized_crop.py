"""Random resized crops against a window read by hand."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from ferlab.errors import FerlabError
from ferlab.transforms.resized_crop import RandomResizedCrop

CPU = torch.device("cpu")


def test_pixels_are_those_of_the_window_that_was_drawn():
    smooth = ndimage.gaussian_filter(np.random.default_rng(1).uniform(0, 255, (16, 2, 21, 30)), (0, 0, 2, 2))
    crop = RandomResizedCrop([14, 10], scale=[0.3, 1.4])
    torch.manual_seed(2)
    matrix = crop.draw(16, 21, 30, (14, 10), CPU).double().numpy()
    torch.manual_seed(2)
    out = crop(torch.tensor(smooth, dtype=torch.float32)).numpy()
    assert out.shape == (16, 2, 14, 10)
    for image, m, got in zip(smooth, matrix, out, strict=True):
        row = 10 + m[0, 2] + m[0, 0] * (np.arange(14) - 6.5)
        column = 14.5 + m[1, 2] + m[1, 1] * (np.arange(10) - 4.5)
        places = np.meshgrid(row, column, indexing="ij")
        expected = [ndimage.map_coordinates(channel, places, order=1, mode="nearest") for channel in image]
        np.testing.assert_allclose(got, expected, atol=0.02)


def test_windows_have_the_area_and_shape_that_were_asked_for_and_lie_inside():
    torch.manual_seed(0)
    m = RandomResizedCrop(scale=[0.3, 0.6], ratio=[0.9, 1.1]).draw(4000, 40, 80, (40, 80), CPU)
    tall, wide = m[:, 0, 0] * 40, m[:, 1, 1] * 80
    area, ratio = tall * wide / 3200, (wide / 80) / (tall / 40)
    assert 0.299 < area.min() < 0.31 and 0.59 < area.max() < 0.601
    assert 0.899 < ratio.min() < 0.91 and 1.09 < ratio.max() < 1.101
    assert ((m[:, 0, 2].abs() + tall / 2) <= 20 + 1e-4).all() and ((m[:, 1, 2].abs() + wide / 2) <= 40 + 1e-4).all()
    assert (m[:, 0, 2].abs() + tall / 2).max() > 19.9, "no window reaches the border"


def test_a_window_larger_than_the_image_holds_all_of_it():
    torch.manual_seed(0)
    m = RandomResizedCrop(scale=[2.0, 2.0], ratio=[1.0, 1.0]).draw(2000, 40, 40, (40, 40), CPU)
    half = m[:, 0, 0] * 20
    assert ((m[:, 0, 2].abs() + 20) <= half + 1e-4).all()


def test_images_that_are_not_chosen_stay_whole():
    x = torch.randint(0, 256, (3, 1, 8, 8), dtype=torch.uint8)
    torch.testing.assert_close(RandomResizedCrop(p=0.0)(x), x.float(), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    "options", [{"size": 0}, {"size": [1, 2, 3]}, {"scale": [0, 1]}, {"scale": [1, 0.5]}, {"p": -1}]
)
def test_options_without_meaning_are_refused(options):
    with pytest.raises(FerlabError, match=r"augment: RandomResizedCrop\.\w+: expected .* found"):
        RandomResizedCrop(**options)
