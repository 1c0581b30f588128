"""timm_net: any backbone of the timm library with a head of dense layers.

It holds `mobilenetv2` (document D1, row 2), `resnet50_frozen` (D2, row 4), `densenet169` (D3, row 7) and `resnet50`
(D4, row 8); their YAML files give the heads. The documents took Keras' backbones, timm's differ in this:

- ResNet50: Keras' convolutions have biases, 26,560 in all, which the BatchNorm behind each takes away again; its
  blocks shrink the image in their first 1x1 convolution, timm's in the 3x3 one. BatchNorm eps is 1.001e-5 in Keras,
  1e-5 in timm.
- DenseNet169: the same layers and counts; BatchNorm eps 1.001e-5 in Keras, 1e-5 in timm.
- MobileNetV2: the same layers and counts, ReLU6 in both; Keras pads strided convolutions on two sides, timm on four,
  and its BatchNorm has eps 1e-3, timm's 1e-5.
- BatchNorm's momentum is .99 in Keras' ResNet50 and DenseNet169 and .999 in its MobileNetV2; timm's .1 is Keras' .9.

The published weights belong to timm's variants, so these are kept. The head follows Keras' defaults.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.models import backbones
from ferlab.models.dropout import Dropout
from ferlab.models.layers import Flatten, batch_norm_1d, dense, named, whole

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
}


class TimmNet(nn.Module):
    """A timm backbone, a pooling, hidden dense layers and the outputs.

    Weights are random here; `ferlab.pretrained` puts trained ones in.

    Args:
        input_shape: (channels, height, width); sides not below what the backbone shrinks an image by, mostly 32.
        outputs: number of logits.
        backbone: name in timm, as `timm.list_models()` has it; with or without a tag behind a dot.
        pool: avg, max, flatten (every value of the last feature maps), or None for the backbone's own.
        dropout_features: rate behind the pooling.
        norm_features: BatchNorm of the pooled features.
        units: width of each hidden dense layer; none: the outputs follow the features.
        norm: BatchNorm between each hidden layer and its activation.
        activation: of the hidden layers, one of `ACTIVATIONS`.
        dropout: rate behind the hidden layers, one for all or one each.
        init: of the hidden layers: glorot or he, both uniform; the outputs' kernel is always Glorot's.
        options: further arguments of `timm.create_model`, e.g. {"drop_path_rate": 0.1}.

    Raises:
        FerlabError: an unknown backbone, an image that is too small for it, or an option that makes no sense.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        outputs: int,
        *,
        backbone: str = "resnet50",
        pool: str | None = None,
        dropout_features: int | float = 0.0,
        norm_features: bool = False,
        units: Sequence[int] = (),
        norm: bool = False,
        activation: str = "relu",
        dropout: int | float | Sequence[int | float] = 0.0,
        init: str = "glorot",
        options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        for option, value, choice in (
            ("pool", pool, (None, "avg", "max", "flatten")),
            ("activation", activation, tuple(ACTIVATIONS)),
            ("init", init, ("glorot", "he")),
        ):
            if value not in choice:
                raise FerlabError(f"model: net.{option}={value!r}; expected one of {', '.join(map(str, choice))}")
        whole("timm_net", "units", units)
        rates = [dropout] * len(units) if isinstance(dropout, int | float) else list(dropout)
        if len(rates) != len(units):
            raise FerlabError(f"model: net.dropout={rates}; expected one rate, or {len(units)}, one a hidden layer")
        if input_shape[0] < 1 or outputs < 1:
            raise FerlabError(f"model: expected 1 or more channels and outputs, found {input_shape[0]} and {outputs}")
        self.name = backbone
        self.backbone = backbones.create(backbone, input_shape, pool, options)
        shape = backbones.feature_shape(self.backbone, backbone, input_shape)
        self.flatten = Flatten() if len(shape) == 3 else nn.Flatten()
        width = 1
        for side in shape:
            width *= side
        layers: dict[str, nn.Module] = {"dropout": Dropout(dropout_features)} if dropout_features else {}
        if norm_features:
            layers["bn"] = batch_norm_1d(width)
        for number, (size, rate) in enumerate(zip(units, rates, strict=True), start=1):
            layers[f"dense{number}"] = _hidden(width, size, norm, activation, rate, init)
            width = size
        self.head = named(**layers, out=dense(width, outputs))

    def forward(self, x: Float[Tensor, "batch channel height width"]) -> Float[Tensor, "batch outputs"]:
        """Return the logits of preprocessed images."""
        logits: Tensor = self.head(self.flatten(self.backbone(x)))
        return logits


def _hidden(inputs: int, units: int, norm: bool, activation: str, rate: float, init: str) -> nn.Sequential:
    linear = dense(inputs, units)
    if init == "he":
        nn.init.kaiming_uniform_(linear.weight, nonlinearity="relu")
    layers: dict[str, nn.Module] = {"linear": linear}
    if norm:
        layers["bn"] = batch_norm_1d(units)
    layers[activation] = ACTIVATIONS[activation]()
    if rate:
        layers["dropout"] = Dropout(rate)
    return named(**layers)
