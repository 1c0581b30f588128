"""convnet: the deeper CNN of document D4, rows 10 and 11 (after doi:10.1038/s41598-022-11173-0)."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from ferlab.models.dropout import Dropout
from ferlab.models.layers import Flatten, batch_norm, conv, dense, named, output_size, whole


class ConvNet(nn.Module):
    """Three blocks of two valid convolutions, two dense layers.

    With `outputs=1` it is D4's happy / sad model: one logit, trained with binary cross-entropy. BatchNorm stands
    behind the ReLU and before the pooling, once a block; the third block has no dropout, as in D4.

    Args:
        input_shape: (channels, height, width); each side 36 pixels or more.
        outputs: number of logits.
        filters: maps of the convolutions in each of the three blocks.
        units: width of both hidden dense layers.
        dropout_blocks: rate behind the first two blocks.
        dropout_dense: rate behind each hidden dense layer.

    Raises:
        FerlabError: the image is too small, or a rate or number makes no sense.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        outputs: int,
        *,
        filters: Sequence[int] = (64, 64, 128),
        units: int = 1024,
        dropout_blocks: float = 0.5,
        dropout_dense: float = 0.2,
    ) -> None:
        super().__init__()
        area = output_size("convnet", input_shape, outputs, lambda side: _halve(_halve(_halve(side))))
        first, second, third = whole("convnet", "filters", filters, 3)
        whole("convnet", "units", [units], 1)
        self.block1 = _block(input_shape[0], first, dropout_blocks)
        self.block2 = _block(first, second, dropout_blocks)
        self.block3 = _block(second, third, None)
        self.flatten = Flatten()
        self.dense1 = named(linear=dense(area * third, units), relu=nn.ReLU(), dropout=Dropout(dropout_dense))
        self.dense2 = named(linear=dense(units, units), relu=nn.ReLU(), dropout=Dropout(dropout_dense))
        self.head = dense(units, outputs)

    def forward(self, x: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "batch outputs"]:
        """Return the logits of preprocessed images."""
        maps = self.block3(self.block2(self.block1(x)))
        logits: Tensor = self.head(self.dense2(self.dense1(self.flatten(maps))))
        return logits


def _halve(side: int) -> int:
    return (side - 4) // 2


def _block(inputs: int, filters: int, rate: float | None) -> nn.Sequential:
    layers = named(
        conv1=conv(inputs, filters, 3, "valid"),
        relu1=nn.ReLU(),
        conv2=conv(filters, filters, 3, "valid"),
        relu2=nn.ReLU(),
        bn=batch_norm(filters),
        pool=nn.MaxPool2d(2),
    )
    if rate is not None:
        layers.add_module("dropout", Dropout(rate))
    return layers
