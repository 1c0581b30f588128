"""Every method of explanation: by hand on nets so small that the answer is known, and what all must keep."""

import numpy as np
import pytest
import torch
from torch import nn

from ferlab.errors import FerlabError
from ferlab.explain.gradcam import gradcam_pp
from ferlab.explain.integrated_gradients import attributions, integrated_gradients
from ferlab.explain.methods import NEED_MAPS, WORDS, explain
from ferlab.explain.occlusion import occlusion
from ferlab.explain.target import class_score, log_probability, scaled
from ferlab.models.mlp import Mlp
from small_nets import cnn4, timm_net


def linear(outputs=2, channels=1, side=6, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * side * side, outputs))


def pixels(*shape, seed=1):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


class Conv(nn.Module):
    """A convolution, a ReLU that can be named, and a head that is not linear in the maps."""

    def __init__(self, outputs=3):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(2, 5, 3, padding=1, stride=2)
        self.relu = nn.ReLU()
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(5 * 12, 16), nn.Tanh(), nn.Linear(16, outputs))

    def forward(self, x):
        return self.head(self.relu(self.conv(x)))


def test_integrated_gradients_of_a_linear_net_are_weight_times_distance():
    net, x, target = linear(3, channels=2), pixels(4, 2, 6, 6), torch.tensor([0, 2, 1, 2])
    found = attributions(net, x, target, steps=1)
    expected = net[1].weight[target].view(4, 2, 6, 6) * (x - x.mean((2, 3), keepdim=True))
    torch.testing.assert_close(found, expected.detach())
    torch.testing.assert_close(integrated_gradients(net, x, target), scaled(expected.detach().sum(1)))
    black = attributions(net, x, target, baseline=torch.zeros_like(x))
    torch.testing.assert_close(black, (net[1].weight[target].view(4, 2, 6, 6) * x).detach())


@pytest.mark.parametrize("outputs", [1, 3])
def test_attributions_sum_to_the_rise_of_the_score(outputs):
    net, x = Conv(outputs).eval(), pixels(5, 2, 6, 8)
    target = torch.tensor([0, 1, 1, 0, 1])
    black = torch.zeros_like(x)
    with torch.no_grad():
        rise = class_score(net(x), target) - class_score(net(black), target)
    torch.testing.assert_close(attributions(net, x, target, black, steps=200).sum((1, 2, 3)), rise, atol=2e-3, rtol=0)
    # a property of the path, not of the image's own gradient
    assert (attributions(net, x, target, black, steps=1).sum((1, 2, 3)) - rise).abs().max() > 2e-3


def test_occlusion_finds_the_one_patch_that_matters():
    net = linear()
    with torch.no_grad():
        net[1].weight.zero_()
        net[1].weight[1].view(6, 6)[2:4, 4:6] = 1.0
    x = torch.zeros(2, 1, 6, 6)
    x[:, :, 2:4, 4:6] = 1
    heat = occlusion(net, x, torch.tensor([1, 0]), patch=2, stride=2)
    expected = torch.zeros(6, 6)
    expected[2:4, 4:6] = 1
    torch.testing.assert_close(heat[0], expected)
    # the patch speaks against class 0, and nothing speaks for it
    assert not heat[1].any()


@pytest.mark.parametrize(("patch", "stride", "batch"), [(2, 1, 3), (3, 2, 1000), (5, 5, 1), (None, None, 7)])
def test_occlusion_is_the_plain_mean_over_patches(patch, stride, batch):
    net, x, target = linear(3, side=7), pixels(3, 1, 7, 7), torch.tensor([2, 0, 1])
    side, step = patch or 1, stride or 1
    total, times = torch.zeros(3, 7, 7), torch.zeros(7, 7)
    with torch.no_grad():
        whole = log_probability(net(x), target)
        for top in sorted({*range(0, 8 - side, step), 7 - side}):
            for left in sorted({*range(0, 8 - side, step), 7 - side}):
                covered = x.clone()
                covered[:, :, top : top + side, left : left + side] = x.mean((2, 3), keepdim=True)
                fall = whole - log_probability(net(covered), target)
                total[:, top : top + side, left : left + side] += fall[:, None, None]
                times[top : top + side, left : left + side] += 1
    found = occlusion(net, x, target, patch, stride, batch=batch)
    torch.testing.assert_close(found, scaled(total / times), atol=1e-5, rtol=1e-4)


def test_gradcam_pp_is_the_published_formula():
    net, x, target = Conv().eval(), pixels(4, 2, 6, 8), torch.tensor([0, 1, 2, 0])
    maps = net.relu(net.conv(x)).detach().requires_grad_(True)
    (g,) = torch.autograd.grad(class_score(net.head(maps), target).sum(), maps)
    maps, g = maps.detach().numpy(), g.numpy()
    heat = np.zeros((4, *maps.shape[2:]), dtype=np.float32)
    for i in range(4):
        for k in range(5):
            weight = 0.0
            for place in np.ndindex(maps.shape[2:]):
                slope = g[i, k][place]
                if slope != 0:
                    alpha = slope**2 / (2 * slope**2 + maps[i, k].sum() * slope**3)
                    weight += alpha * max(slope, 0)
            heat[i] += weight * maps[i, k]
    expected = nn.functional.interpolate(torch.from_numpy(heat)[:, None], (6, 8), mode="bilinear")[:, 0]
    found = gradcam_pp(net, x, "relu", target)
    torch.testing.assert_close(found, scaled(expected))
    # read before the ReLU: places where it is shut hand no gradient back, so they do not count
    assert gradcam_pp(net, x, "conv", target).shape == (4, 6, 8)


