"""Windows of a spectrogram: what is explained is the whole of it, in the order of time."""

import copy

import pytest
import torch
from torch import nn

from ferlab.explain.attention import attention, has_attention
from ferlab.explain.feature_maps import feature_maps
from ferlab.explain.gradcam import gradcam
from ferlab.explain.layers import conv_layers, find_layer
from ferlab.explain.methods import WORDS, explain
from ferlab.explain.randomisation import randomised
from ferlab.explain.windows import open_door
from ferlab.models.res_lstm_attention import ResLstmAttention
from ferlab.models.td_cnn_lstm import TdCnnLstm
from ferlab.transforms.log_mel import LogMel

FRONT = {"skip": 0, "length": 8064, "n_mels": 32, "windows": 3, "frames": 32, "step": 16}


def front(**options: object) -> LogMel:
    return LogMel((8064,), **(FRONT | options))  # type: ignore[arg-type]


def lstm_net() -> nn.Module:
    torch.manual_seed(0)
    return TdCnnLstm((3, 32, 32), 2, filters=[4, 6], pools=[2, 4], units=[8]).eval()


class Loud(nn.Module):
    """Counts in each window what is loud: its logit 1 is the sum of the windows' own, told apart by `weights`."""

    def __init__(self, weights: list[float]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 1, bias=False)
        self.conv.weight.data.fill_(1.0)
        self.weights = nn.Parameter(torch.tensor(weights))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        of_windows = self.conv(x.flatten(0, 1)[:, None]).mean((1, 2, 3)).view(len(x), -1)
        score = of_windows @ self.weights
        return torch.stack([-score, score], 1)


def test_windows_are_laid_back_where_they_were_cut() -> None:
    picture = torch.rand(2, 32, 64)
    for step, whole in ((16, True), (32, False), (8, False)):
        mel = front(step=step, windows=3 if step < 32 else 2)
        assert mel.whole == 64
        back = mel.lay_back(mel.cut(picture))
        end = (mel.windows - 1) * step + 32
        torch.testing.assert_close(back[:, :, :end], picture[:, :, :end])
        assert (back[:, :, end:] == 0).all() and (end == 64) == (whole or step == 32)


def test_where_windows_overlap_their_mean_counts() -> None:
    windows = torch.arange(3.0)[None, :, None, None].expand(1, 3, 5, 32)
    back = front().lay_back(windows)[0]
    assert back.shape == (5, 64)
    expected = torch.tensor([0.0, 0.5, 1.5, 2.0]).repeat_interleave(16)
    torch.testing.assert_close(back, expected.expand(5, 64))


def test_a_net_behind_its_door_says_the_same_and_is_left_alone() -> None:
    net, mel, x = lstm_net(), front(), torch.randn(2, 1, 32, 64)
    door = open_door(net, mel)
    with torch.no_grad():
        torch.testing.assert_close(door(x), net(mel.cut(x[:, 0])))
    assert conv_layers(door) == conv_layers(net) and not net._forward_pre_hooks
    assert list(door.state_dict()) == list(net.state_dict())
    twin = copy.deepcopy(door)
    torch.testing.assert_close(twin(x), door(x))
    plain = ResLstmAttention((1, 32, 64), 2, filters=[4, 8], units=4)
    assert open_door(plain, front(windows=None)) is plain
    three = open_door(
        nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.LazyLinear(2)), front(windows=None, channels=3)
    )
    assert three(x).shape == (2, 2)


@pytest.mark.parametrize(("weights", "hot"), [([1.0, 0, 0], 0), ([0, 0, 1.0], 48)])
def test_heat_lies_in_the_window_that_counts(weights: list[float], hot: int) -> None:
    x = torch.zeros(2, 1, 32, 64)
    x[..., 8:16, 0:8] = x[..., 8:16, 56:64] = 5
    door = open_door(Loud(weights), front())
    for method in ("gradcam", "gradcam_pp", "occlusion"):
        heat = explain(door, x, method, torch.ones(2, dtype=torch.long), patch=8, stride=8)
        assert heat.shape == (2, 32, 64)
        # the same sound stands at both ends
        far = heat[:, :, 48:] if hot == 0 else heat[:, :, :16]
        assert heat[:, 8:16, hot : hot + 16].amax((1, 2)).min() == 1 and far.max() < 0.02, method


def test_heat_of_overlapping_windows_is_their_mean() -> None:
    x = torch.ones(1, 1, 32, 64)
    heat = gradcam(open_door(Loud([0, 2.0, 0]), front()), x, target=torch.tensor([1]))
    torch.testing.assert_close(heat[0, 0], torch.tensor([0.0, 0.5, 0.5, 0.0]).repeat_interleave(16) * 2)


@pytest.mark.parametrize("method", list(WORDS))
def test_every_method_explains_the_whole_picture(method: str) -> None:
    net = lstm_net()
    heat = explain(open_door(net, front()), torch.randn(3, 1, 32, 64), method, patch=16, stride=16)
    assert heat.shape == (3, 32, 64) and heat.isfinite().all() and heat.min() >= 0 and heat.max() <= 1
    assert not any(module._forward_hooks for module in net.modules())


def test_maps_and_random_weights_work_behind_the_door() -> None:
    door, x = open_door(lstm_net(), front()), torch.randn(2, 1, 32, 64)
    maps = feature_maps(door, x)
    assert {tuple(value.shape) for value in maps.values()} == {(2, 4, 32, 64), (2, 6, 16, 64)}
    states = list(randomised(door, x))
    assert not torch.equal(states[-1][1](x), door(x))


def test_attention_sums_to_one_over_the_steps() -> None:
    net = ResLstmAttention((1, 32, 64), 2, filters=[4, 8], units=4).train()
    weights = attention(net, torch.randn(3, 1, 32, 64))
    assert has_attention(net) and net.training and weights.shape == (3, 64 // net.stride)
    torch.testing.assert_close(weights.sum(1), torch.ones(3))
    assert not has_attention(lstm_net())
    assert find_layer(net)[0] == "stages.stage2"
