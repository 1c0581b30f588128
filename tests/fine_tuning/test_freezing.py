"""What patterns mean, what is frozen, and that BatchNorm there stays as it is."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from ferlab.errors import FerlabError
from ferlab.fine_tuning import freezing
from ferlab.fine_tuning.patterns import matching
from ferlab.fine_tuning.stage import Stage
from small_nets import cnn4, timm_net


def learns(net: nn.Module) -> set[str]:
    return {name for name, parameter in net.named_parameters() if parameter.requires_grad}


def test_a_pattern_is_a_layer_a_parameter_or_many_of_them() -> None:
    net = cnn4()
    every = {name for name, _ in net.named_parameters()}
    assert matching(net, ["*"]) == every
    assert matching(net, ["head"]) == {"head.weight", "head.bias"}
    assert matching(net, ["head.bias"]) == {"head.bias"}
    assert matching(net, ["block[12].bn", "dense1"]) == {
        *(f"block{n}.bn.{p}" for n in (1, 2) for p in ("weight", "bias")),
        *(f"dense1.{layer}.{p}" for layer in ("linear", "bn") for p in ("weight", "bias")),
    }
    assert matching(net, ["*.bias"]) == {name for name in every if name.endswith(".bias")}
    assert matching(net, []) == set()


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("heads", "'heads' matches no layer .*nearest: head"),
        ("blok1.conv", "nearest: block1.conv"),
        ("block1.relu", "matches no layer that has parameters"),
        ("backbone", "its parts: block1, .*head"),
    ],
)
def test_a_pattern_that_matches_nothing_is_an_error(pattern: str, said: str) -> None:
    with pytest.raises(FerlabError, match=said):
        freezing.apply(cnn4(), Stage(freeze=[pattern]))


def test_unfreeze_goes_before_freeze() -> None:
    net = cnn4()
    assert freezing.apply(net, Stage(freeze=["*"], unfreeze=["head"]))
    assert learns(net) == {"head.weight", "head.bias"}
    assert not freezing.apply(net, Stage(freeze=["*"], unfreeze=["head"]))
    assert freezing.apply(net, Stage()) and learns(net) == {name for name, _ in net.named_parameters()}
    with pytest.raises(FerlabError, match="nothing to learn"):
        freezing.apply(net, Stage(freeze=["*"]))


def test_frozen_batchnorm_keeps_its_statistics_and_the_rest_learns_theirs() -> None:
    net = timm_net()
    freezing.apply(net, Stage(freeze=["backbone"], unfreeze=["backbone.layer4"]))
    net.train()
    freezing.settle(net)
    before = {name: value.clone() for name, value in net.named_buffers()}
    net(torch.rand(4, 3, 32, 32))
    moved = {name for name, value in net.named_buffers() if not torch.equal(value, before[name])}
    assert moved and all(name.startswith(("backbone.layer4", "head.")) for name in moved)
    assert {name for name, _ in net.named_buffers() if name.startswith("backbone.layer4")} <= moved
    assert not net.backbone.layer1.training and net.head.training  # type: ignore[union-attr]


def test_gradual_unfreezing_goes_from_the_outputs_down() -> None:
    net = timm_net()
    stage = Stage(gradual=2)
    opened = []
    for epoch in range(14):
        freezing.apply(net, stage, epoch)
        opened.append({name.split(".")[1] for name in learns(net) if name.startswith("backbone.")})
    fresh = [now - before for before, now in pairwise(opened)]
    layers = [f"layer{n}" for n in (4, 3, 2, 1)]
    assert [one for one in fresh if one][:4] == [{layer} for layer in layers]
    assert [epoch + 1 for epoch, one in enumerate(fresh) if one] == [2, 4, 6, 8, 10]
    assert learns(net) == {name for name, _ in net.named_parameters()}
    freezing.apply(net, stage, 1)
    assert all(name.startswith("head.") for name in learns(net))


def test_gradual_unfreezing_of_a_network_of_ours_and_beside_frozen_layers() -> None:
    net = cnn4()
    stage = Stage(gradual=1, freeze=["block1"])
    order = []
    for epoch in range(9):
        freezing.apply(net, stage, epoch)
        order.append({name.partition(".")[0] for name in learns(net)})
    assert (
        order[0] == {"head"} and order[1] == {"head", "dense2"} and order[3] == {"head", "dense2", "dense1", "block4"}
    )
    assert order[-1] == {"head", "dense2", "dense1", "block4", "block3", "block2"}
