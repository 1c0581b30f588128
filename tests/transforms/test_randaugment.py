"""RandAugment: each operation against torchvision, and the policy's draws."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as TV

from ferlab.errors import FerlabError
from ferlab.transforms import operations
from ferlab.transforms.operations import OPERATIONS
from ferlab.transforms.randaugment import RandAugment

STRENGTH = st.floats(-1, 1, width=32)


def image(channels=3, height=20, width=16, seed=0):
    g = torch.Generator().manual_seed(seed)
    small = torch.rand(1, channels, 5, 4, generator=g) * 200 + 20
    smooth = torch.nn.functional.interpolate(small, (height, width), mode="bicubic")
    return smooth.clamp(0, 255).round().to(torch.uint8)


def ours(name, x, strength):
    both = torch.cat([x, x]).float()
    out = OPERATIONS[name](both, torch.tensor([strength, 0.0]))
    return out[:1].round().clamp(0, 255).to(torch.uint8)


@given(strength=STRENGTH, channels=st.sampled_from([1, 3]), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_pixel_operations_equal_torchvision(strength, channels, seed):
    x, up = image(channels, seed=seed), 1 + 0.9 * strength
    expected = {
        "autocontrast": TV.autocontrast(x),
        "equalize": TV.equalize(x),
        "posterize": TV.posterize(x, 8 - round(4 * abs(strength))),
        "solarize": TV.solarize(x, 255 * (1 - abs(strength))),
        "brightness": TV.adjust_brightness(x, up),
        "contrast": TV.adjust_contrast(x, up),
        "sharpness": TV.adjust_sharpness(x, up),
        "identity": x,
    }
    if channels == 3:
        expected["colour"] = TV.adjust_saturation(x, up)
    for name, wanted in expected.items():
        # torchvision cuts off what it rounds to uint8, grey means of pixels too; here they are rounded at the end
        assert (ours(name, x, strength).int() - wanted.int()).abs().max() <= 2, name


@pytest.mark.parametrize("strength", [-0.7, 0.4])
def test_geometry_equals_torchvision_inside(strength):
    x, inside = image(1, 41, 41), (slice(None), slice(None), slice(12, 29), slice(12, 29))
    options = {"interpolation": InterpolationMode.BILINEAR}

    def affine(angle=0.0, translate=(0, 0), shear=(0.0, 0.0)):
        return TV.affine(x.float(), angle=angle, translate=list(translate), scale=1.0, shear=list(shear), **options)

    degrees = torch.tensor(0.3 * strength).atan().rad2deg().item()
    moved = 150 / 331 * 41 * strength
    pairs = {
        "rotate": affine(angle=30 * strength),
        "shear_columns": affine(shear=(degrees, 0.0)),
        "shear_rows": affine(shear=(0.0, degrees)),
    }
    for name, wanted in pairs.items():
        got = OPERATIONS[name](x.float(), torch.tensor([strength]))
        # which way is positive differs: both ways are drawn as often
        other = OPERATIONS[name](x.float(), torch.tensor([-strength]))
        assert min((out[inside] - wanted[inside]).abs().max() for out in (got, other)) < 0.1, name
    ramp = torch.arange(41.0).expand(1, 1, 41, 41)
    across = OPERATIONS["shift_columns"](ramp, torch.tensor([strength]))
    torch.testing.assert_close(across, (ramp + moved).clamp(0, 40), atol=1e-3, rtol=0)
    down = OPERATIONS["shift_rows"](ramp.mT, torch.tensor([strength]))
    torch.testing.assert_close(down, across.mT, atol=1e-3, rtol=0)


def test_a_flat_image_survives_equalize_and_autocontrast():
    x = torch.full((1, 1, 6, 6), 40.0)
    for name in ("equalize", "autocontrast"):
        assert torch.equal(OPERATIONS[name](x, torch.ones(1)), x)


def test_images_too_small_to_sharpen_stay():
    x = torch.rand(2, 1, 2, 9) * 255
    assert torch.equal(operations.sharpness(x, torch.ones(2)), x)


def test_each_image_draws_its_operations_and_directions(monkeypatch):
    seen = {}

    def note(name):
        def operation(x, strength):
            seen.setdefault(name, []).extend(strength.tolist())
            return x

        return operation

    monkeypatch.setattr("ferlab.transforms.randaugment.OPERATIONS", {name: note(name) for name in OPERATIONS})
    torch.manual_seed(0)
    RandAugment(count=3, magnitude=15, p=0.5)(torch.zeros(4000, 1, 2, 2))
    assert set(seen) == set(OPERATIONS) - {"identity"}
    counts = torch.tensor([len(strengths) for strengths in seen.values()])
    expected = 4000 * 0.5 * 3 / 14
    assert (counts - expected).abs().max() < 0.2 * expected
    every = torch.tensor([strength for strengths in seen.values() for strength in strengths])
    assert set(every.tolist()) == {0.5, -0.5} and abs(every.mean()) < 0.03


def test_pixels_are_whole_and_none_is_changed_at_p_zero():
    x = image().expand(32, -1, -1, -1).contiguous(memory_format=torch.channels_last)
    torch.manual_seed(0)
    out = RandAugment(magnitude=20)(x)
    assert torch.equal(out, out.round()) and out.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(RandAugment(p=0.0)(x), x.float())


@pytest.mark.parametrize("options", [{"magnitude": 31}, {"count": -1}, {"operations": ["warp"]}, {"operations": []}])
def test_options_without_meaning_are_refused(options):
    with pytest.raises(FerlabError, match=r"augment: RandAugment\.\w+: expected .* found"):
        RandAugment(**options)
