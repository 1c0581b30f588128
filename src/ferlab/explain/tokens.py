"""What each word of a text adds to each output: integrated gradients on the words' vectors, and occlusion of words.

Sources: Sundararajan et al., arXiv:1703.01365; Zeiler and Fergus, doi:10.1007/978-3-319-10590-1_53, for words as in
Li et al., arXiv:1612.08220. The baseline is the text with words fading to nothing: their vectors go to zero in place.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.explain.layers import evaluating

METHODS = ("integrated_gradients", "occlusion")
STEPS = 8
"""Points of Gauss and Legendre's quadrature; `completeness` tells what they miss."""
ON_CPU, ELSEWHERE = 64, 512
"""Texts with a word missing that pass the net at once."""
PADDING = 0


def token_attributions(
    net: nn.Module, ids: Int[Tensor, "text token"], method: str = METHODS[0], steps: int = STEPS
) -> Float[Tensor, "text token output"]:
    """Return what each word adds to each output (its logit), negative where it speaks against it; padding has zero.

    The net is left untouched: mode, hooks, gradients.

    Args:
        net: takes numbers of words, gives logits.
        ids: numbers of words, 0 being padding.
        method: integrated_gradients or occlusion.
        steps: gradients along the way; integrated gradients alone.

    Raises:
        FerlabError: no such method, or a net through which no gradient flows.
    """
    if method == "occlusion":
        return occlusion(net, ids)
    if method == "integrated_gradients":
        return integrated_gradients(net, ids, steps)
    raise FerlabError(f"explain.methods: for texts expected some of {', '.join(METHODS)}, found {method!r}")


def integrated_gradients(
    net: nn.Module, ids: Int[Tensor, "text token"], steps: int = STEPS
) -> Float[Tensor, "text token output"]:
    """Return the path integral of each output's gradient while all words come in from nothing.

    Of a net with `embedding: nn.Embedding` the vectors are scaled; one whose `forward` takes `presence` is told. They
    sum to the output less what it is without any word, up to the quadrature's error.

    Raises:
        FerlabError: fewer than one step, or neither of the two.
    """
    if steps < 1:
        raise FerlabError(f"explain: integrated gradients expect one step or more, found {steps}")
    places, weights = np.polynomial.legendre.leggauss(steps)
    # cuDNN's recurrent layers know no gradient in evaluation mode
    cudnn = torch.backends.cudnn.flags(enabled=False)
    with torch.inference_mode(False), torch.enable_grad(), evaluating(net), cudnn:
        numbers = ids.detach().clone()
        total: Tensor | None = None
        for place, weight in zip(places, weights, strict=True):
            # leaves of their own, so that no gradient lands in the net's parameters
            presence = torch.full(
                numbers.shape, (float(place) + 1) / 2, dtype=torch.float32, device=ids.device, requires_grad=True
            )
            logits = _faded(net, numbers, presence).float()
            slopes = [_slope(logits[:, i], presence, i + 1 < logits.shape[1]) for i in range(logits.shape[1])]
            here = torch.stack(slopes, 2) * (float(weight) / 2)
            total = here if total is None else total + here
        assert total is not None
        return (total * (numbers != PADDING)[:, :, None]).detach()


def completeness(
    net: nn.Module, ids: Int[Tensor, "text token"], attributions: Float[Tensor, "text token output"]
) -> Float[Tensor, "text output"]:
    """Return by how much integrated gradients miss the difference that they should sum to, in logits."""
    with torch.no_grad(), evaluating(net):
        ones = torch.ones(ids.shape, device=ids.device)
        rise = _faded(net, ids, ones) - _faded(net, ids, torch.zeros_like(ones))
    return attributions.sum(1) - rise.float()


def occlusion(net: nn.Module, ids: Int[Tensor, "text token"]) -> Float[Tensor, "text token output"]:
    """Return how far each output falls when a word alone is missing; no gradient is needed, so it serves every net."""
    part = ON_CPU if ids.device.type == "cpu" else ELSEWHERE
    with torch.no_grad(), evaluating(net):
        whole = torch.cat([net(some) for some in torch.split(ids, part)]).float()
        found = torch.zeros(*ids.shape, whole.shape[1], device=ids.device)
        texts, tokens = (ids != PADDING).nonzero(as_tuple=True)
        for text, token in zip(torch.split(texts, part), torch.split(tokens, part), strict=True):
            without = ids[text]
            without[torch.arange(len(text), device=ids.device), token] = PADDING
            found[text, token] = whole[text] - net(without).float()
    return found


def _slope(score: Tensor, presence: Tensor, again: bool) -> Tensor:
    try:
        return torch.autograd.grad(score.sum(), presence, retain_graph=again)[0]
    except RuntimeError as error:
        # raised where no path leads from the score to the words; anything else is none of ours
        if "require grad" not in str(error) and "not have been used in the graph" not in str(error):
            raise
        raise FerlabError(
            "explain: no gradient flows from the outputs back to the words; this net can be explained by occlusion "
            "alone: explain.methods=[occlusion]"
        ) from error


def _faded(net: nn.Module, ids: Tensor, presence: Tensor) -> Tensor:
    """Return the logits of texts whose words are there in part only."""
    logits: Tensor
    if "presence" in inspect.signature(net.forward).parameters:
        logits = net(ids, presence)
    else:
        with _scaled(net, presence):
            logits = net(ids)
    return logits


@contextmanager
def _scaled(net: nn.Module, presence: Tensor) -> Iterator[None]:
    embedding = getattr(net, "embedding", None)
    if not isinstance(embedding, nn.Embedding):
        raise FerlabError(
            f"explain: {type(net).__name__} has no `embedding` of words for integrated gradients; "
            "cure: explain.methods=[occlusion]"
        )
    hook = embedding.register_forward_hook(lambda _, __, vectors: vectors * presence[:, :, None].to(vectors.dtype))
    try:
        yield
    finally:
        hook.remove()
