"""The batched warp against scipy.ndimage, image by image."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from ferlab.transforms.affine import matrices, warp

SIDES = st.integers(1, 17)


def keras_matrix(theta, tx, ty, shear, zx, zy):
    """The 3x3 product written the long way; angles in radians; x counts rows."""
    rotation = np.array([[math.cos(theta), -math.sin(theta), 0], [math.sin(theta), math.cos(theta), 0], [0, 0, 1]])
    shift = np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    shearing = np.array([[1, -math.sin(shear), 0], [0, math.cos(shear), 0], [0, 0, 1]])
    return rotation @ shift @ shearing @ np.diag([zx, zy, 1])


def scipy_warp(image, matrix, fill_mode, cval=0.0):
    """One (channel, height, width) image, offset to the centre as Keras does it."""
    height, width = image.shape[-2:]
    centre = np.array([[1, 0, height / 2 - 0.5], [0, 1, width / 2 - 0.5], [0, 0, 1]])
    full = centre @ matrix @ np.linalg.inv(centre)
    return np.stack(
        [ndimage.affine_transform(c, full[:2, :2], full[:2, 2], order=1, mode=fill_mode, cval=cval) for c in image]
    )


def far_from_jump(shape, matrix, fill_mode):
    """Where the exact place is not within 1e-3 of a border at which constant and wrap jump."""
    height, width = shape
    row, column = np.mgrid[:height, :width]
    centred = np.stack([row - (height - 1) / 2, column - (width - 1) / 2, np.ones(shape)])
    place = np.einsum("ij,jhw->ihw", matrix[:2], centred)
    good = np.ones(shape, bool)
    for axis, side in enumerate(shape):
        p, period = place[axis] + (side - 1) / 2, max(side - 1, 1)
        distance = np.minimum(np.abs(p), np.abs(p - side + 1))
        if fill_mode == "wrap":
            distance = np.minimum(p % period, period - p % period)
        good &= distance > 1e-3
    return good if fill_mode in ("constant", "wrap") else np.ones(shape, bool)


def draw(rng, height, width):
    return (
        rng.uniform(-math.pi, math.pi),
        rng.uniform(-height, height),
        rng.uniform(-width, width),
        rng.uniform(-0.7, 0.7),
        rng.uniform(0.4, 2.5),
        rng.uniform(0.4, 2.5),
    )


@given(st.integers(0, 2**32 - 1), SIDES, SIDES)
@settings(max_examples=50, deadline=None)
def test_matrices_are_the_product_in_keras_order(seed, height, width):
    rng = np.random.default_rng(seed)
    parameters = [draw(rng, height, width) for _ in range(3)]
    got = matrices(*(torch.tensor(column, dtype=torch.float32) for column in zip(*parameters, strict=True)))
    expected = np.stack([keras_matrix(*p)[:2] for p in parameters])
    np.testing.assert_allclose(got, expected, atol=2e-5)


@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
@given(seed=st.integers(0, 2**32 - 1), height=st.integers(2, 17), width=st.integers(2, 17))
@settings(max_examples=60, deadline=None)
def test_equals_scipy_image_by_image(fill_mode, seed, height, width):
    rng = np.random.default_rng(seed)
    images = rng.uniform(0, 255, (4, 3, height, width))
    full = [keras_matrix(*draw(rng, height, width)) for _ in range(4)]
    matrix = torch.tensor(np.stack(full)[:, :2], dtype=torch.float32)
    got = warp(torch.tensor(images, dtype=torch.float32), matrix, fill_mode, 77.0).numpy()
    for image, m, out in zip(images, full, got, strict=True):
        where = np.broadcast_to(far_from_jump((height, width), m, fill_mode), out.shape)
        np.testing.assert_allclose(out[where], scipy_warp(image, m, fill_mode, 77.0)[where], atol=0.02)


@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
@given(height=SIDES, width=SIDES)
@settings(max_examples=30, deadline=None)
def test_identity_matrix_keeps_every_pixel_the_border_too(fill_mode, height, width):
    x = torch.rand(2, 1, height, width, generator=torch.Generator().manual_seed(0)) * 255
    identity = torch.tensor([[1.0, 0, 0], [0, 1, 0]]).expand(2, 2, 3)
    torch.testing.assert_close(warp(x, identity, fill_mode, 99.0), x, atol=2e-3, rtol=0)


def test_whole_pixel_shift_fills_as_the_diagram_says():
    x = torch.tensor([10.0, 20, 30, 40]).view(1, 1, 1, 4)
    two_left = torch.tensor([[[1.0, 0, 0], [0, 1, -2]]])
    expected = {"nearest": [10, 10, 10, 20], "constant": [7, 7, 10, 20], "reflect": [20, 10, 10, 20]}
    for mode, row in expected.items():
        torch.testing.assert_close(warp(x, two_left, mode, 7.0).flatten(), torch.tensor(row).float(), atol=1e-3, rtol=0)
