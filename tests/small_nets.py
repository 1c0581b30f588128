"""Small networks for tests: one of ours, one with a backbone of timm."""

from ferlab.models.cnn4 import Cnn4
from ferlab.models.timm_net import TimmNet


def timm_net() -> TimmNet:
    return TimmNet((3, 32, 32), 3, backbone="test_resnet", units=[8], norm=True)


def cnn4() -> Cnn4:
    return Cnn4((1, 16, 16), 3, filters=[2, 3, 4, 5], units=[6, 7])
