"""What the networks for texts share: their input and the vectors of their words."""

import torch
from torch import nn

from ferlab.errors import FerlabError
from ferlab.models.layers import whole

PADDING, FIRST = 0, 2
"""Number of padding; the unknown word follows, then the vocabulary."""


def expect_words(arch: str, input_shape: tuple[int, ...], outputs: int, least: int = 1) -> tuple[int, int]:
    """Return (tokens, numbers that a token may have), checked before anything is allocated.

    Args:
        arch: the model's name, for the message.
        input_shape: (tokens, numbers) as `ferlab.transforms.text.Text.output_shape` gives them.
        outputs: number of logits.
        least: tokens that the model needs.

    Raises:
        FerlabError: no texts, too few tokens, or no outputs.
    """
    if len(input_shape) != 2:
        raise FerlabError(
            f"model {arch}: takes the numbers of words, (tokens, words), found samples of shape {tuple(input_shape)}; "
            "cure: model.preprocess._target_=ferlab.transforms.text.Text and a data set of texts"
        )
    tokens, words = input_shape
    if tokens < least or words < FIRST or outputs < 1:
        raise FerlabError(
            f"model {arch}: {tokens} tokens of {words} numbers for {outputs} outputs; it needs {least} tokens or more, "
            f"{FIRST} numbers (padding, unknown) or more and 1 output or more. Set model.preprocess.tokens={least} or "
            "more"
        )
    return tokens, words


def embedded(words: int, features: int, trainable: bool = True) -> nn.Embedding:
    """Return vectors of words as Keras begins them, uniform in -0.05..0.05; padding's is zero.

    It stays zero where padding is left out, for no gradient reaches it then.
    """
    whole("words", "features", [features])
    table = nn.Embedding(words, features)
    nn.init.uniform_(table.weight, -0.05, 0.05)
    with torch.no_grad():
        table.weight[PADDING] = 0
    table.weight.requires_grad_(trainable)
    return table
