"""The networks for sounds: D2's td_cnn_lstm, our res_lstm_attention, and Keras' LSTM in torch."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ferlab.build import build
from ferlab.config import compose, plain
from ferlab.errors import FerlabError
from ferlab.models.lstm import Lstm
from ferlab.models.measure import measure
from ferlab.models.res_lstm_attention import AttentiveStatistics, ResLstmAttention
from ferlab.models.td_cnn_lstm import TdCnnLstm

THIN = {
    "td_cnn_lstm": {"filters": [3, 4], "pools": [2, 4], "units": [5, 6]},
    "res_lstm_attention": {"filters": [4, 5], "features": 6},
}
LEAST = {"td_cnn_lstm": (2, 8, 8), "res_lstm_attention": (1, 8, 8)}
MAKE = {"td_cnn_lstm": TdCnnLstm, "res_lstm_attention": ResLstmAttention}


def composed(name, *overrides, raw=70_000):
    model = plain(compose("train", [f"model={name}", *overrides]))["model"]
    preprocess = build(model["preprocess"], (raw,))
    return preprocess, build(model["net"], preprocess.output_shape, 14)


def thin(name, shape=None, outputs=3, **options):
    return MAKE[name](shape or LEAST[name], outputs, **{**THIN[name], **options})


def loss_of(net, x):
    logits = net(x)
    return (logits.float() * torch.linspace(-1, 2, logits.numel()).view_as(logits)).sum()


def test_d2s_counts_layer_by_layer():
    preprocess, net = composed("td_cnn_lstm")
    assert preprocess.output_shape == (5, 128, 128)
    summary = measure(net, preprocess.output_shape)
    rows = {layer.name: layer for layer in summary.layers}
    # Keras: (kernel * inputs + 1) * filters, four numbers a channel of BatchNorm, 4 * (inputs + units + 1) * units
    params = {"blocks.block1.conv": 640, "blocks.block1.bn": 256, "blocks.block2.conv": 36_928, "blocks.block2.bn": 256}
    params |= {"blocks.block3.conv": 73_856, "blocks.block3.bn": 512, "blocks.block4.conv": 147_584}
    params |= {"blocks.block4.bn": 512, "lstms.lstm1": 394_240, "lstms.lstm2": 525_312, "head": 3_598}
    assert {name: rows[name].params for name in params} == params
    assert {layer.name for layer in summary.layers if layer.params} == set(params)
    assert summary.total == sum(params.values()) == 1_183_694
    assert summary.trainable == 1_183_694 - 2 * (64 + 64 + 128 + 128) == 1_182_926
    a_window = 128**2 * 9 * 64 + 64**2 * 9 * 64 * 64 + 16**2 * 9 * 64 * 128 + 4**2 * 9 * 128 * 128
    assert rows["lstms.lstm1"].multiply_adds == 5 * 4 * 256 * (128 + 256)
    assert rows["lstms.lstm1"].output == (5, 256)
    assert summary.multiply_adds == 5 * (a_window + 4 * 256 * (128 + 256) + 4 * 256 * 512) + 256 * 14


def test_our_networks_size():
    preprocess, net = composed("res_lstm_attention")
    summary = measure(net, preprocess.output_shape)
    assert preprocess.output_shape == (1, 64, 321)
    # for 14 outputs
    assert (summary.total, summary.multiply_adds) == (468_103, 98_177_280)


def test_multiply_adds_of_recurrent_layers_count_every_step():
    lstm = nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True)
    assert measure(lstm, (7, 3)).multiply_adds == 7 * 4 * 4 * 2 * ((3 + 4) + (8 + 4))
    assert measure(nn.GRU(3, 4, batch_first=True), (7, 3)).multiply_adds == 7 * 3 * 4 * (3 + 4)


@pytest.mark.parametrize("both_ways", [False, True])
def test_lstm_begins_as_keras_does(both_ways):
    torch.manual_seed(0)
    lstm = Lstm(20, 30, both_ways)
    names = [name for name, _ in lstm.named_parameters()]
    assert sum(p.numel() for p in lstm.parameters()) == 4 * 30 * (20 + 30 + 1) * (2 if both_ways else 1)
    assert set(lstm.state_dict()) == set(names) and not any(name.startswith("bias_hh") for name in names)
    for name in names:
        value = getattr(lstm, name).detach()
        if name.startswith("weight_ih"):
            bound = math.sqrt(6 / (20 + 4 * 30))
            assert 0.95 * bound < value.abs().max() <= bound
        elif name.startswith("weight_hh"):
            torch.testing.assert_close(value.T @ value, torch.eye(30), atol=1e-5, rtol=0)
        else:
            assert value[30:60].eq(1).all() and value.sum() == 30


def test_lstm_computes_kerass_equations():
    torch.manual_seed(0)
    lstm = Lstm(3, 5)
    x = torch.randn(2, 6, 3)
    found, _ = lstm(x)
    state = cell = torch.zeros(2, 5)
    for step in x.unbind(1):
        gates = step @ lstm.weight_ih_l0.T + state @ lstm.weight_hh_l0.T + lstm.bias_ih_l0
        i, f, g, o = gates.chunk(4, 1)
        cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
        state = o.sigmoid() * cell.tanh()
    torch.testing.assert_close(found[:, -1], state)


def test_every_window_goes_through_the_same_blocks():
    net = thin("td_cnn_lstm", (4, 9, 10)).eval()
    seen = []
    net.lstms["lstm1"].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    x = torch.rand(3, 4, 9, 10)
    net(x)
    for window in range(4):
        alone = net.flatten(net.blocks(x[:, window : window + 1]))
        torch.testing.assert_close(seen[0][:, window], alone)


def test_pooling_before_the_activation_changes_nothing():
    x = torch.randn(2, 3, 16, 16)
    elu, pool = nn.ELU(), nn.MaxPool2d(4)
    assert torch.equal(elu(pool(x)), pool(elu(x)))
    names = [name for name, _ in TdCnnLstm((5, 128, 128), 14).blocks.block1.named_children()]
    assert names == ["conv", "bn", "pool", "elu", "dropout"]


def test_the_order_of_the_windows_counts():
    net = thin("td_cnn_lstm", (4, 9, 10)).eval()
    x = torch.rand(3, 4, 9, 10)
    assert not torch.allclose(net(x), net(x.flip(1)))


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_every_parameter_learns(name, precision):
    torch.manual_seed(0)
    shape = tuple(side + more for side, more in zip(LEAST[name], (1, 17, 21), strict=True))
    net = thin(name, shape).to(memory_format=torch.channels_last).train()
    x = torch.randn(6, *shape).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == torch.bfloat16):
        loss = loss_of(net, x)
    loss.backward()
    idle = [k for k, v in net.named_parameters() if v.grad is None or not v.grad.isfinite().all() or not v.grad.any()]
    # a bias before BatchNorm has no effect, nor has one that moves all of a softmax's inputs
    assert all(k.endswith("conv.bias") or k == "attention.judge.score.bias" for k in idle), idle


@pytest.mark.parametrize("name", MAKE)
def test_state_dict_round_trip_and_evaluation_is_deterministic(name):
    net, other = thin(name), thin(name)
    net(torch.rand(8, *LEAST[name]))
    x = torch.rand(4, *LEAST[name])
    assert not torch.equal(net.eval()(x), other.eval()(x))
    other.load_state_dict(net.state_dict())
    assert torch.equal(net(x), other(x)) and torch.equal(net(x), net(x))


@settings(max_examples=20)
@given(name=st.sampled_from(list(MAKE)), more=st.tuples(*[st.integers(0, 9)] * 3))
def test_odd_sizes_and_memory_orders_give_the_same_logits(name, more):
    shape = tuple(side + extra for side, extra in zip(LEAST[name], more, strict=True))
    net = thin(name, shape, 5).eval()
    x = torch.rand(2, *shape)
    with torch.no_grad():
        logits = net(x)
        last = net.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))
    assert logits.shape == (2, 5)
    torch.testing.assert_close(last, logits, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "shape", "options", "message"),
    [
        ("td_cnn_lstm", (5, 127, 128), {}, "windows of 127 mels x 128 frames vanish.* 128 x 128 or more"),
        ("td_cnn_lstm", (5, 128, 100), {}, "128 mels x 100 frames"),
        ("td_cnn_lstm", (0, 128, 128), {}, "1 or more windows"),
        ("td_cnn_lstm", (5, 128, 128), {"pools": [2, 4]}, "net.pools"),
        ("td_cnn_lstm", (5, 128, 128), {"units": []}, "at least one block and one LSTM"),
        ("td_cnn_lstm", (5, 128, 128), {"rate": 1.0}, "dropout rate"),
        ("res_lstm_attention", (1, 15, 300), {}, "1 x 15 mels x 300 frames .* needs 1 channel or more, 16 mels"),
        ("res_lstm_attention", (1, 64, 15), {}, "16 frames"),
        ("res_lstm_attention", (1, 64, 300), {"filters": []}, "one stage or more"),
        ("res_lstm_attention", (1, 64, 300), {"dropout": 1.0}, "dropout rate"),
    ],
)
def test_what_makes_no_sense_is_refused(name, shape, options, message):
    with pytest.raises(FerlabError, match=f"model.*{message}"):
        MAKE[name](shape, 8, **options)


def test_attention_can_be_read_and_says_which_frames():
    net = ResLstmAttention((1, 64, 321), 8).eval()
    weights = []
    net.attention.weights.register_forward_hook(lambda _, __, out: weights.append(out))
    net(torch.randn(2, 1, 64, 321))
    assert net.stride == 8 and weights[0].shape == (2, 40)
    torch.testing.assert_close(weights[0].sum(1), torch.ones(2))


def test_attentive_statistics_by_hand():
    pool = AttentiveStatistics(3, 4)
    steps = torch.randn(2, 5, 3)
    share = pool.judge(steps).softmax(1)
    mean = (share * steps).sum(1)
    spread = ((share * steps**2).sum(1) - mean**2 + 1e-5).sqrt()
    torch.testing.assert_close(pool(steps), torch.cat([mean, spread], 1), atol=1e-5, rtol=1e-4)
    # equal weights: the plain mean and deviation
    nn.init.zeros_(pool.judge.score.weight)
    torch.testing.assert_close(pool(steps)[:, :3], steps.mean(1))


@pytest.mark.parametrize("channels", [1, 3])
def test_backbones_of_timm_take_spectrograms(channels):
    wish = ("model.backbone=test_resnet", f"model.preprocess.channels={channels}")
    preprocess, net = composed("timm_speech", *wish, raw=30_000)
    x = torch.randint(-3000, 3000, (2, 30_000), dtype=torch.int16)
    assert net.eval()(preprocess(x)).shape == (2, 14)
