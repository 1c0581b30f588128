"""sentiment_cnn: the small three-class CNN of document D0, row 1."""

from jaxtyping import Float
from torch import Tensor, nn

from ferlab.models.dropout import Dropout
from ferlab.models.layers import Flatten, batch_norm, batch_norm_1d, conv, dense, named, output_size, whole


class SentimentCnn(nn.Module):
    """Four valid convolutions with pooling, BatchNorm and dropout each; one dense layer.

    BatchNorm stands behind the pooling, as in D0's code; its layer table shows block 1 the other way round, with
    the same number of parameters. The ReLU stands behind the pooling too: both orders give the same values and
    gradients, for a ReLU keeps the order of its inputs, and pooling first leaves it a quarter of the work.

    Args:
        input_shape: (channels, height, width); each side 46 pixels or more.
        outputs: number of logits.
        filters: maps of each convolution.
        units: width of the hidden dense layer.
        dropout_blocks: rate behind each block.
        dropout_dense: rate behind the hidden dense layer.

    Raises:
        FerlabError: the image is too small, or a rate or number makes no sense.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        outputs: int,
        *,
        filters: int = 32,
        units: int = 128,
        dropout_blocks: float = 0.25,
        dropout_dense: float = 0.5,
    ) -> None:
        super().__init__()
        area = output_size("sentiment_cnn", input_shape, outputs, lambda side: _halve(_halve(_halve(_halve(side)))))
        whole("sentiment_cnn", "filters", [filters], 1)
        whole("sentiment_cnn", "units", [units], 1)
        self.block1 = _block(input_shape[0], filters, dropout_blocks)
        self.block2 = _block(filters, filters, dropout_blocks)
        self.block3 = _block(filters, filters, dropout_blocks)
        self.block4 = _block(filters, filters, dropout_blocks)
        self.flatten = Flatten()
        self.dense1 = named(
            linear=dense(area * filters, units), relu=nn.ReLU(), bn=batch_norm_1d(units), dropout=Dropout(dropout_dense)
        )
        self.head = dense(units, outputs)

    def forward(self, x: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "batch outputs"]:
        """Return the logits of preprocessed images."""
        maps = self.block4(self.block3(self.block2(self.block1(x))))
        logits: Tensor = self.head(self.dense1(self.flatten(maps)))
        return logits


def _halve(side: int) -> int:
    return (side - 2) // 2


def _block(inputs: int, filters: int, rate: float) -> nn.Sequential:
    return named(
        conv=conv(inputs, filters, 3, "valid"),
        pool=nn.MaxPool2d(2),
        relu=nn.ReLU(),
        bn=batch_norm(filters),
        dropout=Dropout(rate),
    )
