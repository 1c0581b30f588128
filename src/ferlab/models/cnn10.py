"""cnn10: the ten-layer CNN of document D4, row 9 (after doi:10.1155/2023/2457898)."""

from jaxtyping import Float
from torch import Tensor, nn

from ferlab.models.dropout import Dropout
from ferlab.models.layers import Flatten, batch_norm, conv, dense, named, output_size, whole


class Cnn10(nn.Module):
    """Two valid convolutions, one pooling, one wide dense layer.

    D4 puts a LeakyReLU of slope 0.5 behind a ReLU. What leaves a ReLU is never negative, so that layer changes
    neither values nor gradients; it stands here as an identity, and Keras counts no parameters for it either.

    Args:
        input_shape: (channels, height, width); each side 6 pixels or more.
        outputs: number of logits.
        filters: maps of both convolutions.
        units: width of the hidden dense layer; D4 searched 32 to 256.
        dropout_1: rate before the dense layers; D4 searched .1 to .5.
        dropout_2: rate behind the hidden dense layer; D4 searched .1 to .5.

    Raises:
        FerlabError: the image is too small, or a rate or number makes no sense.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        outputs: int,
        *,
        filters: int = 32,
        units: int = 224,
        dropout_1: float = 0.1,
        dropout_2: float = 0.2,
    ) -> None:
        super().__init__()
        area = output_size("cnn10", input_shape, outputs, lambda side: (side - 4) // 2)
        whole("cnn10", "filters", [filters], 1)
        whole("cnn10", "units", [units], 1)
        self.block1 = named(conv=conv(input_shape[0], filters, 3, "valid"), relu=nn.ReLU())
        self.block2 = named(
            conv=conv(filters, filters, 3, "valid"),
            relu=nn.ReLU(),
            leaky=nn.Identity(),
            bn=batch_norm(filters),
            pool=nn.MaxPool2d(2),
            dropout=Dropout(dropout_1),
        )
        self.flatten = Flatten()
        self.dense1 = named(linear=dense(area * filters, units), relu=nn.ReLU(), dropout=Dropout(dropout_2))
        self.head = dense(units, outputs)

    def forward(self, x: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "batch outputs"]:
        """Return the logits of preprocessed images."""
        logits: Tensor = self.head(self.dense1(self.flatten(self.block2(self.block1(x)))))
        return logits
