"""mlp: the artificial neural network that document D1 names, row 12."""

from collections.abc import Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from ferlab.models.dropout import Dropout
from ferlab.models.layers import Flatten, batch_norm_1d, dense, named, output_size, whole


class Mlp(nn.Module):
    """Dense layers on the flattened pixels, each with BatchNorm, ReLU and dropout.

    D1 flattens the image "into a column vector" and gives no sizes. Those here are the dense part of `cnn4`, so that
    the distance between the two models is what `cnn4`'s convolutions bring.

    Args:
        input_shape: (channels, height, width); any size.
        outputs: number of logits.
        units: width of each hidden layer, as many as you like; none makes it a logistic regression.
        rate: dropout rate behind each hidden layer.

    Raises:
        FerlabError: a size, rate or number makes no sense.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        outputs: int,
        *,
        units: Sequence[int] = (256, 512),
        rate: float = 0.25,
    ) -> None:
        super().__init__()
        pixels = input_shape[0] * output_size("mlp", input_shape, outputs, lambda side: side)
        widths = [pixels, *whole("mlp", "units", units)]
        self.flatten = Flatten()
        self.hidden = named(
            **{f"dense{i}": _dense(before, after, rate) for i, (before, after) in enumerate(pairwise(widths), start=1)}
        )
        self.head = dense(widths[-1], outputs)

    def forward(self, x: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "batch outputs"]:
        """Return the logits of preprocessed images."""
        logits: Tensor = self.head(self.hidden(self.flatten(x)))
        return logits


def _dense(inputs: int, units: int, rate: float) -> nn.Sequential:
    return named(linear=dense(inputs, units), bn=batch_norm_1d(units), relu=nn.ReLU(), dropout=Dropout(rate))
