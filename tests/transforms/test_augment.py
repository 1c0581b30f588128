"""KerasAugment: the values it draws, what it does to pixels, and that it repeats only when told to."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, stats

from ferlab.errors import FerlabError
from ferlab.transforms.augment import KerasAugment

CPU = torch.device("cpu")
RECIPES = {
    "d0": {"horizontal_flip": True, "shear_range": 0.2, "zoom_range": 0.2},
    "d1": {
        "horizontal_flip": True,
        "rotation_range": 40,
        "width_shift_range": 0.2,
        "height_shift_range": 0.2,
        "shear_range": 0.2,
        "zoom_range": 0.2,
    },
    "d2": {"horizontal_flip": True},
    "flip": {"horizontal_flip": True},
    "d4": {"horizontal_flip": True, "rotation_range": 5, "zoom_range": 0.1, "shear_range": 0.1},
}
CONF = Path(__file__).parents[2] / "conf" / "augment"


def images(batch=4, channels=3, height=12, width=12, dtype=torch.uint8, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (batch, height, width, channels), generator=g).to(dtype).permute(0, 3, 1, 2)


def taken_apart(augment, batch=20_000, height=40, width=80):
    """Draw matrices and solve them for theta, shear (degrees), zooms and shifts (pixels)."""
    m = augment.draw(batch, height, width, CPU).double()
    theta = torch.atan2(m[:, 1, 0], m[:, 0, 0])
    both = torch.atan2(-m[:, 0, 1], m[:, 1, 1])
    cos, sin = theta.cos(), theta.sin()
    return {
        "theta": theta.rad2deg(),
        "shear": (both - theta).rad2deg(),
        "zoom_rows": m[:, :, 0].norm(dim=1),
        "zoom_columns": m[:, :, 1].norm(dim=1),
        "rows": cos * m[:, 0, 2] + sin * m[:, 1, 2],
        "columns": cos * m[:, 1, 2] - sin * m[:, 0, 2],
    }


def assert_uniform(values, low, high):
    assert values.min() >= low - 1e-4
    assert values.max() <= high + 1e-4
    assert stats.kstest(values.numpy(), stats.uniform(low, high - low).cdf).pvalue > 1e-4


def test_draws_are_uniform_independent_and_in_keras_units():
    torch.manual_seed(3)
    got = taken_apart(
        KerasAugment(
            rotation_range=40, width_shift_range=0.2, height_shift_range=0.1, shear_range=15, zoom_range=[0.7, 1.1]
        )
    )
    assert_uniform(got["theta"], -40, 40)
    assert_uniform(got["shear"], -15, 15)
    assert_uniform(got["zoom_rows"], 0.7, 1.1)
    assert_uniform(got["zoom_columns"], 0.7, 1.1)
    assert_uniform(got["rows"], -4, 4)
    assert_uniform(got["columns"], -16, 16)
    correlation = torch.corrcoef(torch.stack(list(got.values())))
    assert (correlation - torch.eye(len(got))).abs().max() < 0.04


def test_one_zoom_number_is_a_range_about_one():
    torch.manual_seed(3)
    got = taken_apart(KerasAugment(zoom_range=0.2))
    assert_uniform(got["zoom_rows"], 0.8, 1.2)
    assert_uniform(got["zoom_columns"], 0.8, 1.2)
    assert got["theta"].abs().max() == got["rows"].abs().max() == 0


@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
def test_everything_at_once_equals_scipy_then_flip(fill_mode):
    """The flips are read off the matrix's handedness, undone, and done again on scipy's pixels."""
    augment = KerasAugment(True, True, 30, 0.2, 0.2, 10, 0.3, fill_mode, 30.0)
    smooth = ndimage.gaussian_filter(np.random.default_rng(1).uniform(0, 255, (32, 3, 20, 24)), (0, 0, 2, 2))
    x = torch.tensor(smooth, dtype=torch.float32)
    torch.manual_seed(5)
    matrix = augment.draw(32, 20, 24, CPU).double().numpy()
    torch.manual_seed(5)
    out = augment(x).numpy()
    seen, shift = set(), np.array([9.5, 11.5])
    for image, m, got in zip(smooth, matrix, out, strict=True):
        # without flips both diagonal entries are positive: cos of less than 90 degrees, times a zoom
        vertical, horizontal = bool(m[0, 0] < 0), bool(m[1, 1] < 0)
        seen.add((vertical, horizontal))
        linear = m[:, :2] * [(-1) ** vertical, (-1) ** horizontal]
        offset = m[:, 2] + shift - linear @ shift
        warped = [ndimage.affine_transform(c, linear, offset, order=1, mode=fill_mode, cval=30.0) for c in image]
        expected = np.stack(warped)[:, :: -1 if vertical else 1, :: -1 if horizontal else 1]
        # at a jump of constant or wrap a pixel may fall on either side
        assert np.mean(np.abs(got - expected) > 0.02) < (0.01 if fill_mode in ("constant", "wrap") else 1e-9)
    assert len(seen) == 4


def test_all_ranges_zero_is_the_identity():
    x = images()
    out = KerasAugment()(x)
    assert out.dtype == torch.float32
    assert torch.equal(out, x.float())


@pytest.mark.parametrize(("option", "dim"), [("horizontal_flip", 3), ("vertical_flip", 2)])
@pytest.mark.parametrize("rotation", [0.0, 1e-6])
def test_flips_half_of_the_images_exactly(option, dim, rotation):
    torch.manual_seed(1)
    x = images(batch=2000, height=4, width=6)
    out = KerasAugment(**{option: True}, rotation_range=rotation)(x)
    same = (out - x.float()).abs().amax((1, 2, 3)) < 0.01
    turned = (out - x.flip(dim).float()).abs().amax((1, 2, 3)) < 0.01
    assert bool((same ^ turned).all())
    assert 0.45 < turned.float().mean() < 0.55


def test_flips_of_the_two_axes_are_independent():
    torch.manual_seed(1)
    signs = KerasAugment(horizontal_flip=True, vertical_flip=True, zoom_range=0.1).draw(8000, 8, 8, CPU)
    vertical, horizontal = signs[:, 0, 0] < 0, signs[:, 1, 1] < 0
    for pattern in ((False, False), (False, True), (True, False), (True, True)):
        share = ((vertical == pattern[0]) & (horizontal == pattern[1])).float().mean()
        assert abs(share - 0.25) < 0.02


def test_zoom_below_one_magnifies():
    ramp = torch.arange(9.0).mul(10).expand(1, 1, 9, 9)
    closer = KerasAugment(zoom_range=[0.5, 0.5])(ramp)
    torch.testing.assert_close(closer[0, 0, 0], 20 + 5 * torch.arange(9.0), atol=1e-3, rtol=0)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_yaml_holds_the_documents_recipe(name):
    options = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    assert options.pop("_target_") == "ferlab.transforms.augment.KerasAugment"
    given, wanted = KerasAugment(**options), KerasAugment(**RECIPES[name])
    assert given.extra_repr() == wanted.extra_repr()
    assert given.fill_mode == "nearest"


def test_every_yaml_of_it_is_known_here():
    mine = {
        p.stem for p in CONF.glob("*.yaml") if "\n_target_: ferlab.transforms.augment.KerasAugment" in p.read_text()
    }
    assert mine == set(RECIPES)


def test_p_warps_that_share_of_the_images_and_flips_all():
    torch.manual_seed(0)
    m = KerasAugment(horizontal_flip=True, rotation_range=40, width_shift_range=0.1, p=0.3).draw(8000, 20, 20, CPU)
    still = (m.abs() == torch.eye(2, 3)).flatten(1).all(1)
    assert abs(still.float().mean() - 0.7) < 0.03
    assert abs((m[still, 1, 1] < 0).float().mean() - 0.5) < 0.03


@pytest.mark.parametrize("name", ["d1", "d2"])
def test_seed_repeats_and_epochs_differ(name):
    augment, x = KerasAugment(**RECIPES[name]), images(batch=32)
    torch.manual_seed(7)
    first, second = augment(x), augment(x)
    torch.manual_seed(7)
    assert torch.equal(first, augment(x))
    assert not torch.equal(first, second)


def test_images_of_one_batch_differ_and_the_batch_is_left_alone():
    x = images(batch=1).expand(8, -1, -1, -1).contiguous()
    before = x.clone()
    out = KerasAugment(**RECIPES["d1"])(x)
    assert len({row.numpy().tobytes() for row in out}) == 8
    assert torch.equal(x, before)


@given(
    batch=st.integers(1, 4),
    channels=st.sampled_from([1, 3]),
    height=st.integers(1, 14),
    width=st.integers(1, 14),
    dtype=st.sampled_from([torch.uint8, torch.float32, torch.float64]),
    recipe=st.sampled_from(sorted(RECIPES)),
    fill_mode=st.sampled_from(["nearest", "constant", "reflect", "wrap"]),
)
@settings(max_examples=80, deadline=None)
def test_shape_type_range_and_memory_format(batch, channels, height, width, dtype, recipe, fill_mode):
    x = images(batch, channels, height, width, dtype)
    out = KerasAugment(**RECIPES[recipe], fill_mode=fill_mode, cval=128.0)(x)
    assert out.shape == x.shape
    assert out.dtype == torch.float32
    assert out.min() >= -1e-3
    assert out.max() <= 255 + 1e-3
    assert out.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("scratch", [1, 4 * 12 * 12 * 3 * 3])
def test_images_warped_a_few_at_a_time_come_out_the_same(scratch, monkeypatch):
    x = images(batch=8)
    torch.manual_seed(2)
    whole = KerasAugment(**RECIPES["d1"])(x)
    monkeypatch.setattr("ferlab.transforms.affine.SCRATCH", scratch)
    torch.manual_seed(2)
    torch.testing.assert_close(KerasAugment(**RECIPES["d1"])(x), whole, atol=1e-3, rtol=0)


def test_planar_batches_stay_planar():
    assert KerasAugment(**RECIPES["d4"])(images().contiguous()).is_contiguous()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"fill_mode": "mirror"}, "fill_mode"),
        ({"width_shift_range": 2}, "width_shift_range"),
        ({"height_shift_range": -0.1}, "height_shift_range"),
        ({"rotation_range": -5}, "rotation_range"),
        ({"shear_range": math.nan}, "shear_range"),
        ({"zoom_range": 1.0}, "zoom_range"),
        ({"zoom_range": [1.2, 0.8]}, "zoom_range"),
        ({"zoom_range": [1.0, 1.1, 1.2]}, "zoom_range"),
    ],
)
def test_options_without_meaning_are_refused(options, word):
    with pytest.raises(FerlabError, match=rf"augment\.{word}: expected .* found"):
        KerasAugment(**options)


@pytest.mark.gpu
@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
def test_on_the_accelerator_the_same_matrices_give_the_same_pixels(fill_mode, monkeypatch):
    augment = KerasAugment(True, True, 30, 0.2, 0.2, 10, 0.3, fill_mode, 30.0)
    x = images(batch=16, height=33, width=29)
    matrix = augment.draw(16, 33, 29, CPU)
    drawn_on = augment.draw(16, 33, 29, torch.device("cuda")).device.type
    monkeypatch.setattr(augment, "draw", lambda *args: matrix.to(args[-1]))
    here, there = augment(x), augment(x.cuda())
    assert drawn_on == there.device.type == "cuda"
    assert there.is_contiguous(memory_format=torch.channels_last)
    assert ((here - there.cpu()).abs() > 0.05).float().mean() < 0.01
