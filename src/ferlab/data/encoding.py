"""Texts on their way to a network: cleaned once, a vocabulary from the training part alone, numbers for all."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Int32, Int64
from torch import nn

from ferlab.build import build
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError
from ferlab.text.cleaning import clean
from ferlab.text.word2vec import Word2Vec, coverage, vectors
from ferlab.transforms.text import FIRST, Text


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
    return {**preprocess, **front.learn(cleaned(samples, front, training))}


def cleaned(samples: Samples, front: Text, positions: Int64[np.ndarray, "chosen"]) -> list[list[str]]:
    """Return the words of some texts as a preprocessing cleans them.

    Each text is cleaned by itself, so all of them are cleaned at once: every fold then finds them in the cache.
    """
    every = clean(samples.x.tolist(), front.cleaning)
    return [every[position] for position in positions.tolist()]


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
    return preprocess.number(clean(samples.x.tolist(), preprocess.cleaning))


def begin_with_vectors(
    net: nn.Module,
    preprocess: nn.Module,
    samples: Samples,
    roles: Mapping[str, np.ndarray],
    values: dict[str, Any] | None,
) -> dict[str, Any] | None:
    """Put word vectors into a network's attribute `embedding`, in place, from row 2 on.

    Padding, the unknown word and words that the source lacks keep what the network began with.

    Args:
        net: its `embedding` has a row for each number of the preprocessing.
        preprocess: of texts, a `Text` with its vocabulary; with any other nothing happens.
        samples: the whole data set; vectors are trained on the training part alone.
        roles: positions of "train", "val" and "test"; of the others no more than the coverage is counted.
        values: plain values of a `Word2Vec`; None or source "random": the network begins by itself.

    Returns:
        Where the vectors came from, and what vocabulary and vectors cover, for reports; None for other samples.

    Raises:
        FerlabError: a network without word vectors, or a file that does not fit.
    """
    if not isinstance(preprocess, Text):
        return None
    options: Word2Vec = build(values) if values else Word2Vec("random")
    words = preprocess.vocabulary or []
    texts = {role: cleaned(samples, preprocess, indices) for role, indices in roles.items()}
    known = np.zeros(len(words), bool)
    facts: dict[str, Any] = {"source": "random", "words": len(words)}
    if options.source != "random":
        table = getattr(net, "embedding", None)
        if not isinstance(table, nn.Embedding):
            raise FerlabError(f"model.word2vec: {type(net).__name__} has no word vectors; cure: model.word2vec=null")
        rows, known, found = vectors(texts["train"], words, options, table.embedding_dim)
        with torch.no_grad():
            table.weight[torch.from_numpy(FIRST + np.flatnonzero(known))] = torch.from_numpy(rows[known])
        facts |= found | {"words_with_vector": int(known.sum()), "features": table.embedding_dim}
        facts |= {"trainable": table.weight.requires_grad}
    return facts | {"coverage": {role: coverage(part, words, known) for role, part in texts.items()}}
