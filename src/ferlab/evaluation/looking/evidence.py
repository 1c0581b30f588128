"""Grad-CAM of a handful of samples, for the sheets and tables that show it; of sounds on their spectrograms."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, Int64, UInt8
from matplotlib.figure import Figure
from torch import Tensor, nn

from ferlab.evaluation.figures.explanations import gradcam_sheet
from ferlab.evaluation.figures.scale import Scale
from ferlab.evaluation.figures.style import Caption
from ferlab.evaluation.looking.lens import Raw, lens_of
from ferlab.evaluation.rows import Rows
from ferlab.explain.gradcam import gradcam
from ferlab.explain.layers import find_layer


@dataclass(frozen=True)
class Evidence:
    """Where a net saw the evidence in some images.

    Attributes:
        images: as they are shown: sounds as spectrograms.
        rows: the rows of those images.
        first: heat for the true class, or for `target`.
        predicted: heat for the predicted class.
        layer: the layer that was read.
        target: the class that `first` explains in every image; None: each image's true class.
        scale: seconds and Hertz along the images of sounds.
    """

    images: UInt8[np.ndarray, "image height width channel"]
    rows: Rows
    first: Float[np.ndarray, "image rows columns"]
    predicted: Float[np.ndarray, "image rows columns"]
    layer: str
    target: int | None = None
    scale: Scale | None = None

    def sheet(self, caption: Caption, when: str = "") -> Figure:
        """Draw it; `when` goes into the title (", epoch 5")."""
        heats = self.first, self.predicted
        return gradcam_sheet(
            self.images, *heats, self.rows, self.layer, caption, target=self.target, when=when, scale=self.scale
        )


def find_evidence(
    samples: Raw,
    rows: Rows,
    preprocess: Callable[[Tensor], Tensor],
    net: nn.Module,
    layer: str | None = None,
    target: int | None = None,
) -> Evidence:
    """Compute the Grad-CAM of samples for their true class (or `target`) and for the predicted one.

    Args:
        samples: raw, as the data give them.
        rows: the rows of those samples.
        preprocess: a batch of raw samples to the net's input.
        net: the model without its preprocessing; left as it was.
        layer: the layer to read; the last convolution by default.
        target: index of the class to explain instead of the true one.

    Raises:
        FerlabError: no such layer, or a net without convolutions.
    """
    name, _ = find_layer(net, layer)
    lens = lens_of(preprocess, net)
    x = lens.input(samples)
    first = rows.labels if target is None else np.full_like(rows.labels, target)
    heats = [lens.onto_look(gradcam(lens.net, x, name, torch.from_numpy(t))).cpu().numpy() for t in (first, rows.preds)]
    return Evidence(lens.look(samples), rows, heats[0], heats[1], name, target, lens.scale)


def in_turn(labels: Int[np.ndarray, "row"], classes: int, most: int) -> Int64[np.ndarray, "chosen"]:
    """Return positions, of each class in turn the first, the second, ... until `most` are taken, sorted by class."""
    turn = np.zeros(len(labels), dtype=np.int64)
    for label in range(classes):
        own = np.flatnonzero(labels == label)
        turn[own] = np.arange(len(own))
    chosen = np.lexsort((labels, turn))[:most]
    return np.asarray(chosen[np.lexsort((turn[chosen], labels[chosen]))], dtype=np.int64)
