from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.color import rgb2gray
from skimage.feature import hog

from ferlab.config import compose, plain
from ferlab.errors import FerlabError
from ferlab.features.hog import NORMS, Hog
from small_images import noise, smooth


def expected(x: np.ndarray, **options: Any) -> np.ndarray:
    grey = [rgb2gray(image) if image.shape[2] == 3 else image[..., 0] / 255 for image in x]
    return np.stack([hog(image, **options) for image in grey])


@pytest.mark.parametrize(("channels", "size"), [(3, (96, 96)), (1, (48, 48)), (3, (50, 37))])
@pytest.mark.parametrize("made", [noise, smooth])
def test_d4s_setting_is_that_of_scikit_image(made: Any, channels: int, size: tuple[int, int]) -> None:
    x = made(5, *size, channels)
    wanted = expected(x, orientations=9, pixels_per_cell=(8, 8), cells_per_block=(2, 2), block_norm="L2-Hys")
    rows = Hog().transform(x)
    assert rows.dtype == np.float32 and rows.shape == wanted.shape
    assert size != (96, 96) or rows.shape[1] == 4356
    np.testing.assert_allclose(rows, wanted, atol=2e-7)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(
    ("orientations", "cell", "block"),
    [(8, (16, 16), (1, 1)), (7, (5, 6), (3, 2)), (12, (8, 8), (2, 2)), (1, (3, 3), (1, 2))],
)
def test_other_settings_are_those_of_scikit_image(
    norm: str, orientations: int, cell: tuple[int, int], block: tuple[int, int]
) -> None:
    # grey: whole numbers for both, so that no direction is a matter of rounding
    x = noise(3, 48, 40, 1)
    options: dict[str, Any] = {"orientations": orientations, "pixels_per_cell": cell, "cells_per_block": block}
    wanted = np.stack([hog(image[..., 0], block_norm=norm, **options) for image in x])
    # there pixels are 0..255 and the small number that keeps off zero is the same
    np.testing.assert_allclose(Hog(orientations, cell, block, norm).transform(x), wanted, atol=2e-5)


def test_square_root_and_strongest_channel_are_those_of_scikit_image() -> None:
    x = noise(3, 32, 32, 3)
    wanted = np.stack([hog(image, cells_per_block=(2, 2), channel_axis=-1) for image in x])
    np.testing.assert_allclose(Hog(colour="strongest").transform(x), wanted, atol=2e-5)
    wanted = expected(x, cells_per_block=(2, 2), transform_sqrt=True)
    np.testing.assert_allclose(Hog(sqrt=True).transform(x), wanted, atol=2e-7)


def test_the_yaml_files_are_d4s_two_settings() -> None:
    from ferlab.build import build

    for name, width in (("hog", 4356), ("hog_coarse", 288)):
        feature = build(yaml_of(name))
        assert feature.transform(noise(1, 96, 96, 3)).shape == (1, width)
        assert len(feature.names((96, 96, 3))) == width == len(set(feature.names((96, 96, 3))))


def yaml_of(name: str) -> dict[str, Any]:
    values: dict[str, Any] = plain(compose("train", [f"+features={name}"]))["features"][name]
    return values


def test_cells_count_each_gradient_once() -> None:
    x = noise(2, 24, 24)
    grey = x[..., 0] / 255
    down, right = np.zeros_like(grey), np.zeros_like(grey)
    down[:, 1:-1], right[:, :, 1:-1] = grey[:, 2:] - grey[:, :-2], grey[:, :, 2:] - grey[:, :, :-2]
    size = np.hypot(down, right).reshape(2, 3, 8, 3, 8).mean(axis=(2, 4))
    np.testing.assert_allclose(Hog().cells(x).sum(-1), size)


@given(st.integers(0, 255))
def test_a_flat_image_is_zeros(level: int) -> None:
    assert not Hog().transform(np.full((1, 16, 16, 3), level, np.uint8)).any()


def test_rows_do_not_depend_on_their_neighbours() -> None:
    x = smooth(7, channels=3)
    assert np.array_equal(Hog().transform(x)[3:5], Hog().transform(x[3:5]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"orientations": 0}, "orientations: expected at least 1"),
        ({"cell": 0}, "hog.cell: expected at least 1"),
        ({"cell": [8, 8, 8]}, r"hog.cell: expected one number, or \[rows, columns\]"),
        ({"norm": "l2"}, "norm: expected one of L1, L1-sqrt, L2, L2-Hys, found 'l2'"),
        ({"colour": "rgb"}, "colour: expected grey or strongest"),
    ],
)
def test_options_without_meaning_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(FerlabError, match=message):
        Hog(**options)


def test_images_that_hold_no_block_are_refused() -> None:
    with pytest.raises(FerlabError, match=r"images of 15x48 pixels hold no block of 2x2 cells .*at least 16x16"):
        Hog().transform(noise(2, 15, 48))
    with pytest.raises(FerlabError, match=r"1 \(grey\) or 3 \(RGB\) channels, found 4"):
        Hog().transform(noise(2, 24, 24, 4))
