"""Nets with ever more random layers."""

import copy

import pytest
import torch
from torch import nn

from ferlab.explain.layers import evaluating
from ferlab.explain.randomisation import layers, randomised
from small_nets import cnn4, timm_net


class Net(nn.Module):
    """Modules held in another order than they run in, a norm, and a weight that no module of its own holds."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.head = nn.Linear(4, 3)
        self.scale = nn.Parameter(torch.rand(2, 4))
        self.bn = nn.BatchNorm2d(4)
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        x = self.second(self.bn(self.conv(x)).relu()) * self.scale[0, :, None, None]
        return self.head(self.dropout(x.mean((2, 3))))


@pytest.fixture
def x():
    return torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def test_layers_stand_as_the_net_runs_them(x):
    assert layers(Net(), x) == [[""], ["conv", "bn"], ["second"], ["head"]]


def weights(net):
    return {name: value.clone() for name, value in net.state_dict().items()}


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


def test_layers_are_drawn_from_the_last_to_the_first(x):
    net = Net().train()
    with torch.no_grad():
        for p in net.bn.parameters():
            p.fill_(0.3)
    before, state = weights(net), torch.random.get_rng_state()
    steps = [(names, changed(before, weights(other)), other.training) for names, other in randomised(net, x)]
    assert [names for names, _, _ in steps] == [
        ["head"],
        ["head", "second"],
        ["head", "second", "conv"],
        ["head", "second", "conv", ""],
    ]
    head, second = {"head.weight", "head.bias"}, {"second.weight", "second.bias"}
    conv = {"conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"}
    assert steps[0][1] == head and steps[1][1] == head | second
    assert steps[2][1] - {"bn.num_batches_tracked"} == head | second | conv
    assert steps[3][1] - {"bn.num_batches_tracked"} == head | second | conv | {"scale"}
    assert not changed(before, weights(net)) and net.training and not any(p.grad is not None for p in net.parameters())
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not any(module._forward_pre_hooks for module in net.modules())


def test_what_cannot_be_drawn_is_shuffled(x):
    net = Net()
    *_, (_, last) = randomised(net, x)
    assert not torch.equal(last.scale, net.scale)
    torch.testing.assert_close(last.scale.flatten().sort().values, net.scale.flatten().sort().values)


def test_statistics_of_a_random_norm_fit_what_it_sees(x):
    net = Net()
    *_, (_, last) = randomised(net, x)
    with torch.no_grad(), evaluating(last):
        normed = last.bn(last.conv(x))
    torch.testing.assert_close(normed.mean((0, 2, 3)), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(normed.std((0, 2, 3)), torch.ones(4), atol=0.01, rtol=0)


def test_the_same_seed_gives_the_same_net_and_another_another(x):
    def last(seed):
        *_, (_, net) = randomised(Net(), x, seed=seed)
        return weights(net)

    assert not changed(last(1), last(1))
    assert "conv.weight" in changed(last(1), last(2))


@pytest.mark.parametrize("stages", [1, 2, 3, 9])
def test_the_last_stage_is_all_layers(x, stages):
    counts = [len(names) for names, _ in randomised(Net(), x, stages)]
    assert counts[-1] == 4 and len(counts) == min(stages, 4) and counts == sorted(set(counts))


@pytest.mark.parametrize(("make", "shape"), [(cnn4, (1, 16, 16)), (timm_net, (3, 32, 32))])
def test_every_weight_of_real_nets_is_drawn(make, shape):
    torch.manual_seed(0)
    net = make()
    for p in net.parameters():
        nn.init.normal_(p)
    trained = copy.deepcopy(net.state_dict())
    *_, (_, last) = randomised(net, torch.rand(4, *shape))
    kept = {name for name, p in last.named_parameters() if torch.equal(p, trained[name])}
    assert not kept
