"""The checks tell good heat from bad where the truth is known."""

import json

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from ferlab.evaluation.figures.explanation_charts import insertion_deletion as games_figure
from ferlab.evaluation.figures.explanation_charts import randomisation as weights_figure
from ferlab.evaluation.figures.style import Caption
from ferlab.evaluation.looking.sanity import insertion_deletion, mean, randomisation, spearman
from ferlab.evaluation.pages.explained import section
from ferlab.explain.methods import explain

CHECKS = (torch.arange(6)[:, None] + torch.arange(6)) % 2 - 0.5
"""A texture that neither blur nor mean colour keeps."""


def quarter():
    """A net that looks for the texture in one quarter of a 12 x 12 image alone."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(144, 2))
    with torch.no_grad():
        net[1].weight.zero_()
        net[1].bias.zero_()
        net[1].weight[1].view(12, 12)[:6, :6] = CHECKS
        net[1].bias[0] = 4.0
    return net


@pytest.fixture(scope="module")
def faces():
    generator = torch.Generator().manual_seed(0)
    x = 0.5 + 0.2 * torch.rand(60, 1, 12, 12, generator=generator)
    x[:, :, :6, :6] += CHECKS
    return x


def test_the_true_region_beats_chance_and_blind_heat_does_not(faces):
    true = torch.zeros(60, 12, 12)
    true[:, :6, :6] = 1
    wrong = 1 - true
    blind = torch.rand(60, 12, 12, generator=torch.Generator().manual_seed(5))
    found = insertion_deletion(quarter(), faces, {"true": true, "wrong": wrong, "blind": blind}, torch.ones(60).long())
    json.dumps(found, allow_nan=False)
    assert found["n"] == 60 and found["share"][0] == 0 and found["share"][-1] == 1 and len(found["share"]) == 11
    good, bad, even = (found["methods"][name] for name in ("true", "wrong", "blind"))
    for kind in ("to_random", "to_moved"):
        assert good["deletion"][kind]["high"] < -0.1 and good["insertion"][kind]["low"] > 0.1
        assert bad["deletion"][kind]["low"] > 0.1 and bad["insertion"][kind]["high"] < -0.1
        for game in ("deletion", "insertion"):
            assert abs(even[game][kind]["value"]) < 0.02
    one, chance = good["deletion"], found["random"]["deletion"]["auc"]
    assert one["to_random"]["value"] == pytest.approx(one["auc"]["value"] - chance["value"], abs=2e-6)
    assert one["to_moved"]["value"] == pytest.approx(one["auc"]["value"] - one["moved"]["value"], abs=2e-6)
    # all orders begin and end alike
    for game in ("deletion", "insertion"):
        ends = [(m[game]["curve"][0]["value"], m[game]["curve"][-1]["value"]) for m in found["methods"].values()]
        assert len(set(ends)) == 1


def test_a_coarse_map_is_fairly_judged_by_moved_maps_alone(faces):
    # a net that needs every part a little: pixels strewn at random hurt no less than a spot does
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(400, 2))
    spot = torch.zeros(60, 12, 12)
    for i in range(60):
        spot[i, i % 9 : i % 9 + 4, i // 7 : i // 7 + 4] = 1
    found = insertion_deletion(net, faces, {"spot": spot}, torch.ones(60).long())["methods"]["spot"]["deletion"]
    assert found["to_moved"]["low"] < 0.01 and found["to_moved"]["high"] > -0.01


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.conv = nn.Conv2d(1, 6, 3, padding=1)
        self.bn = nn.BatchNorm2d(6)
        self.head = nn.Linear(6 * 36, 3)

    def forward(self, x):
        x = nn.functional.avg_pool2d(self.bn(self.conv(x)).relu(), 2)
        return self.head(x.flatten(1))


def test_heat_that_does_not_depend_on_the_weights_is_named():
    x = torch.rand(24, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    net, target = Net(), torch.arange(24) % 3

    def edges(_, images):
        return (images[:, 0] - images[:, 0].roll(1, 1)).abs()

    def features(model, images):
        return model.eval().conv(images).detach().abs().sum(1)

    def gradients(model, images):
        return explain(model, images, "integrated_gradients", target)

    def nothing(model, images):
        return torch.zeros(24, 12, 12) if model is not net else edges(model, images)

    asked = {"edges": edges, "features": features, "integrated_gradients": gradients, "nothing": nothing}
    found = randomisation(net, x, asked)
    json.dumps(found, allow_nan=False)
    assert found["layers"] == [0, 1, 2] and found["last"] == [None, "head", "conv"] and found["n"] == 24
    verdicts = {name: one["verdict"] for name, one in found["methods"].items()}
    assert verdicts["edges"] == "does not depend on the weights"
    assert verdicts["features"].endswith(" not on those of the last layer")
    assert verdicts["integrated_gradients"] == "depends on the weights"
    assert verdicts["nothing"].startswith("gives no heat at all")
    edge, ours = found["methods"]["edges"], found["methods"]["integrated_gradients"]
    assert [one["value"] for one in edge["spearman"]] == [1, 1, 1]
    assert [one["value"] for one in edge["ssim"]] == pytest.approx([1, 1, 1], abs=1e-5)
    assert ours["spearman"][0]["value"] == 1 and ours["spearman"][-1]["high"] < 0.5 and ours["ssim"][-1]["high"] < 0.9
    assert found["methods"]["nothing"]["n_told"] == [24, 0, 0]
    # none of it is drawn as if it were there
    weights_figure(found, Caption("made", "net", 0))
    games = insertion_deletion(net, x, {"edges": edges(net, x)}, target)
    games_figure(games, Caption("made", "net", 0))


def test_rank_correlation_is_scipys():
    rng = np.random.default_rng(0)
    a, b = np.round(rng.random((7, 5, 6)), 1), rng.random((7, 5, 6))
    b[1] = a[1] ** 3
    a[6] = 0.5
    found = spearman(a, b)
    expected = [stats.spearmanr(p.ravel(), q.ravel()).statistic for p, q in zip(a[:6], b[:6], strict=True)]
    np.testing.assert_allclose(found[:6], expected, atol=1e-12)
    assert found[1] == pytest.approx(1) and np.isnan(found[6])


def test_intervals_of_a_mean_cover():
    rng = np.random.default_rng(1)
    hit = 0
    for _ in range(200):
        one = mean(rng.exponential(size=80), resamples=400)
        hit += one["low"] <= 1 <= one["high"]
    assert 0.88 <= hit / 200 <= 0.98


def test_the_report_tells_what_was_found(faces):
    assert section(None) == [] and section({"methods": ["gradcam"], "left_out": []}) == []
    target = torch.ones(60).long()
    heat = explain(quarter(), faces, "occlusion", target)
    games = insertion_deletion(quarter(), faces, {"occlusion": heat}, target)
    weights = randomisation(quarter(), faces, {"occlusion": lambda net, x: explain(net, x, "occlusion", target)})
    found = {"methods": ["occlusion"], "left_out": ["gradcam"]}
    text = "\n".join(section(found | {"insertion_deletion": games, "randomisation": weights}))
    gap = games["methods"]["occlusion"]["deletion"]["to_random"]
    assert f"{gap['value']:+.3f} ({gap['low']:+.3f} to {gap['high']:+.3f})" in text
    assert "n = 60 test images" in text and "| occlusion |" in text
    assert weights["methods"]["occlusion"]["verdict"] in text
    assert "Left out, for the network has no 2-D convolution: Grad-CAM." in text
