import pytest
import torch
from torch import nn

from ferlab.errors import FerlabError
from ferlab.explain.feature_maps import feature_maps


def net():
    torch.manual_seed(0)
    layers = [nn.Conv2d(1 if i == 0 else 4, 4, 3, padding=1) for i in range(6)]
    return nn.Sequential(*[part for conv in layers for part in (conv, nn.ReLU(inplace=True))])


def test_maps_are_what_the_layer_gives_before_an_in_place_activation():
    model, x = net(), torch.rand(2, 1, 8, 6)
    maps = feature_maps(model, x, ["2", "0", "1"])
    assert list(maps) == ["2", "0", "1"]
    torch.testing.assert_close(maps["0"], model[0](x).detach())
    torch.testing.assert_close(maps["1"], model[0](x).relu().detach())
    torch.testing.assert_close(maps["2"], model[2](model[0](x).relu()).detach())
    assert maps["0"].min() < 0


def test_the_default_spreads_from_first_to_last():
    model, x = net(), torch.rand(1, 1, 8, 6)
    assert list(feature_maps(model, x)) == ["0", "4", "6", "10"]
    assert list(feature_maps(model, x, most=9)) == ["0", "2", "4", "6", "8", "10"]
    assert list(feature_maps(model, x, most=1)) == ["0"]


def test_the_net_is_left_as_it_was():
    model = net().train()
    feature_maps(model, torch.rand(1, 1, 8, 6))
    assert model.training and all(not module._forward_hooks for module in model.modules())


def test_unknown_layer_and_no_convolution():
    with pytest.raises(FerlabError, match="no layer 'conv'; convolutions are 0, 2, 4"):
        feature_maps(net(), torch.rand(1, 1, 8, 6), ["conv"])
    with pytest.raises(FerlabError, match="no 2-D convolution"):
        feature_maps(nn.Flatten(), torch.rand(1, 1, 8, 6))
