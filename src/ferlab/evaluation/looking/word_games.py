"""Do attributions name the words that the net needs? The strongest are taken out, beside as many at random."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import nn

from ferlab.evaluation.looking.sanity import mean
from ferlab.explain.layers import evaluating

SHARES = (0.05, 0.1, 0.2, 0.4)
ORDERS, SEED, PART = 3, 20180619, 64
PADDING = 0


def word_games(
    net: nn.Module,
    ids: Int[np.ndarray, "text token"],
    attributions: Mapping[str, Float[np.ndarray, "text token output"]],
    shares: tuple[float, ...] = SHARES,
    orders: int = ORDERS,
    seed: int = SEED,
) -> dict[str, Any]:
    """Measure how far each output falls, in what it says, without the words that speak most for it.

    Args:
        net: takes numbers of words, gives logits; left untouched.
        ids: numbers of words, 0 being padding.
        attributions: method -> what each word adds to each output.
        shares: of a text's words to take out, each at least one word.
        orders: random choices, averaged.
        seed: of them.

    Returns:
        Plain values: "n" texts, "shares", "random" -> "falls", and "methods" -> method -> "falls" (an estimate a
        share), "fall" (its mean over the shares) and "to_random" (less chance's, paired by text): estimates in logits,
        positive where the output fell, averaged over the outputs, with a bootstrap over texts.
    """
    rng = np.random.default_rng(seed)
    whole = _logits(net, ids)
    sides = np.where(whole > 0, 1.0, -1.0)
    chance = np.mean([_falls(net, ids, whole, sides, rng.random((*ids.shape, 1)), shares) for _ in range(orders)], 0)
    found: dict[str, Any] = {
        "n": len(ids),
        "shares": list(shares),
        "random": {"falls": [mean(one) for one in chance]},
        "methods": {},
    }
    for name, one in attributions.items():
        falls = _falls(net, ids, whole, sides, one * sides[:, None, :], shares)
        found["methods"][name] = {
            "falls": [mean(each) for each in falls],
            "fall": mean(falls.mean(0)),
            "to_random": mean((falls - chance).mean(0)),
        }
    return found


def _falls(
    net: nn.Module,
    ids: Int[np.ndarray, "text token"],
    whole: Float[np.ndarray, "text output"],
    sides: Float[np.ndarray, "text output"],
    order: Float[np.ndarray, "text token _"],
    shares: tuple[float, ...],
) -> Float[np.ndarray, "share text"]:
    """Return how far each text's outputs fall on their side, averaged, the words of highest `order` being out."""
    words = ids != PADDING
    found = np.zeros((len(shares), len(ids)))
    for column in range(order.shape[2]):
        ranks = np.where(words, order[:, :, column], -np.inf).argsort(1)[:, ::-1].argsort(1)
        for i, share in enumerate(shares):
            out = words & (ranks < np.ceil(share * words.sum(1))[:, None])
            after = _logits(net, np.where(out, PADDING, ids))
            fall = (whole - after) * sides
            # a random order is the same for every output
            found[i] += fall.mean(1) if order.shape[2] == 1 else fall[:, column] / order.shape[2]
    return found


def _logits(net: nn.Module, ids: Int[np.ndarray, "text token"]) -> Float[np.ndarray, "text output"]:
    device = next(net.parameters()).device
    with torch.no_grad(), evaluating(net):
        parts = torch.split(torch.from_numpy(np.asarray(ids)).long(), PART)
        return torch.cat([net(part.to(device)).float().cpu() for part in parts]).double().numpy()
