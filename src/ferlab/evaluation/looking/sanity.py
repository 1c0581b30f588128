"""Are explanations worth a look? Insertion and deletion against chance, and whether heat depends on the weights at all.

The first asks whether the net needs the hot pixels, the second whether heat is more than an edge detector's. What is
explained is the predicted class: the question is what the net did, not whether it was right.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ferlab.evaluation.intervals import percentile, row_weights
from ferlab.explain.perturbation import POINTS, area, curves, moved, random_ranks, ranks
from ferlab.explain.randomisation import STAGES, randomised

ORDERS, MOVED, RESAMPLES, SEED = 3, 1, 2_000, 20180619
UNMOVED, PARTLY = 0.7, 0.3
"""Rank correlation with the trained net's heat, all weights being random, from which heat does not depend on them; and
from which it does so in part only."""

Heat = Callable[[nn.Module, Tensor], Tensor]


def insertion_deletion(
    net: nn.Module,
    x: Float[Tensor, "image channel height width"],
    heats: Mapping[str, Float[Tensor, "image height width"]],
    target: Int64[Tensor, "image"],
    points: int = POINTS,
    orders: int = ORDERS,
    seed: int = SEED,
) -> dict[str, Any]:
    """Measure each method's insertion and deletion beside two kinds of chance, paired image by image.

    Args:
        net: gives logits; left untouched.
        x: what the net takes, preprocessed.
        heats: method -> its heat in the net's input.
        target: the class that was explained in each image.
        points: places along a curve.
        orders: random orders an image; of moved maps `MOVED`.
        seed: of the orders.

    Returns:
        Plain values, an estimate being {"value", "low", "high", "interval"} with a bootstrap over images. "n", "share"
        (replaced, 0 to 1), "random" -> game -> {"auc", "curve"} of pixels in random order, and "methods" -> method ->
        game -> {"auc", "curve", "moved", "to_random", "to_moved"}: moved is the AUC of the same maps moved blindly,
        the last two are differences, method less chance. Games are deletion (the lower the better) and insertion.
    """
    found: dict[str, Any] = {
        "n": len(x),
        "share": np.linspace(0, 1, points).round(6).tolist(),
        "random": {},
        "methods": {name: {} for name in heats},
    }
    for game in ("deletion", "insertion"):
        generator = torch.Generator().manual_seed(seed)
        chance = [random_ranks(x[:, 0].shape, generator) for _ in range(orders)]
        blind = curves(net, x, chance, target, game == "insertion", points).mean(0)
        base = area(blind)
        found["random"][game] = {"auc": mean(base.numpy()), "curve": _curve(blind)}
        for name, heat in heats.items():
            own = [ranks(heat, generator), *(ranks(moved(heat.cpu(), generator), generator) for _ in range(MOVED))]
            lines = curves(net, x, own, target, game == "insertion", points)
            auc, elsewhere = area(lines[0]), area(lines[1:]).mean(0)
            found["methods"][name][game] = {
                "auc": mean(auc.numpy()),
                "curve": _curve(lines[0]),
                "moved": mean(elsewhere.numpy()),
                "to_random": mean((auc - base).numpy()),
                "to_moved": mean((auc - elsewhere).numpy()),
            }
    return found


def randomisation(
    net: nn.Module,
    x: Float[Tensor, "image channel height width"],
    methods: Mapping[str, Heat],
    stages: int = STAGES,
    seed: int = 0,
) -> dict[str, Any]:
    """Compare each method's heat for the trained net with that for nets of which ever more layers are random.

    Args:
        net: a trained net; left untouched.
        x: two or more images that it takes, preprocessed.
        methods: method -> heat of a net and images; it must explain the same class throughout.
        stages: how many nets, spread evenly over the layers.
        seed: of the random weights.

    Returns:
        Plain values: "n", "layers" (how many were random, 0 first), "last" (the name of the layer drawn last),
        "methods" -> method -> {"spearman": [estimate or None], "ssim": [estimate or None], "verdict"}. Images whose
        heat is the same everywhere, before or after, have no rank correlation and are left out of it ("n_told").
    """
    before = {name: heat(net, x).cpu().numpy() for name, heat in methods.items()}
    found: dict[str, Any] = {
        "n": len(x),
        "layers": [0],
        "last": [None],
        "methods": {name: {"spearman": [], "ssim": [], "n_told": []} for name in methods},
    }
    for name, one in found["methods"].items():
        _similar(one, before[name], before[name])
    for drawn, other in randomised(net, x, stages, seed):
        found["layers"].append(len(drawn))
        found["last"].append(drawn[-1])
        for name, heat in methods.items():
            _similar(found["methods"][name], before[name], heat(other, x).cpu().numpy())
    for one in found["methods"].values():
        one["verdict"] = _verdict(one["spearman"], found["layers"])
    return found


def mean(values: Float[np.ndarray, "image"], resamples: int = RESAMPLES) -> dict[str, float | str]:
    """Return the mean over images with its 95 % bootstrap interval."""
    return _means(values[:, None], resamples)[0]


def spearman(
    a: Float[np.ndarray, "image height width"], b: Float[np.ndarray, "image height width"]
) -> Float[np.ndarray, "image"]:
    """Return the rank correlation of two maps for each image, ties sharing their mean rank; NaN where one is even."""
    from scipy.stats import rankdata

    one, other = (rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (a, b))
    one, other = one - one.mean(1, keepdims=True), other - other.mean(1, keepdims=True)
    size = np.sqrt((one**2).sum(1) * (other**2).sum(1))
    return np.asarray(np.divide((one * other).sum(1), size, out=np.full(len(one), np.nan), where=size > 0))


def _similar(one: dict[str, Any], before: np.ndarray, after: np.ndarray) -> None:
    from torchmetrics.functional.image import structural_similarity_index_measure

    ranked = spearman(before, after)
    told = ranked[~np.isnan(ranked)]
    one["spearman"].append(mean(told) if len(told) else None)
    one["n_told"].append(len(told))
    # the window of 11 pixels reflects five at each edge
    if min(before.shape[1:]) < 6:
        one["ssim"].append(None)
        return
    now, then = (torch.from_numpy(maps)[:, None].float() for maps in (after, before))
    each = structural_similarity_index_measure(now, then, data_range=1.0, reduction="none")
    assert isinstance(each, Tensor)
    one["ssim"].append(mean(each.double().numpy()))


def _verdict(ranked: Sequence[dict[str, Any] | None], layers: Sequence[int]) -> str:
    last = ranked[-1]
    if last is None:
        return "gives no heat at all once the weights are random"
    if last["value"] >= UNMOVED:
        return "does not depend on the weights"
    partly = last["value"] >= PARTLY
    words = "depends on the weights only in part, and" if partly else "depends on the weights, but"
    idle = 0
    for one, drawn in zip(ranked[1:], layers[1:], strict=True):
        if one is None or one["value"] < UNMOVED:
            break
        idle = drawn
    which = "those of the last layer" if idle == 1 else f"those of the last {idle} layers"
    return f"{words} not on {which}" if idle else words.rpartition(",")[0]


def _curve(lines: Float[Tensor, "image points"]) -> list[dict[str, float | str]]:
    return _means(lines.numpy(), RESAMPLES)


def _means(columns: Float[np.ndarray, "image column"], resamples: int) -> list[dict[str, float | str]]:
    """Return the mean of each column over images, with the bootstrap's interval."""
    columns = columns.astype(np.float64)
    draws = np.concatenate([columns.T @ w / len(columns) for w in row_weights(len(columns), resamples)], axis=1)
    out: list[dict[str, float | str]] = []
    for value, line in zip(columns.mean(0), draws, strict=True):
        low, high = percentile(line) or (float(value), float(value))
        out.append(
            {"value": round(float(value), 6), "low": round(low, 6), "high": round(high, 6), "interval": "bootstrap"}
        )
    return out
