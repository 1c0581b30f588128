import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ferlab.errors import FerlabError
from ferlab.models.layers import Flatten, batch_norm, batch_norm_1d, conv, conv_1d, dense, named, output_size, whole


@pytest.mark.parametrize(
    ("layer", "fans"),
    [
        (conv(16, 40, 5, "same"), (16 + 40) * 25),
        (conv_1d(16, 40, 5), (16 + 40) * 5),
        (dense(300, 200), 500),
    ],
)
def test_kernels_are_glorot_uniform_and_biases_zero(layer, fans):
    bound = math.sqrt(6 / fans)
    weight = layer.weight.detach()
    assert weight.abs().max() <= bound
    assert weight.abs().max() > 0.98 * bound
    assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)
    assert layer.bias is not None and not layer.bias.detach().any()


@pytest.mark.parametrize("layer", [batch_norm(3), batch_norm_1d(3)])
def test_batch_norm_moves_as_keras_does(layer):
    torch.manual_seed(0)
    x = torch.randn(64, 3, 4, 4) * 2 + 5
    layer(x if layer.__class__.__name__ == "BatchNorm2d" else x.flatten(2))
    # Keras: moving = .99 * moving + .01 * batch, from mean 0 and variance 1; eps 1e-3.
    torch.testing.assert_close(layer.running_mean, 0.01 * x.mean((0, 2, 3)))
    torch.testing.assert_close(layer.running_var, 0.99 + 0.01 * x.var((0, 2, 3)))
    assert layer.eps == 1e-3


def test_flatten_follows_keras_order_and_copies_nothing_under_channels_last():
    x = torch.arange(2 * 3 * 4 * 5).view(2, 3, 4, 5)
    keras = x.permute(0, 2, 3, 1).reshape(2, -1)
    assert torch.equal(Flatten()(x), keras)
    last = x.to(memory_format=torch.channels_last)
    assert torch.equal(Flatten()(last), keras)
    assert Flatten()(last).data_ptr() == last.data_ptr()


def test_named_layers_are_found_by_name():
    block = named(conv=conv(1, 2, 3, "valid"), bn=batch_norm(2))
    assert [name for name, _ in block.named_children()] == ["conv", "bn"]
    assert block.get_submodule("conv") is block[0]


@given(st.integers(1, 60), st.integers(1, 60))
def test_size_check_refuses_exactly_what_vanishes(height, width):
    def left(side: int) -> int:
        return ((side - 2) // 2 - 2) // 2

    # Two rounds of a valid 3x3 convolution and pooling: ten pixels are the first to leave one.
    if min(height, width) >= 10:
        assert output_size("toy", (3, height, width), 7, left) == left(height) * left(width)
    else:
        with pytest.raises(FerlabError, match=rf"toy: images of {height}x{width} .* needs 10x10 or more.*size=10"):
            output_size("toy", (3, height, width), 7, left)


def test_size_check_tells_height_from_width():
    with pytest.raises(FerlabError, match="needs 8x1 or more"):
        output_size("toy", (3, 7, 20), 7, lambda side: side // 8, lambda side: side)
    assert output_size("toy", (3, 8, 1), 7, lambda side: side // 8, lambda side: side) == 1


@pytest.mark.parametrize(("channels", "outputs"), [(0, 7), (3, 0), (-1, 1)])
def test_no_channels_or_outputs_is_an_error(channels, outputs):
    with pytest.raises(FerlabError, match=f"1 or more channels and outputs, found {channels} and {outputs}"):
        output_size("toy", (channels, 9, 9), outputs, lambda side: side)


@pytest.mark.parametrize(("values", "length"), [([0], 1), ([3, -1], 2), ([3, 3], 3), ([0, 5], None), ([], 1)])
def test_sizes_that_make_no_sense_are_refused(values, length):
    with pytest.raises(FerlabError, match=r"model toy: net\.units=\["):
        whole("toy", "units", values, length)


def test_sizes_that_make_sense_pass():
    assert whole("toy", "units", [3, 4], 2) == [3, 4]
    assert whole("toy", "units", []) == []
