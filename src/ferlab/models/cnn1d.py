"""cnn1d: the one-dimensional CNN that document D1 names, row 12."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from ferlab.models.dropout import Dropout
from ferlab.models.layers import batch_norm_1d, conv_1d, dense, named, output_size, whole


class Cnn1d(nn.Module):
    """Convolutions that walk down the image row by row; three blocks and one dense layer.

    D1 gives no layers. A sequence needs an order and steps that belong together: the rows of an upright face run
    from brow to mouth, and the pixels of one row, of all colours, are the features of one step. The filters so
    move with a face that sits higher or lower, and know left from right. Flattening the pixels into one long
    sequence instead would make neighbours of the ends of two rows. Kernel, BatchNorm, pooling and dropout follow
    `cnn4`; 5 rows of 48 hold an eye or a mouth.

    Args:
        input_shape: (channels, height, width); 8 rows or more, any width.
        outputs: number of logits.
        filters: maps of each convolution.
        kernel: rows that a convolution sees.
        units: width of the hidden dense layer.
        rate: dropout rate, everywhere the same.

    Raises:
        FerlabError: the image is too small, or a rate or number makes no sense.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        outputs: int,
        *,
        filters: Sequence[int] = (128, 256, 256),
        kernel: int = 5,
        units: int = 256,
        rate: float = 0.25,
    ) -> None:
        super().__init__()
        steps = output_size("cnn1d", input_shape, outputs, lambda height: height // 8, lambda width: min(width, 1))
        first, second, third = whole("cnn1d", "filters", filters, 3)
        whole("cnn1d", "kernel", [kernel], 1)
        whole("cnn1d", "units", [units], 1)
        self.rows = Rows()
        self.block1 = _block(input_shape[0] * input_shape[2], first, kernel, rate)
        self.block2 = _block(first, second, kernel, rate)
        self.block3 = _block(second, third, kernel, rate)
        self.flatten = nn.Flatten()
        self.dense1 = named(
            linear=dense(steps * third, units), bn=batch_norm_1d(units), relu=nn.ReLU(), dropout=Dropout(rate)
        )
        self.head = dense(units, outputs)

    def forward(self, x: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "batch outputs"]:
        """Return the logits of preprocessed images."""
        maps = self.block3(self.block2(self.block1(self.rows(x))))
        logits: Tensor = self.head(self.dense1(self.flatten(maps)))
        return logits


class Rows(nn.Module):
    """Turn an image into the sequence of its rows."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, channel * width, height) from (batch, channel, height, width)."""
        return x.transpose(2, 3).flatten(1, 2)


def _block(inputs: int, filters: int, kernel: int, rate: float) -> nn.Sequential:
    return named(
        conv=conv_1d(inputs, filters, kernel),
        bn=batch_norm_1d(filters),
        pool=nn.MaxPool1d(2),
        relu=nn.ReLU(),
        dropout=Dropout(rate),
    )
