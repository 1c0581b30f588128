"""The figure of projections: raw images and a model's features, by PCA and by t-SNE, points coloured by class."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ferlab.evaluation.figures.style import Caption, colour, sheet
from ferlab.evaluation.looking.projections import Projection

MARKERS = "os^Dv*P"


def projection_sheet(
    spaces: dict[str, Projection],
    labels: Int[np.ndarray, "sample"],
    names: Sequence[str],
    of: int,
    caption: Caption,
) -> Figure:
    """Draw a row a space, PCA to the left, t-SNE to the right.

    Args:
        spaces: "raw images" (or "raw spectrograms"), "features" -> their projection.
        labels: class index of each sample.
        names: class names.
        of: how many test samples there are, of which these were drawn.
        caption: for the footer.
    """
    n = len(labels)
    drawn = f"{n:,} of {of:,} test {caption.noun}, drawn at random" if n < of else f"all {n:,} test {caption.noun}"
    height = 1.4 + 4.1 * len(spaces)
    title = f"{next(iter(spaces)).capitalize()} and what the model makes of them"
    with sheet(11.5, height, title, caption.line(drawn)) as figure:
        grid = figure.subplots(len(spaces), 2, squeeze=False)
        # no class may lie on top of the others
        order = np.random.default_rng(0).permutation(n)
        for row, (title, one) in zip(grid, spaces.items(), strict=True):
            _points(row[0], one.pca, labels, names, order)
            _points(row[1], one.tsne, labels, names, order)
            knn = one.knn
            told = f"{100 * knn['value']:.1f} % ({100 * knn['low']:.1f} to {100 * knn['high']:.1f})"
            row[0].set_title(f"{title}, {one.dimensions:,} dimensions: PCA\n{knn['k']} nearest neighbours: {told}")
            row[0].set_xlabel(f"component 1 ({100 * one.explained[0]:.1f} % of the variance)")
            row[0].set_ylabel(f"component 2 ({100 * one.explained[1]:.1f} %)")
            row[1].set_title(
                f"{title}: t-SNE, perplexity {one.perplexity:.3g}\ndistances between clusters mean nothing"
            )
            row[1].set(xticks=[], yticks=[])
        handles, shown = grid[0][1].get_legend_handles_labels()
        place = {"loc": "center left", "bbox_to_anchor": (1.02, 0.5)}
        grid[0][1].legend(handles, shown, markerscale=2.5, title="true class", alignment="left", **place)
    return figure


def _points(
    axes: Axes,
    points: Float[np.ndarray, "sample 2"],
    labels: Int[np.ndarray, "sample"],
    names: Sequence[str],
    order: Int[np.ndarray, "sample"],
) -> None:
    size = 9 if len(points) > 500 else 22
    # a few layers of each class in turn: one scatter a point would take minutes
    layers = np.array_split(order, 8)
    for layer in layers:
        for i, name in enumerate(names):
            own = layer[labels[layer] == i]
            label = name if layer is layers[0] else None
            shade, marker = colour(i)[0], MARKERS[i % len(MARKERS)]
            axes.scatter(
                points[own, 0], points[own, 1], s=size, color=shade, marker=marker, alpha=0.7, linewidths=0, label=label
            )
