"""Grad-CAM sheets of the same validation images while a network learns."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from torch import nn

from ferlab.callbacks.watched import Watched
from ferlab.evaluation.figures.style import Caption
from ferlab.evaluation.looking.evidence import find_evidence
from ferlab.evaluation.looking.lens import Raw
from ferlab.evaluation.rows import Rows
from ferlab.explain.layers import find_layer
from ferlab.task import Task


class GradCam(Watched):
    """Draw where the evidence for the true and for the predicted class lies.

    Args:
        every: draw each n-th epoch; None: not by count.
        epochs: epochs to draw, counted from 1, beside those of `every`.
        images: ids of validation images, or their places 0, 1, ... in the validation set; None: some of each class.
        each: how many of each class, where `images` is None.
        layer: the layer to read; None: the last convolution.
    """

    def __init__(
        self,
        every: int | None = None,
        epochs: Sequence[int] | None = None,
        images: Sequence[str | int] | None = None,
        each: int = 2,
        layer: str | None = None,
    ) -> None:
        super().__init__("gradcam", every, epochs, images, each)
        self.layer = layer

    def check(self, net: nn.Module) -> None:
        """Raise a FerlabError where the layer does not exist."""
        find_layer(net, self.layer)

    def figure(
        self,
        task: Task,
        images: Raw,
        rows: Rows,
        caption: Caption,
        when: str,
    ) -> Figure:
        """Draw image, evidence for the true class, evidence for the predicted class."""
        return find_evidence(images, rows, task.preprocess, task.net, self.layer).sheet(caption, when)
