from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferlab.build import build
from ferlab.config import compose, plain
from ferlab.errors import FerlabError
from ferlab.features.dct import Dct, zigzag
from small_images import noise, smooth


def naive(image: np.ndarray) -> np.ndarray:
    """The orthonormal DCT-II by its formula."""
    result = image
    for axis, n in enumerate(image.shape):
        k, i = np.mgrid[:n, :n]
        basis = np.sqrt(2 / n) * np.cos(np.pi * (i + 0.5) * k / n)
        basis[0] /= np.sqrt(2)
        result = np.moveaxis(np.tensordot(basis, result, (1, axis)), 0, axis)
    return result


def test_zigzag_is_that_of_jpeg() -> None:
    order = [
        0,
        1,
        8,
        16,
        9,
        2,
        3,
        10,
        17,
        24,
        32,
        25,
        18,
        11,
        4,
        5,
        12,
        19,
        26,
        33,
        40,
        48,
        41,
        34,
        27,
        20,
        13,
        6,
        7,
        14,
    ]
    rows, columns = zigzag(8, 8)
    assert (rows * 8 + columns).tolist()[:30] == order
    assert len({(r, c) for r, c in zigzag(5, 9).T.tolist()}) == 45


@pytest.mark.parametrize(("size", "channels"), [((24, 24), 1), ((17, 30), 3)])
def test_coefficients_are_those_of_the_formula(size: tuple[int, int], channels: int) -> None:
    x = noise(3, *size, channels)
    grey = (x @ np.array([0.2125, 0.7154, 0.0721]) if channels == 3 else x[..., 0]) / 255
    rows, columns = zigzag(*size)
    wanted = np.stack([naive(image)[rows[:40], columns[:40]] for image in grey])
    found = Dct(40).transform(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    np.testing.assert_array_equal(Dct(40, mean=False).transform(x), found[:, 1:])


def test_blocks_are_images_of_their_own() -> None:
    x = noise(2, 20, 27)
    found = Dct(10, [8, 9]).transform(x).reshape(2, 2, 3, 10)
    for r in range(2):
        for c in range(3):
            part = x[:, r * 8 : r * 8 + 8, c * 9 : c * 9 + 9]
            np.testing.assert_allclose(found[:, r, c], Dct(10).transform(part), atol=1e-6)


@given(st.integers(0, 10_000))
def test_all_coefficients_keep_the_energy_and_give_the_image_back(seed: int) -> None:
    x = noise(2, 8, 12, seed=seed)
    for dct in (Dct(96), Dct(16, 4)):
        values = dct.transform(x)
        energy = np.square(x / 255).sum(axis=(1, 2, 3))
        np.testing.assert_allclose(np.square(values).sum(1), energy, rtol=1e-5)
        np.testing.assert_allclose(dct.inverse(values, x.shape[1:]), x[..., 0] / 255, atol=1e-5)


def test_more_coefficients_come_closer() -> None:
    x = smooth(4)
    far = [np.square(Dct(k).inverse(Dct(k).transform(x), (24, 24)) - x[..., 0] / 255).sum() for k in (1, 6, 28, 136)]
    assert far == sorted(far, reverse=True)


def test_a_flat_image_has_its_mean_alone() -> None:
    values = Dct(20).transform(np.full((1, 10, 10, 3), 51, np.uint8))
    np.testing.assert_allclose(values[0], [0.2 * 10] + [0] * 19, atol=1e-6)


def test_the_yaml_file_builds_it() -> None:
    values: dict[str, Any] = plain(compose("train", ["+features=dct"]))["features"]["dct"]
    dct = build(values)
    assert dct.transform(noise(2, 96, 96, 3)).shape == (2, 136) == (2, len(set(dct.names((96, 96, 3)))))
    assert len(set(Dct(3, 8, False).names((24, 33)))) == 3 * 4 * 2
    assert dct.names((96, 96))[:3] == ["frequency 0,0", "frequency 0,1", "frequency 1,0"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"coefficients": 0}, "coefficients: expected at least 1, found 0"),
        ({"coefficients": 1, "mean": False}, "coefficients: expected at least 2, found 1"),
        ({"block": 0}, "dct.block: expected at least 1"),
    ],
)
def test_options_without_meaning_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(FerlabError, match=message):
        Dct(**options)


def test_images_too_small_are_refused() -> None:
    with pytest.raises(FerlabError, match=r"136 coefficients of 10x10 pixels; expected at most 100"):
        Dct().transform(noise(1, 10, 10))
    with pytest.raises(FerlabError, match=r"images of 10x10 pixels hold no block of 16x16"):
        Dct(block=16).transform(noise(1, 10, 10))
