"""Feature maps of the same validation images while a network learns."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from matplotlib.figure import Figure
from torch import nn

from ferlab.callbacks.watched import Watched
from ferlab.evaluation.evidence import net_input
from ferlab.evaluation.explanations import feature_map_sheet, strongest
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.style import Caption
from ferlab.explain.feature_maps import feature_maps
from ferlab.explain.layers import find_layer
from ferlab.task import Task


class FeatureMaps(Watched):
    """Draw what chosen layers make of one validation image: the maps that are the strongest at first, in every epoch.

    Args:
        every: draw each n-th epoch; None: not by count.
        epochs: epochs to draw, counted from 1, beside those of `every`.
        image: id of a validation image, or its place 0, 1, ... in the validation set.
        layers: names of layers whose output is (batch, maps, height, width); None: convolutions spread evenly from
            the first to the last.
        most: how many layers are drawn where `layers` is None.
    """

    def __init__(
        self,
        every: int | None = None,
        epochs: Sequence[int] | None = None,
        image: str | int = 0,
        layers: Sequence[str] | None = None,
        most: int = 4,
    ) -> None:
        super().__init__("feature_maps", every, epochs, [image])
        self.layers, self.most = layers, most
        self._order: dict[str, np.ndarray] | None = None

    def check(self, net: nn.Module) -> None:
        """Raise a FerlabError where a layer does not exist."""
        for name in self.layers or ():
            find_layer(net, name)

    def figure(
        self,
        task: Task,
        images: UInt8[np.ndarray, "image height width channel"],
        rows: Rows,
        caption: Caption,
        when: str,
    ) -> Figure:
        """Draw the strongest maps of each layer."""
        x = net_input(images, task.preprocess, task.net)
        maps = feature_maps(task.net, x, self.layers, self.most)
        values = {name: value[0].float().cpu().numpy() for name, value in maps.items()}
        if self._order is None:
            self._order = {name: strongest(maps) for name, maps in values.items()}
        note = rows.names[rows.labels[0]]
        return feature_map_sheet(images[0], values, caption, note, when=when, order=self._order)
