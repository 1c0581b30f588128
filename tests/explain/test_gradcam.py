import pytest
import torch
from torch import nn

from ferlab.errors import FerlabError
from ferlab.explain.gradcam import gradcam


class Net(nn.Module):
    """Two convolutions, an in-place activation and BatchNorm; one map a class, pooled to a logit."""

    def __init__(self, outputs=3, frozen=False):
        super().__init__()
        torch.manual_seed(0)
        self.unused = nn.Conv2d(1, 1, 1)
        self.first = nn.Conv2d(1, 8, 3, padding=1)
        self.bn = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.last = nn.Conv2d(8, outputs, 3, padding=1, stride=2)
        self.linear = nn.Linear(outputs, outputs)
        with torch.no_grad():
            self.linear.weight.copy_(torch.eye(outputs))
            self.linear.bias.zero_()
        self.requires_grad_(not frozen)

    def forward(self, x):
        return self.linear(self.last(self.relu(self.bn(self.first(x)))).mean((2, 3)))


@pytest.fixture
def x():
    return torch.rand(4, 1, 12, 10, generator=torch.Generator().manual_seed(1))


def test_the_map_is_the_published_formula(x):
    net = Net().eval()
    target = torch.tensor([0, 1, 2, 0])
    heat = gradcam(net, x, "last", target)
    # the logit is the mean of its own map: its weight is 1 / area, the others' 0
    maps = net.last(net.relu(net.bn(net.first(x)))).detach()
    expected = torch.stack([maps[i, t] for i, t in enumerate(target)]).clamp_min(0)
    expected = nn.functional.interpolate(expected[:, None], (12, 10), mode="bilinear")[:, 0]
    peak = expected.amax((1, 2), keepdim=True)
    torch.testing.assert_close(heat, torch.where(peak > 0, expected / peak.clamp_min(1e-20), 0.0))
    assert heat.shape == (4, 12, 10) and heat.min() >= 0 and heat.max() == 1 and not heat.requires_grad


def test_the_predicted_class_is_the_default(x):
    net = Net()
    predicted = net.eval()(x).argmax(1)
    torch.testing.assert_close(gradcam(net, x, "last"), gradcam(net, x, "last", predicted))
    assert not torch.allclose(gradcam(net, x, "last", predicted), gradcam(net, x, "last", (predicted + 1) % 3))


def test_every_image_stands_alone(x):
    net = Net()
    whole = gradcam(net, x, "first")
    torch.testing.assert_close(whole, torch.cat([gradcam(net, part, "first") for part in x.split(1)]))


@pytest.mark.parametrize("frozen", [False, True])
def test_the_net_is_left_as_it_was(x, frozen):
    net = Net(frozen=frozen).train()
    net.bn.eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    gradcam(net, x, "first")
    assert net.training and net.relu.training and not net.bn.training
    assert all(p.grad is None for p in net.parameters()) and x.grad is None and not x.requires_grad
    assert all(not module._forward_hooks for module in net.modules())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_an_error_leaves_the_net_as_it_was_too(x):
    net = Net().train()
    with pytest.raises(FerlabError, match=r"no maps; expected an output of shape.*found \[4, 3\]"):
        gradcam(net, x, "linear")
    assert net.training and all(not module._forward_hooks for module in net.modules())


def test_one_sigmoid_output(x):
    net = Net(outputs=1).eval()
    happy, sad = (gradcam(net, x, "first", torch.full((4,), t)) for t in (0, 1))
    assert not torch.allclose(happy, sad)
    logit = net(x)[:, 0]
    expected = torch.where((logit > 0)[:, None, None], sad, happy)
    torch.testing.assert_close(gradcam(net, x, "first"), expected)


def test_no_evidence_gives_zeros(x):
    net = Net()
    with torch.no_grad():
        net.last.weight.zero_()
        net.last.bias.fill_(-1)
    heat = gradcam(net, x, "last")
    assert torch.equal(heat, torch.zeros(4, 12, 10))


def test_memory_format_and_outer_modes_change_nothing(x):
    net = Net()
    plain = gradcam(net, x)
    last = net.to(memory_format=torch.channels_last)
    torch.testing.assert_close(gradcam(last, x.contiguous(memory_format=torch.channels_last)), plain)
    with torch.no_grad():
        torch.testing.assert_close(gradcam(net, x), plain)
    with torch.inference_mode():
        torch.testing.assert_close(gradcam(net, x.clone()), plain)


def test_mistakes_are_named(x):
    net = Net()
    with pytest.raises(FerlabError, match=r"no layer 'conv9'; convolutions are unused, first, last"):
        gradcam(net, x, "conv9")
    with pytest.raises(FerlabError, match="took no part"):
        gradcam(net, x, "unused")
    with pytest.raises(FerlabError, match=r"0\.\.2, found \[0, 1, 2, 3\]"):
        gradcam(net, x, "last", torch.arange(4))
    with pytest.raises(FerlabError, match="no 2-D convolution"):
        gradcam(nn.Sequential(nn.Flatten(), nn.Linear(120, 3)), x)
