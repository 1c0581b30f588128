from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mahotas.features import zernike_moments

from ferlab.build import build
from ferlab.config import compose, plain
from ferlab.errors import FerlabError
from ferlab.features.zernike import Zernike
from small_images import noise, smooth


@pytest.mark.parametrize("made", [noise, smooth])
@pytest.mark.parametrize(("degree", "radius"), [(8, 12), (8, 9.5), (12, 30), (20, 10), (0, 5)])
def test_magnitudes_are_those_of_mahotas(made: Any, degree: int, radius: float) -> None:
    x = made(4, 24, 29)
    wanted = [zernike_moments(image[..., 0], radius, degree) for image in x]
    found = Zernike(degree, radius).transform(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.stack(wanted), atol=3e-7)


def test_other_centres_and_colours_are_those_of_mahotas() -> None:
    x = noise(3, 20, 20, 3)
    grey = x @ np.array([0.2125, 0.7154, 0.0721])
    wanted = [zernike_moments(image, 10, 8, cm=(9.5, 9.5)) for image in grey]
    np.testing.assert_allclose(Zernike(centre="image").transform(x), np.stack(wanted), atol=3e-7)


def test_double_precision_suffices_for_the_highest_degree() -> None:
    x = smooth(3, 48, 48)
    wanted = [zernike_moments(image[..., 0], 24, 24) for image in x]
    np.testing.assert_allclose(np.abs(Zernike(24).moments(x)), np.stack(wanted), atol=1e-7)


@given(st.integers(0, 10_000), st.integers(1, 3), st.sampled_from(["mass", "image"]))
def test_quarter_turns_and_mirrors_leave_the_magnitudes(seed: int, turns: int, centre: str) -> None:
    x, zernike = noise(2, 18, 18, seed=seed), Zernike(10, centre=centre)
    for other in (np.rot90(x, turns, axes=(1, 2)), x[:, ::-1], x[:, :, ::-1]):
        np.testing.assert_allclose(zernike.transform(np.ascontiguousarray(other)), zernike.transform(x), atol=1e-6)


def test_a_turn_shows_in_the_phase() -> None:
    x, zernike = noise(2, 18, 18), Zernike(6, centre="image")
    turned = zernike.moments(np.ascontiguousarray(np.rot90(x, axes=(1, 2))))
    repetition = np.array([m for _, m in zernike.orders()])
    np.testing.assert_allclose(turned, zernike.moments(x) * np.exp(1j * np.pi / 2 * repetition), atol=1e-12)


def test_polynomials_are_orthogonal_on_the_circle() -> None:
    y, x = np.mgrid[-1:1:201j, -1:1:201j]
    inside = x**2 + y**2 <= 1
    basis = (
        Zernike(6).polynomials(y[inside], x[inside])
        * np.pi
        / (np.array([n for n, _ in Zernike(6).orders()])[:, None] + 1)
    )
    gram = basis @ basis.conj().T * (2 / 200) ** 2
    wanted = np.diag([np.pi / (n + 1) for n, _ in Zernike(6).orders()])
    np.testing.assert_allclose(gram, wanted, atol=0.05)


def test_brightness_changes_nothing_and_black_is_zeros() -> None:
    x = noise(2) // 2
    np.testing.assert_allclose(Zernike().transform(x * 2), Zernike().transform(x), rtol=1e-5)
    assert not Zernike().transform(np.zeros((2, 8, 8, 3), np.uint8)).any()
    # all the light outside the circle
    corner = np.zeros((1, 20, 20, 1), np.uint8)
    corner[:, 0, 0] = corner[:, -1, -1] = 255
    assert not Zernike(radius=3).transform(corner).any()


def test_the_yaml_file_builds_it() -> None:
    values: dict[str, Any] = plain(compose("train", ["+features=zernike"]))["features"]["zernike"]
    zernike = build(values)
    assert zernike.transform(noise(2, 96, 96, 3)).shape == (2, 25) == (2, len(set(zernike.names())))
    assert zernike.names()[:4] == [f"degree {n} repetition {m}" for n, m in ((0, 0), (1, 1), (2, 0), (2, 2))]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"degree": 25}, r"degree: expected 0\.\.24, found 25"),
        ({"radius": 0}, "radius: expected a positive number"),
        ({"centre": "centre"}, "centre: expected mass or image, found 'centre'"),
    ],
)
def test_options_without_meaning_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(FerlabError, match=message):
        Zernike(**options)


def test_images_too_small_are_refused() -> None:
    with pytest.raises(FerlabError, match="images of 1x24 pixels; expected at least 2x2"):
        Zernike().transform(noise(1, 1, 24))
