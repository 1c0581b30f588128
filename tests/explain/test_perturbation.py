"""Insertion and deletion on nets whose answer is known."""

import pytest
import torch
from torch import nn

from ferlab.explain.baseline import blurred, mean_colour
from ferlab.explain.perturbation import area, curves, moved, random_ranks, ranks


def lot(seed=0):
    return torch.Generator().manual_seed(seed)


def test_ranks_put_the_hottest_first_and_ties_by_lot():
    heat = torch.tensor([[[0.0, 0.5], [1.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    found = [ranks(heat, lot(seed)) for seed in range(40)]
    assert all(one[0, 1, 0] == 0 and one[0, 0, 1] == 1 for one in found)
    assert {tuple(one[0][[0, 1], [0, 1]].tolist()) for one in found} == {(2, 3), (3, 2)}
    assert all(sorted(one[1].flatten().tolist()) == [0, 1, 2, 3] for one in found)
    first = torch.stack([one[1] == 0 for one in found]).float().mean(0)
    assert first.min() > 0 and first.max() < 0.6
    torch.testing.assert_close(ranks(heat, lot(3)), ranks(heat, lot(3)))


def test_random_orders_are_orders():
    found = random_ranks(torch.Size((5, 3, 4)), lot())
    assert torch.equal(found.flatten(1).sort(1).values, torch.arange(12).expand(5, 12))
    assert len({tuple(one.flatten().tolist()) for one in found}) == 5


def test_moved_maps_hold_the_same_values_elsewhere():
    heat = torch.rand(30, 5, 7, generator=lot())
    found = moved(heat, lot(1))
    assert torch.equal(found.flatten(1).sort(1).values, heat.flatten(1).sort(1).values)
    assert (found != heat).any((1, 2)).float().mean() > 0.8
    # every row is a row of the map before, rolled or mirrored: neighbours stay neighbours
    rows = {tuple(sorted(row.tolist())) for row in heat[0]}
    assert {tuple(sorted(row.tolist())) for row in found[0]} == rows


def test_areas():
    assert area(torch.tensor([1.0, 1.0, 1.0])) == 1
    torch.testing.assert_close(area(torch.tensor([[0.0, 1.0], [1.0, 0.5]])), torch.tensor([0.5, 0.75]))


def quarter(outputs):
    """A net that looks at one quarter of an 8 x 8 image alone."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, outputs))
    with torch.no_grad():
        net[1].weight.zero_()
        net[1].bias.fill_(-3.0)
        net[1].weight[outputs - 1].view(8, 8)[:4, :4] = 1.0
    return net


@pytest.mark.parametrize("outputs", [1, 2])
def test_curves_are_the_plain_loop(outputs):
    net, x = quarter(outputs).train(), torch.rand(70, 1, 8, 8, generator=lot())
    target = torch.arange(70) % 2
    orders = [ranks(x[:, 0], lot()), random_ranks(x[:, 0].shape, lot())]
    for insert in (False, True):
        found = curves(net, x, orders, target, insert, points=5)
        assert found.shape == (2, 70, 5) and net.training
        start, end = (blurred(x), x) if insert else (x, mean_colour(x))
        for k, order in enumerate(orders):
            for j in range(5):
                state = torch.where(order[:, None] < 16 * j, end, start)
                logits = net(state).detach()
                p = logits.sigmoid() if outputs == 1 else logits.softmax(1)[:, 1:]
                expected = torch.where(target == 1, p[:, 0], 1 - p[:, 0])
                torch.testing.assert_close(found[k, :, j], expected, atol=1e-5, rtol=1e-4)


def test_the_baselines_say_nothing_of_the_place_but_keep_the_colour():
    x = torch.zeros(2, 3, 48, 48)
    x[0, :, 20:28, 20:28] = 1
    x[1, 0, 10] = 2
    soft, grey = blurred(x), mean_colour(x)
    torch.testing.assert_close(grey.mean((2, 3)), x.mean((2, 3)))
    assert torch.equal(grey.amax((2, 3)), grey.amin((2, 3)))
    torch.testing.assert_close(soft[0].mean((1, 2)), x[0].mean((1, 2)), atol=0.01, rtol=0)
    assert soft[0].max() < 0.3 and soft.shape == x.shape
