from typing import Any

import numpy as np
import pytest
from skimage.feature import local_binary_pattern

from ferlab.build import build
from ferlab.config import compose, plain
from ferlab.errors import FerlabError
from ferlab.features.lbp import Lbp
from small_images import noise, smooth


@pytest.mark.parametrize("made", [noise, smooth])
@pytest.mark.parametrize("method", ["uniform", "nri_uniform"])
@pytest.mark.parametrize(("points", "radius"), [(8, 1), (4, 1), (16, 2), (24, 3), (7, 1.5), (8, 2.5)])
def test_patterns_are_those_of_scikit_image(made: Any, method: str, points: int, radius: float) -> None:
    x = made(3, 26, 21)
    wanted = [local_binary_pattern(image[..., 0], points, radius, method) for image in x]
    found = Lbp(points, radius, method).patterns(x)
    assert np.array_equal(found, np.stack(wanted)) and found.max() < Lbp(points, radius, method).bins


def test_colours_become_whole_grey_levels() -> None:
    x = noise(2, channels=3)
    grey = np.floor(x @ np.array([0.2125, 0.7154, 0.0721]) + 0.5 + 1e-9).astype(np.uint8)
    assert np.array_equal(Lbp().patterns(x), Lbp().patterns(grey[..., None]))


@pytest.mark.parametrize(("size", "grid"), [((24, 24), 6), ((25, 31), (4, 3)), ((13, 9), (13, 9)), ((20, 20), 1)])
def test_histograms_count_the_cells(size: tuple[int, int], grid: int | tuple[int, int]) -> None:
    x, lbp = noise(3, *size), Lbp(grid=grid)
    rows, columns = (grid, grid) if isinstance(grid, int) else grid
    histograms = lbp.transform(x).reshape(3, rows, columns, 10)
    row = np.array([r * rows // size[0] for r in range(size[0])])
    column = np.array([c * columns // size[1] for c in range(size[1])])
    patterns = lbp.patterns(x)
    for r in range(rows):
        for c in range(columns):
            part = patterns[:, row == r][:, :, column == c].reshape(3, -1)
            wanted = np.stack([np.bincount(one, minlength=10) / part.shape[1] for one in part])
            np.testing.assert_allclose(histograms[:, r, c], wanted, rtol=1e-6)
    assert lbp.transform(x).dtype == np.float32


def test_a_flat_image_has_one_pattern_inside() -> None:
    levels = np.arange(256, dtype=np.uint8)[:, None, None, None].repeat(12, 1).repeat(12, 2).repeat(3, 3)
    assert (Lbp(16, 2).patterns(levels)[:, 2:-2, 2:-2] == 16).all()


def test_brighter_light_and_a_quarter_turn_change_nothing() -> None:
    x = noise(3) // 2
    # the border sees black outside, so that it is as it was
    assert np.array_equal(Lbp().transform(x), Lbp().transform(x * 2))
    # interpolation rounds otherwise: of points on whole pixels nothing is interpolated
    turned = np.rot90(Lbp(4, 1).patterns(x), axes=(1, 2))
    assert np.array_equal(turned, Lbp(4, 1).patterns(np.rot90(x, axes=(1, 2))))


def test_the_yaml_file_builds_it() -> None:
    values: dict[str, Any] = plain(compose("train", ["+features=lbp"]))["features"]["lbp"]
    lbp = build(values)
    assert lbp.transform(noise(2, 96, 96, 3)).shape == (2, 360) == (2, len(set(lbp.names())))
    assert Lbp(method="nri_uniform").bins == 59


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"points": 2}, "points: expected 3..64, found 2"),
        ({"radius": 0}, "radius: expected a positive number of pixels"),
        ({"method": "var"}, "method: expected uniform or nri_uniform, found 'var'"),
        ({"grid": 0}, "lbp.grid: expected at least 1"),
    ],
)
def test_options_without_meaning_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(FerlabError, match=message):
        Lbp(**options)


def test_images_too_small_are_refused() -> None:
    with pytest.raises(FerlabError, match=r"images of 6x24 pixels are smaller than a circle of radius 3"):
        Lbp(radius=3).transform(noise(1, 6, 24))
    with pytest.raises(FerlabError, match=r"images of 24x5 pixels have no 6x6 cells"):
        Lbp().transform(noise(1, 24, 5))
