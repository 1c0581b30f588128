"""The layers' order against the documents' code, written down here once more, naively, with PyTorch's functions."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ferlab.models.cnn4 import Cnn4
from ferlab.models.cnn10 import Cnn10
from ferlab.models.convnet import ConvNet
from ferlab.models.sentiment_cnn import SentimentCnn


def conv(x: Tensor, layer: nn.Conv2d, padding: int = 0) -> Tensor:
    return F.conv2d(x, layer.weight, layer.bias, padding=padding)


def norm(x: Tensor, layer: nn.Module) -> Tensor:
    return F.batch_norm(x, None, None, layer.weight, layer.bias, training=True, eps=1e-3)


def flat(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1).reshape(len(x), -1)


def sentiment_cnn(net: SentimentCnn, x: Tensor) -> Tensor:
    for block in (net.block1, net.block2, net.block3, net.block4):
        x = norm(F.max_pool2d(F.relu(conv(x, block.conv)), 2), block.bn)
    return net.head(norm(F.relu(net.dense1.linear(flat(x))), net.dense1.bn))


def cnn4(net: Cnn4, x: Tensor) -> Tensor:
    for block, padding in ((net.block1, 1), (net.block2, 2), (net.block3, 1), (net.block4, 1)):
        x = F.max_pool2d(F.relu(norm(conv(x, block.conv, padding), block.bn)), 2)
    x = flat(x)
    for block in (net.dense1, net.dense2):
        x = F.relu(norm(block.linear(x), block.bn))
    return net.head(x)


def cnn10(net: Cnn10, x: Tensor) -> Tensor:
    x = F.relu(conv(x, net.block1.conv))
    x = F.leaky_relu(F.relu(conv(x, net.block2.conv)), 0.5)
    x = F.max_pool2d(norm(x, net.block2.bn), 2)
    return net.head(F.relu(net.dense1.linear(flat(x))))


def convnet(net: ConvNet, x: Tensor) -> Tensor:
    for block in (net.block1, net.block2, net.block3):
        x = F.relu(conv(F.relu(conv(x, block.conv1)), block.conv2))
        x = F.max_pool2d(norm(x, block.bn), 2)
    return net.head(F.relu(net.dense2.linear(F.relu(net.dense1.linear(flat(x))))))


CASES = [
    (sentiment_cnn, SentimentCnn, 50, {"dropout_blocks": 0.0, "dropout_dense": 0.0}),
    (cnn4, Cnn4, 21, {"rate": 0.0, "filters": (8, 8, 8, 8), "units": (16, 16)}),
    (cnn10, Cnn10, 13, {"dropout_1": 0.0, "dropout_2": 0.0}),
    (convnet, ConvNet, 39, {"dropout_blocks": 0.0, "dropout_dense": 0.0, "filters": (8, 8, 8), "units": 16}),
]


@pytest.mark.parametrize(("reference", "model", "side", "options"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_values_and_gradients_equal_the_documents_order(reference, model, side, options):
    torch.manual_seed(0)
    net = model((3, side, side), 4, **options).double()
    for parameter in net.parameters():
        # Away from the start: biases of zero and BatchNorm scales of one would hide a wrong order.
        nn.init.normal_(parameter, std=0.3) if parameter.ndim == 1 else None
    x = torch.randn(5, 3, side, side, dtype=torch.float64)
    weights = torch.randn(5, 4, dtype=torch.float64)
    got, wanted = net(x), reference(net, x)
    torch.testing.assert_close(got, wanted)
    for mine, theirs in zip(
        torch.autograd.grad((got * weights).sum(), list(net.parameters())),
        torch.autograd.grad((wanted * weights).sum(), list(net.parameters())),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize(
    ("model", "shape", "rates"),
    [
        (SentimentCnn, (3, 64, 64), [0.25, 0.25, 0.25, 0.25, 0.5]),
        (Cnn4, (1, 48, 48), [0.25] * 6),
        (Cnn10, (3, 96, 96), [0.1, 0.2]),
        (ConvNet, (3, 96, 96), [0.5, 0.5, 0.2, 0.2]),
    ],
)
def test_dropout_rates_are_the_documents(model, shape, rates):
    assert [m.p for m in model(shape, 3).modules() if isinstance(m, nn.Dropout)] == rates
