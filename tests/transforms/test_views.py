"""Test-time views: which pixels each look holds, and that they are the same every time."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional as TV

from ferlab.build import build
from ferlab.config import compose, conf_dir, plain
from ferlab.errors import FerlabError
from ferlab.transforms.image import Preprocess
from ferlab.transforms.views import FiveCrop, Flip, TenCrop

SIDES = st.integers(8, 20)


def images(height, width, channels=1, dtype=torch.uint8):
    g = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (3, height, width, channels), generator=g).to(dtype).permute(0, 3, 1, 2)


@given(SIDES, SIDES, st.floats(0.2, 1))
@settings(max_examples=40, deadline=None)
def test_crops_are_torchvisions(height, width, share):
    x, preprocess = images(height, width), Preprocess((height, width, 1))
    size = [max(1, round(share * height)), max(1, round(share * width))]
    got = TenCrop(share)(x, preprocess)
    # torchvision rounds the centre's odd pixel to even, and orders the mirrored corners as it finds them
    for view, wanted in zip(got[:4], TV.five_crop(x, size)[:4], strict=True):
        assert torch.equal(view, wanted)
    assert torch.equal(got[4], FiveCrop(share)(x, preprocess)[4])
    for view, mirrored in zip(got[:5], got[5:], strict=True):
        assert torch.equal(view.flip(3), mirrored)
    assert len(got) == TenCrop.count == 10


def test_the_centre_of_a_model_that_crops_is_its_single_view():
    for height, width, size in ((12, 10, None), (12, 10, 9), (31, 20, [15, 12])):
        x = images(height, width, channels=3)
        preprocess = Preprocess((height, width, 3), size=size, crop=7, channels=1)
        looks = [preprocess(view) for view in FiveCrop()(x, preprocess)]
        assert all(look.shape == (3, 1, 7, 7) for look in looks)
        torch.testing.assert_close(looks[4], preprocess(x))
        whole = Preprocess((height, width, 3), size=size, channels=1)(x)
        torch.testing.assert_close(looks[0], whole[:, :, :7, :7])
        torch.testing.assert_close(looks[3], whole[:, :, -7:, -7:])


def test_a_model_that_does_not_crop_sees_a_share_at_its_own_size():
    x, preprocess = images(48, 48), Preprocess((48, 48, 1), size=96)
    views = TenCrop()(x, preprocess)
    assert {tuple(view.shape) for view in views} == {(3, 1, 42, 42)}
    assert {tuple(preprocess(view).shape) for view in views} == {(3, 1, 96, 96)}


def test_flip_is_the_image_and_its_mirror_image():
    x = images(5, 6)
    straight, mirrored = Flip()(x, Preprocess((5, 6, 1)))
    assert torch.equal(straight, x) and torch.equal(mirrored, x.flip(3))


@pytest.mark.parametrize("share", [0, 1.5])
def test_a_share_without_meaning_is_refused(share):
    with pytest.raises(FerlabError, match=r"share: expected a number in 0\.01\.\.1, found"):
        FiveCrop(share)


def test_every_file_bears_its_views_name():
    names = sorted(path.stem for path in (conf_dir() / "tta").glob("*.yaml"))
    assert names == ["five_crop", "flip", "none", "ten_crop"]
    for name in names:
        values = plain(compose("train", [f"tta={name}"]))["tta"]
        assert not values if name == "none" else build(values).name == name
