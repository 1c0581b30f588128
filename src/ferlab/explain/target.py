"""What is explained: the score of a class; and what every heat map is scaled to."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ferlab.errors import FerlabError


def chosen_class(logits: Float[Tensor, "batch outputs"], target: Int[Tensor, "batch"] | None) -> Int[Tensor, "batch"]:
    """Return the class to explain in each image: `target`, or the predicted one; 0 or 1 for a binary net's one output.

    Raises:
        FerlabError: a target that is no class.
    """
    if target is None:
        return (logits[:, 0] > 0).long() if logits.shape[1] == 1 else logits.argmax(1)
    classes = max(logits.shape[1], 2)
    if bool(((target < 0) | (target >= classes)).any()):
        raise FerlabError(f"explain: expected target classes 0..{classes - 1}, found {target.tolist()}")
    return target.to(logits.device)


def class_score(
    logits: Float[Tensor, "batch outputs"], target: Int[Tensor, "batch"] | None = None
) -> Float[Tensor, "batch"]:
    """Return the logit of the class to explain; of a binary net's class 0 the negative logit.

    Raises:
        FerlabError: a target that is no class.
    """
    chosen = chosen_class(logits, target)
    if logits.shape[1] == 1:
        return torch.where(chosen == 1, logits[:, 0], -logits[:, 0])
    return logits.gather(1, chosen[:, None])[:, 0]


def log_probability(
    logits: Float[Tensor, "batch outputs"], target: Int[Tensor, "batch"] | None = None
) -> Float[Tensor, "batch"]:
    """Return the logarithm of the probability (softmax; sigmoid of one output) of the class to explain.

    Raises:
        FerlabError: a target that is no class.
    """
    if logits.shape[1] == 1:
        return torch.nn.functional.logsigmoid(class_score(logits, target))
    return class_score(logits.log_softmax(1), target)


def gradient(score: Float[Tensor, "batch"], of: Tensor, name: str) -> Tensor:
    """Return the gradient of the scores with respect to `of`, called `name` in the error.

    Raises:
        FerlabError: no gradient flows from the score to it.
    """
    try:
        return torch.autograd.grad(score.sum(), of)[0]
    except RuntimeError as error:
        # raised where the score, or its path to `of`, knows no gradient; anything else is none of ours
        if "require grad" not in str(error) and "not have been used in the graph" not in str(error):
            raise
        raise FerlabError(
            f"explain: no gradient flows from the class' score back to {name}; this net can be explained by occlusion "
            "alone: explain.methods=[occlusion]"
        ) from error


def scaled(heat: Float[Tensor, "batch height width"]) -> Float[Tensor, "batch height width"]:
    """Return what is positive, each image's strongest place scaled to 1; an image without any stays at zero."""
    heat = heat.float().clamp_min(0)
    peak = heat.amax((1, 2), keepdim=True)
    return torch.where(peak > 0, heat / peak.clamp_min(torch.finfo(heat.dtype).tiny), torch.zeros_like(heat))
