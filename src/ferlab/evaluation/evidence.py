"""Grad-CAM of a handful of samples, for the sheets and tables that show it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, Int64, UInt8
from matplotlib.figure import Figure
from torch import Tensor, nn

from ferlab.evaluation.explanations import gradcam_sheet
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.style import Caption
from ferlab.explain.gradcam import gradcam
from ferlab.explain.layers import find_layer
from ferlab.transforms.image import Preprocess


@dataclass(frozen=True)
class Evidence:
    """Where a net saw the evidence in some images.

    Attributes:
        images: as the data give them.
        rows: the rows of those images.
        first: heat for the true class, or for `target`.
        predicted: heat for the predicted class.
        layer: the layer that was read.
        target: the class that `first` explains in every image; None: each image's true class.
    """

    images: UInt8[np.ndarray, "image height width channel"]
    rows: Rows
    first: Float[np.ndarray, "image rows columns"]
    predicted: Float[np.ndarray, "image rows columns"]
    layer: str
    target: int | None = None

    def sheet(self, caption: Caption, when: str = "") -> Figure:
        """Draw it; `when` goes into the title (", epoch 5")."""
        return gradcam_sheet(
            self.images, self.first, self.predicted, self.rows, self.layer, caption, target=self.target, when=when
        )


def find_evidence(
    images: UInt8[np.ndarray, "image height width channel"],
    rows: Rows,
    preprocess: Callable[[Tensor], Tensor],
    net: nn.Module,
    layer: str | None = None,
    target: int | None = None,
) -> Evidence:
    """Compute the Grad-CAM of images for their true class (or `target`) and for the predicted one.

    Args:
        images: as the data give them.
        rows: the rows of those images.
        preprocess: raw pixels (batch, channel, height, width) to the net's input.
        net: the model without its preprocessing; left as it was.
        layer: the layer to read; the last convolution by default.
        target: index of the class to explain instead of the true one.

    Raises:
        FerlabError: no such layer, or a net without convolutions.
    """
    name, _ = find_layer(net, layer)
    x = net_input(images, preprocess, net)
    first = rows.labels if target is None else np.full_like(rows.labels, target)
    heats = [
        onto_image(gradcam(net, x, name, torch.from_numpy(t)), preprocess).cpu().numpy() for t in (first, rows.preds)
    ]
    return Evidence(images, rows, heats[0], heats[1], name, target)


def onto_image(
    heat: Float[Tensor, "image rows columns"], preprocess: Callable[[Tensor], Tensor]
) -> Float[Tensor, "image height width"]:
    """Lay heat of the net's input onto the whole images: what the preprocessing crops away has none."""
    return preprocess.onto_whole(heat) if isinstance(preprocess, Preprocess) else heat


def in_turn(labels: Int[np.ndarray, "row"], classes: int, most: int) -> Int64[np.ndarray, "chosen"]:
    """Return positions, of each class in turn the first, the second, ... until `most` are taken, sorted by class."""
    turn = np.zeros(len(labels), dtype=np.int64)
    for label in range(classes):
        own = np.flatnonzero(labels == label)
        turn[own] = np.arange(len(own))
    chosen = np.lexsort((labels, turn))[:most]
    return np.asarray(chosen[np.lexsort((turn[chosen], labels[chosen]))], dtype=np.int64)


def net_input(
    images: UInt8[np.ndarray, "image height width channel"], preprocess: Callable[[Tensor], Tensor], net: nn.Module
) -> Float[Tensor, "image channels rows columns"]:
    """Return what a net takes of raw images, on its device."""
    # a copy: what is memory-mapped cannot be written, and torch warns of it
    pixels = torch.from_numpy(np.array(images)).permute(0, 3, 1, 2)
    with torch.no_grad():
        x = preprocess(pixels.to(next(net.parameters()).device))
    return x.contiguous(memory_format=torch.channels_last)