def test_methods_agree_with_captum():
    captum = pytest.importorskip("captum.attr")
    net, x, target = Conv().eval(), pixels(4, 2, 12, 16), torch.tensor([0, 1, 2, 0])
    net.head[0] = nn.Sequential(nn.AdaptiveAvgPool2d((3, 4)), nn.Flatten())
    grey = x.mean((2, 3), keepdim=True).expand_as(x)
    theirs = captum.IntegratedGradients(net).attribute(x, baselines=grey, target=target, n_steps=300)
    torch.testing.assert_close(attributions(net, x, target, steps=300), theirs.float(), atol=1e-3, rtol=0)
    box = {"sliding_window_shapes": (2, 4, 4), "strides": (2, 2, 2), "baselines": grey, "target": target}
    theirs = captum.Occlusion(nn.Sequential(net, nn.LogSoftmax(1))).attribute(x, **box)[:, 0]
    torch.testing.assert_close(occlusion(net, x, target, 4, 2), scaled(theirs.float()))


NETS = {
    "one output": lambda: (Conv(1), pixels(3, 2, 6, 8)),
    "cnn4": lambda: (cnn4(), pixels(3, 1, 16, 16)),
    "timm": lambda: (timm_net(), pixels(3, 3, 32, 32)),
    "no convolution": lambda: (Mlp((1, 8, 8), 3, units=[6]), pixels(3, 1, 8, 8)),
    "frozen": lambda: (Conv().requires_grad_(False), pixels(3, 2, 6, 8)),
}


@pytest.mark.parametrize("method", WORDS)
@pytest.mark.parametrize("name", NETS)
def test_heat_of_any_net(name, method):
    torch.manual_seed(0)
    net, x = NETS[name]()
    if name == "no convolution" and method in NEED_MAPS:
        with pytest.raises(FerlabError, match="has no 2-D convolution"):
            explain(net, x, method)
        return
    net.train()
    next(net.children()).eval()
    modes = [module.training for module in net.modules()]
    before = {key: value.clone() for key, value in net.state_dict().items()}
    heat = explain(net, x, method)
    assert heat.shape == (3, *x.shape[2:]) and not heat.requires_grad and heat.min() >= 0
    assert all(peak in (0, 1) for peak in heat.amax((1, 2)).tolist())
    assert [module.training for module in net.modules()] == modes
    assert all(p.grad is None for p in net.parameters()) and not x.requires_grad
    assert all(not module._forward_hooks and not module._forward_pre_hooks for module in net.modules())
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    with torch.inference_mode():
        torch.testing.assert_close(explain(net, x.clone(), method), heat)
    # images do not see each other, and the class predicted is the default
    alone = torch.cat([explain(net, one, method) for one in x.split(1)])
    torch.testing.assert_close(alone, heat, atol=1e-4, rtol=1e-3)
    with torch.no_grad():
        logits = net.eval()(x)
    predicted = (logits[:, 0] > 0).long() if logits.shape[1] == 1 else logits.argmax(1)
    torch.testing.assert_close(explain(net, x, method, predicted), heat)


def test_more_images_than_pass_at_once():
    net, x = linear(), pixels(70, 1, 6, 6)
    target = torch.arange(70) % 2
    expected = integrated_gradients(net, x, target)
    torch.testing.assert_close(explain(net, x, "integrated_gradients", target), expected)


class NoGradient(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)

    def forward(self, x):
        return self.conv(x).detach().mean((2, 3))


def test_mistakes_are_named():
    x = pixels(2, 1, 6, 6)
    with pytest.raises(FerlabError, match="no method 'lime'; what exists: gradcam, gradcam_pp, integrated_gradients"):
        explain(linear(), x, "lime")
    for method in WORDS:
        net = Conv() if method in NEED_MAPS else linear(3)
        images = pixels(2, 2, 6, 8) if method in NEED_MAPS else x
        with pytest.raises(FerlabError, match=r"0\.\.2, found \[0, 3\]"):
            explain(net, images, method, torch.tensor([0, 3]))
    for method in ("gradcam", "gradcam_pp", "integrated_gradients"):
        with pytest.raises(FerlabError, match=r"no gradient flows.*occlusion"):
            explain(NoGradient(), x, method)
    assert explain(NoGradient(), x, "occlusion").shape == (2, 6, 6)
    with pytest.raises(FerlabError, match=r"explain\.patch: expected a side in 1\.\.6 pixels, found 7"):
        explain(linear(), x, "occlusion", patch=7)
    with pytest.raises(FerlabError, match=r"explain\.stride: expected 1\.\.2 .*found 3"):
        explain(linear(), x, "occlusion", patch=2, stride=3)
    with pytest.raises(FerlabError, match="one step or more, found 0"):
        attributions(linear(), x, steps=0)
