"""Texts on their way to a network: cleaned once, a vocabulary from the training part alone, numbers for all."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int32, Int64
from torch import nn

from ferlab.build import build
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError
from ferlab.text.cleaning import clean
from ferlab.transforms.text import Text


def learnt(preprocess: dict[str, Any], samples: Samples, training: Int64[np.ndarray, "training"]) -> dict[str, Any]:
    """Complete the plain values of a preprocessing by the vocabulary of the training texts; others stay as they are.

    Args:
        preprocess: values of conf/model, `preprocess`.
        samples: the whole data set.
        training: positions of its training part, which is all that is read.

    Raises:
        FerlabError: a model for texts on something else or the other way around, or not a single word.
    """
    is_text = str(preprocess.get("_target_", "")).endswith(".Text")
    if (samples.spec.modality == "text") != is_text:
        meant, cure = ("texts", "a data set of texts") if is_text else ("images or sounds", "a model for texts")
        raise FerlabError(
            f"model: this one is for {meant}, but the modality of data set {samples.name} is "
            f"{samples.spec.modality}; cure: {cure}"
        )
    if not is_text or preprocess.get("vocabulary") is not None:
        return preprocess
    front: Text = build(preprocess, samples.spec.shape)
    return {**preprocess, **front.learn(cleaned(samples.x[training].tolist(), front))}


def cleaned(texts: Sequence[str], front: Text) -> list[list[str]]:
    """Return the words of each text as a preprocessing cleans it."""
    return clean(texts, front.cleaning)


def encoded(samples: Samples, preprocess: nn.Module) -> Int32[np.ndarray, "sample tokens"]:
    """Return the numbers of the words of all texts.

    Args:
        samples: texts.
        preprocess: a `Text` with its vocabulary.
    """
    if not isinstance(preprocess, Text):
        raise FerlabError(
            f"preprocess: expected ferlab.transforms.text.Text for texts, found {type(preprocess).__name__}"
        )
    return preprocess.number(cleaned(samples.x.tolist(), preprocess))
