"""Learning rates by depth, and groups with values of their own."""

import pytest
import torch

from ferlab.errors import FerlabError
from ferlab.fine_tuning.groups import depths, grouped, scale
from ferlab.fine_tuning.stage import Stage
from small_nets import cnn4, timm_net


def rates(net: torch.nn.Module, stage: Stage, lr: float = 1.0) -> dict[str, tuple[float, float]]:
    """Learning rate and weight decay of each parameter by name."""
    names = {name for name, _ in net.named_parameters()}
    optimizer = torch.optim.SGD(grouped(net, stage, names), lr=lr, weight_decay=0.5)
    scale(optimizer)
    found = {id(p): (group["lr"], group["weight_decay"]) for group in optimizer.param_groups for p in group["params"]}
    assert optimizer.param_groups[0]["lr"] == max(group["lr"] for group in optimizer.param_groups)
    return {name: found[id(p)] for name, p in net.named_parameters()}


def test_depths_of_a_timm_backbone_are_its_blocks_or_its_stages() -> None:
    depth = depths(timm_net(), coarse=True)
    assert depth["backbone.conv1.0.weight" if "backbone.conv1.0.weight" in depth else "backbone.conv1.weight"] == 0
    order = [depth[next(name for name in depth if name.startswith(f"backbone.layer{n}."))] for n in (1, 2, 3, 4)]
    assert order == [1, 2, 3, 4] and depth["head.dense1.linear.weight"] == depth["head.out.bias"] == 5
    assert max(depths(timm_net()).values()) >= 5


def test_depths_of_a_network_of_ours_are_its_children() -> None:
    depth = depths(cnn4())
    children = ["block1", "block2", "block3", "block4", "dense1", "dense2", "head"]
    assert depth == {name: children.index(name.partition(".")[0]) for name in depth}


def test_the_learning_rate_shrinks_from_layer_to_layer() -> None:
    mine = rates(cnn4(), Stage(layer_decay=0.5), lr=0.1)
    for number, child in enumerate(["head", "dense2", "dense1", "block4", "block3", "block2", "block1"]):
        (lr,) = {lr for name, (lr, _) in mine.items() if name.startswith(child)}
        assert lr == pytest.approx(0.1 * 0.5**number)


def test_without_anything_all_parameters_are_one_group_in_their_order() -> None:
    net = cnn4()
    (group,) = grouped(net, Stage(), {name for name, _ in net.named_parameters()})
    assert all(a is b for a, b in zip(group["params"], net.parameters(), strict=True)) and group["lr_scale"] == 1


def test_groups_have_values_of_their_own_and_the_first_that_fits_counts() -> None:
    stage = Stage(
        layer_decay=0.5,
        groups=[{"match": "head.*.weight", "weight_decay": 0.01}, {"match": ["head", "*.bn*"], "lr_scale": 10}],
    )
    mine = rates(timm_net(), stage)
    assert mine["head.dense1.linear.weight"] == mine["head.out.weight"] == (1.0, 0.01)
    assert mine["head.out.bias"] == (10.0, 0.5)
    deep = next(name for name in mine if name.startswith("backbone.layer4") and ".bn" in name)
    plain = next(name for name in mine if name.startswith("backbone.layer4") and ".conv" in name)
    assert mine[deep][0] == 10 * mine[plain][0] < 10 and mine[plain][1] == 0.5


def test_frozen_parameters_are_left_out() -> None:
    net = cnn4()
    (group,) = grouped(net, Stage(), {"head.weight"})
    assert [tuple(p.shape) for p in group["params"]] == [tuple(net.head.weight.shape)]


def test_a_group_that_matches_nothing_is_an_error() -> None:
    with pytest.raises(FerlabError, match=r"fine_tuning.groups: 'tail' matches no layer"):
        grouped(cnn4(), Stage(groups=[{"match": "tail"}]), set())


def test_the_documents_l2_is_this_weight_decay() -> None:
    # Keras: loss + l2 * sum of squares, Adam's gradient of it; D4's l2 is 1.77e-4
    l2, torchs = 1.773646922911e-4, []
    start = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    for decay, penalty in ((2 * l2, 0.0), (0.0, l2)):
        weight = torch.nn.Parameter(start.clone())
        optimizer = torch.optim.Adam([weight], lr=1e-2, weight_decay=decay, eps=1e-7)
        for _ in range(20):
            optimizer.zero_grad()
            (weight.sin().sum() + penalty * weight.square().sum()).backward()
            optimizer.step()
        torchs.append(weight.detach())
    torch.testing.assert_close(torchs[0], torchs[1], rtol=1e-4, atol=1e-5)
    assert (torchs[0] - start).abs().max() > 0.01
