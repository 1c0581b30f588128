"""cnn4: the "base model" of document D2, row 3."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from ferlab.models.dropout import Dropout
from ferlab.models.layers import Flatten, batch_norm, batch_norm_1d, conv, dense, named, output_size, whole


class Cnn4(nn.Module):
    """Four same-padded convolutions, each with BatchNorm, ReLU, pooling and dropout; two dense layers.

    D2 pools behind the ReLU. Both orders give the same values and gradients, for a ReLU keeps the order of its
    inputs; pooling first leaves it a quarter of the work.

    Args:
        input_shape: (channels, height, width); each side 16 pixels or more.
        outputs: number of logits.
        filters: maps of each convolution.
        kernels: side of each convolution's kernel, in pixels.
        units: width of the two hidden dense layers.
        rate: dropout rate, everywhere the same.

    Raises:
        FerlabError: the image is too small, or a rate or number makes no sense.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        outputs: int,
        *,
        filters: Sequence[int] = (64, 128, 512, 512),
        kernels: Sequence[int] = (3, 5, 3, 3),
        units: Sequence[int] = (256, 512),
        rate: float = 0.25,
    ) -> None:
        super().__init__()
        area = output_size("cnn4", input_shape, outputs, lambda side: side // 16)
        whole("cnn4", "filters", filters, 4)
        whole("cnn4", "kernels", kernels, 4)
        whole("cnn4", "units", units, 2)
        self.block1 = _block(input_shape[0], filters[0], kernels[0], rate)
        self.block2 = _block(filters[0], filters[1], kernels[1], rate)
        self.block3 = _block(filters[1], filters[2], kernels[2], rate)
        self.block4 = _block(filters[2], filters[3], kernels[3], rate)
        self.flatten = Flatten()
        self.dense1 = _dense(area * filters[3], units[0], rate)
        self.dense2 = _dense(units[0], units[1], rate)
        self.head = dense(units[1], outputs)

    def forward(self, x: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "batch outputs"]:
        """Return the logits of preprocessed images."""
        maps = self.block4(self.block3(self.block2(self.block1(x))))
        logits: Tensor = self.head(self.dense2(self.dense1(self.flatten(maps))))
        return logits


def _block(inputs: int, filters: int, kernel: int, rate: float) -> nn.Sequential:
    return named(
        conv=conv(inputs, filters, kernel, "same"),
        bn=batch_norm(filters),
        pool=nn.MaxPool2d(2),
        relu=nn.ReLU(),
        dropout=Dropout(rate),
    )


def _dense(inputs: int, units: int, rate: float) -> nn.Sequential:
    return named(linear=dense(inputs, units), bn=batch_norm_1d(units), relu=nn.ReLU(), dropout=Dropout(rate))
