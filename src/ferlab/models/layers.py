"""Shared layers with Keras' defaults: Glorot-uniform kernels, zero biases, BatchNorm eps 1e-3 and momentum 0.99."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import count
from typing import Literal, TypeVar

from torch import Tensor, nn

from ferlab.errors import FerlabError

Layer = TypeVar("Layer", nn.Conv1d, nn.Conv2d, nn.Linear)


def conv(inputs: int, outputs: int, kernel: int, padding: Literal["same", "valid"]) -> nn.Conv2d:
    """Return a square convolution of stride 1, initialised as Keras does."""
    return glorot(nn.Conv2d(inputs, outputs, kernel, padding=padding))


def conv_1d(inputs: int, outputs: int, kernel: int) -> nn.Conv1d:
    """Return a same-padded convolution over a sequence, initialised as Keras does."""
    return glorot(nn.Conv1d(inputs, outputs, kernel, padding="same"))


def dense(inputs: int, outputs: int) -> nn.Linear:
    """Return a fully connected layer, initialised as Keras does."""
    return glorot(nn.Linear(inputs, outputs))


def glorot(layer: Layer) -> Layer:
    """Draw the kernel from Glorot's uniform distribution and set the bias to zero, in place; return the layer."""
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def batch_norm(features: int) -> nn.BatchNorm2d:
    """Return Keras' BatchNorm for feature maps."""
    # Keras names the share of the old moving average that stays, PyTorch the other share.
    return nn.BatchNorm2d(features, eps=1e-3, momentum=0.01)


def batch_norm_1d(features: int) -> nn.BatchNorm1d:
    """Return Keras' BatchNorm for vectors or sequences."""
    return nn.BatchNorm1d(features, eps=1e-3, momentum=0.01)


class Flatten(nn.Module):
    """Turn feature maps into vectors in Keras' order: rows, columns, channels.

    Under channels_last memory this is a view, where the order channels, rows, columns would cost a copy.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, height * width * channel) from (batch, channel, height, width)."""
        return x.permute(0, 2, 3, 1).flatten(1)


def named(**layers: nn.Module) -> nn.Sequential:
    """Chain layers under readable names, so that hooks can ask for `block1.conv`."""
    return nn.Sequential(OrderedDict(layers))


def output_size(
    arch: str,
    input_shape: tuple[int, int, int],
    outputs: int,
    rows: Callable[[int], int],
    columns: Callable[[int], int] | None = None,
) -> int:
    """Check what a model is asked for, before anything is allocated.

    Args:
        arch: the model's name, for the message.
        input_shape: (channels, height, width) of one image.
        outputs: number of logits.
        rows: what is left of a height in pixels behind the last convolution or pooling; below 1 means nothing.
        columns: the same for a width; None: as the height.

    Returns:
        Height times width of the last feature map.

    Raises:
        FerlabError: the image is too small, or there are no channels or no outputs.
    """
    columns = columns or rows
    channels, height, width = input_shape
    if channels < 1 or outputs < 1:
        raise FerlabError(f"model {arch}: expected 1 or more channels and outputs, found {channels} and {outputs}")
    if min(rows(height), columns(width)) < 1:
        least = [next(side for side in count(1) if left(side) >= 1) for left in (rows, columns)]
        raise FerlabError(
            f"model {arch}: images of {height}x{width} pixels (height x width) vanish in its layers; it needs "
            f"{least[0]}x{least[1]} or more. Set model.preprocess.size={max(least)} or larger, or take another model"
        )
    return rows(height) * columns(width)


def whole(arch: str, option: str, values: Sequence[int], length: int | None = None) -> Sequence[int]:
    """Return sizes as they are, if they are 1 or more and as many as the model has layers for (None: any number).

    Raises:
        FerlabError: a number below 1, or too many or too few.
    """
    if len(values) != (length or len(values)) or not all(value >= 1 for value in values):
        many = {None: "whole numbers", 1: "one whole number"}.get(length, f"{length} whole numbers")
        raise FerlabError(f"model {arch}: net.{option}={list(values)}; expected {many} from 1 on")
    return values
