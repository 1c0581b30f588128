"""text_cnn_lstm: the text network of document D2, row 6: an embedding, three 1-D convolutions, three LSTMs.

D2 follows a published notebook whose third block has 384 filters where D2 says 512: D2 counts.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from ferlab.errors import FerlabError
from ferlab.models.layers import batch_norm_1d, dense, glorot, named, whole
from ferlab.models.lstm import Lstm
from ferlab.models.words import embedded, expect_words


class TextCnnLstm(nn.Module):
    """Blocks of convolution, ReLU, pooling, spatial dropout and BatchNorm; LSTMs over what is left; a dense layer.

    Keras, without masking, sends the padding through the layers like words: a convolution's bias and BatchNorm's shift
    make something of it, it has its share in BatchNorm's statistics, and the LSTMs run over it before the text begins.
    `padding_counts=True` is that. Without, padding is nothing: zero behind every block, left out of the statistics,
    and each LSTM begins with the first step that holds a word and ends with the last.

    With `n` words in the vocabulary, padding and the unknown word, 5 outputs and the defaults there are 300 * n
    parameters of the embedding and 2,665,013 others (Keras' count; 1,792 of them do not learn).

    Args:
        input_shape: (tokens, numbers that a token may have); 8 tokens or more with three blocks.
        outputs: number of logits.
        features: of a word's vector.
        filters: of each block's convolution; a pooling of 2 stands behind each.
        kernel: tokens that a convolution sees.
        rate: spatial dropout behind each pooling: whole filters are silent in a text.
        units: size of each LSTM's state; one LSTM a number.
        hidden: width of the dense layer.
        padding_counts: padding is a word like any other, as in the document.
        trainable: the words' vectors learn.

    Raises:
        FerlabError: too few tokens, or a rate or number makes no sense.
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        outputs: int,
        *,
        features: int = 300,
        filters: Sequence[int] = (128, 256, 512),
        kernel: int = 8,
        rate: float = 0.3,
        units: Sequence[int] = (180, 180, 180),
        hidden: int = 128,
        padding_counts: bool = False,
        trainable: bool = True,
    ) -> None:
        super().__init__()
        tokens, words = expect_words("text_cnn_lstm", input_shape, outputs, 2 ** len(filters))
        if not filters or not units:
            raise FerlabError("model text_cnn_lstm: expected one block and one LSTM or more, found none")
        for option, values in (("filters", filters), ("units", units), ("kernel", [kernel])):
            whole("text_cnn_lstm", option, values)
        for option, value in (("features", features), ("hidden", hidden)):
            whole("text_cnn_lstm", option, [value])
        if not 0 <= rate < 1:
            raise FerlabError(f"model text_cnn_lstm: net.rate={rate}; expected 0 <= rate < 1")
        self.tokens, self.padding_counts = tokens, padding_counts
        self.embedding = embedded(words, features, trainable)
        blocks: dict[str, nn.Module] = {}
        width = features
        for number, maps in enumerate(filters, start=1):
            blocks[f"block{number}"] = Block(width, maps, kernel, rate)
            width = maps
        self.blocks = nn.ModuleDict(blocks)
        layers: dict[str, nn.Module] = {}
        for number, size in enumerate(units, start=1):
            layers[f"lstm{number}"] = Lstm(width, size)
            width = size
        self.lstms = nn.ModuleDict(layers)
        # D2 names no activation; its ancestor's is ReLU
        self.dense1 = named(linear=dense(width, hidden), relu=nn.ReLU())
        self.head = dense(hidden, outputs)

    def forward(self, ids: Int64[Tensor, "batch tokens"]) -> Float[Tensor, "batch outputs"]:
        """Return the logits of numbered words, 0 being padding."""
        maps = self.embedding(ids).transpose(1, 2)
        here = None if self.padding_counts else ids != 0
        if here is not None:
            maps = maps * here[:, None]
        for block in self.blocks.values():
            maps, here = block(maps, here)
        steps = maps.transpose(1, 2)
        last = None
        if here is not None:
            steps, last = to_front(steps, here)
        for lstm in self.lstms.values():
            steps, _ = lstm(steps)
        state = steps[:, -1] if last is None else steps[torch.arange(len(steps), device=steps.device), last]
        logits: Tensor = self.head(self.dense1(state))
        return logits


class Block(nn.Module):
    """Convolution, ReLU, max-pooling by 2, spatial dropout, BatchNorm.

    Args:
        inputs: features of a token.
        filters: maps that come out.
        kernel: tokens that the convolution sees.
        rate: of the spatial dropout.
    """

    def __init__(self, inputs: int, filters: int, kernel: int, rate: float) -> None:
        super().__init__()
        # as Keras' "same" of an even kernel: the odd zero behind; torch would warn of its own
        self.around = (kernel - 1) // 2, kernel // 2
        self.conv = glorot(nn.Conv1d(inputs, filters, kernel))
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool1d(2)
        self.dropout = nn.Dropout1d(rate)
        self.bn = batch_norm_1d(filters)

    def forward(
        self, x: Float[Tensor, "batch inputs token"], here: Bool[Tensor, "batch token"] | None
    ) -> tuple[Float[Tensor, "batch filters half"], Bool[Tensor, "batch half"] | None]:
        """Return the maps, and which places hold words; `here` is the same of `x`, None where padding counts."""
        maps = self.relu(self.conv(F.pad(x, self.around)))
        if here is None:
            return self.bn(self.dropout(self.pool(maps))), None
        # nothing is below zero here: zeroed padding never wins a pooling against a word beside it
        maps = self.dropout(self.pool(maps * here[:, None]))
        half = here[:, : 2 * maps.shape[2]].view(len(here), -1, 2).any(2)
        words = maps.transpose(1, 2)[half]
        if self.training and len(words) < 2:
            # BatchNorm learns nothing from fewer than two values
            return maps * 0, half
        out = torch.zeros_like(maps).transpose(1, 2)
        normed = self.bn(words)
        return out.to(normed.dtype).masked_scatter(half[:, :, None], normed).transpose(1, 2), half


def to_front(
    steps: Float[Tensor, "batch step feature"], here: Bool[Tensor, "batch step"]
) -> tuple[Float[Tensor, "batch step feature"], Int64[Tensor, "batch"]]:
    """Move the words of each text to the beginning of its row, in their order.

    Returns also the place of the last one, 0 where there is none.
    """
    places = (~here).to(torch.uint8).argsort(dim=1, stable=True)
    moved = steps.gather(1, places[:, :, None].expand_as(steps))
    return moved, (here.sum(1) - 1).clamp_min(0)
