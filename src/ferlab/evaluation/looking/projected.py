"""A run's test images and their features in two dimensions, drawn and put into numbers."""

from pathlib import Path
from typing import Any

import numpy as np

from ferlab.evaluation.figures.style import caption_of, save
from ferlab.evaluation.looking.features import features
from ferlab.evaluation.looking.pictures import Pictures
from ferlab.evaluation.looking.projections import FEWEST, MOST, project, subset
from ferlab.evaluation.looking.scatter import projection_sheet


def draw_projections(
    folder: Path, metrics: dict[str, Any], pictures: Pictures, most: int = MOST
) -> tuple[Path, dict[str, Any]] | None:
    """Draw `folder`/projections.png: raw test images and the model's features, by PCA and by t-SNE.

    Args:
        folder: where the figure goes.
        metrics: what stands in metrics.json: model, seed, data, protocol, test.
        pictures: images and model.
        most: test images at most; of more, a random choice that the figure states.

    Returns:
        The file, and for each space ("raw images" or "raw spectrograms", and "features") plain values: dimensions,
        explained, perplexity, knn.
        None where there are fewer than 10 test images.
    """
    if len(pictures.test) < FEWEST:
        return None
    caption = caption_of(metrics)
    chosen = pictures.test[subset(len(pictures.test), most)]
    images, labels = np.asarray(pictures.x[chosen]), np.asarray(pictures.labels[chosen])
    raw = pictures.lens.plain
    spaces = {
        raw: project(pictures.lens.values(images), labels),
        "features": project(features(pictures.net, pictures.preprocess, images), labels),
    }
    figure = projection_sheet(spaces, labels, metrics["data"]["labels"], len(pictures.test), caption)
    numbers = {
        name: {
            "dimensions": one.dimensions,
            "explained": [round(share, 6) for share in one.explained],
            "perplexity": round(one.perplexity, 3),
            "knn": one.knn,
        }
        for name, one in spaces.items()
    }
    return save(figure, folder / "projections.png"), numbers
