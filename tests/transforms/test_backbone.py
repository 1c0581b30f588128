"""Normalisation as a timm backbone was trained."""

import pytest
import torch

from ferlab.errors import FerlabError
from ferlab.transforms.backbone import BackbonePreprocess
from ferlab.transforms.image import Preprocess

IMAGENET = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


def pixels(channels: int) -> torch.Tensor:
    return torch.randint(0, 256, (2, channels, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [1 / 255, 1, 2 / 255])
def test_the_backbones_own_mean_and_std_whatever_the_scale(channels: int, scale: int | float) -> None:
    x = pixels(channels)
    mean, std = IMAGENET
    expected = (x.expand(-1, 3, -1, -1) / 255 - mean) / std
    torch.testing.assert_close(BackbonePreprocess([8, 8, channels], "resnet50", scale=scale)(x), expected)


def test_another_backbone_has_others() -> None:
    torch.testing.assert_close(
        BackbonePreprocess([8, 8, 3], "vit_tiny_patch16_224", size=8)(pixels(3)), pixels(3) / 127.5 - 1
    )


def test_grey_networks_get_the_channels_mean() -> None:
    x = pixels(1)
    made = BackbonePreprocess([8, 8, 1], "resnet50", channels=1)
    assert made.output_shape == (1, 8, 8)
    torch.testing.assert_close(made(x), (x / 255 - 0.449) / 0.226)
    assert BackbonePreprocess([8, 8, 1], "resnet50", channels=None).output_shape == (1, 8, 8)


def test_what_the_configuration_says_counts() -> None:
    x = pixels(3)
    mine = BackbonePreprocess([8, 8, 3], "resnet50", mean=[0.0], std=[1.0])
    assert torch.equal(mine(x), Preprocess([8, 8, 3])(x))
    torch.testing.assert_close(mine(x), x / 255)


def test_the_size_is_the_datas_unless_the_backbone_takes_one_alone() -> None:
    assert BackbonePreprocess([48, 48, 1], "resnet50").output_shape == (3, 48, 48)
    assert BackbonePreprocess([48, 48, 1], "vit_tiny_patch16_224").output_shape == (3, 224, 224)
    assert BackbonePreprocess([48, 48, 1], "vit_tiny_patch16_224", size=96).output_shape == (3, 96, 96)
    assert BackbonePreprocess([48, 48, 1], "resnet50", size=64, crop=56).output_shape == (3, 56, 56)


def test_an_unknown_backbone_is_named_with_the_nearest() -> None:
    with pytest.raises(FerlabError, match="no 'resnet5o'; nearest: resnet50"):
        BackbonePreprocess([48, 48, 1], "resnet5o")
