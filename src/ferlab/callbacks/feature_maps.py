"""Feature maps of the same validation images while a network learns."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import nn

from ferlab.callbacks.watched import Watched
from ferlab.evaluation.figures.explanations import feature_map_sheet, strongest
from ferlab.evaluation.figures.style import Caption
from ferlab.evaluation.looking.lens import Raw, lens_of
from ferlab.evaluation.rows import Rows
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
        images: Raw,
        rows: Rows,
        caption: Caption,
        when: str,
    ) -> Figure:
        """Draw the strongest maps of each layer."""
        lens = lens_of(task.preprocess, task.net)
        maps = feature_maps(lens.net, lens.input(images), self.layers, self.most)
        values = {name: lens.upright(value[0]) for name, value in maps.items()}
        if self._order is None:
            self._order = {name: strongest(maps) for name, maps in values.items()}
        note = rows.names[rows.labels[0]]
        return feature_map_sheet(lens.look(images)[0], values, caption, note, when=when, order=self._order)
