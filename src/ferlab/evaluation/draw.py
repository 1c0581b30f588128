"""All figures of a run, from its rows, its metrics and its chosen model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from ferlab.evaluation import calibration_figures, explanations, figures, galleries
from ferlab.evaluation.explaining import Options, draw_explanations
from ferlab.evaluation.history import learning_curves, read_history
from ferlab.evaluation.pictures import Pictures
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.style import Caption, save
from ferlab.explain.feature_maps import feature_maps
from ferlab.explain.layers import conv_layers

GRID = 40


def draw(
    folder: Path,
    metrics: dict[str, Any],
    rows: Rows,
    pictures: Pictures,
    curves: Path | None = None,
    explain: Mapping[str, Any] | None = None,
    say: Callable[[str], object] = lambda _: None,
) -> tuple[list[Path], dict[str, Any] | None]:
    """Draw every figure of a run.

    Args:
        folder: where the PNG files go.
        metrics: what stands in metrics.json: model, seed, data, protocol, checkpoint, document, test.
        rows: the run's predictions; the test rows are drawn.
        pictures: images and model.
        curves: the run's metrics.csv; without it there are no learning curves.
        explain: what to explain and how, as in conf/train.yaml; what is left out stands as there.
        say: told what is being computed where it takes a while.

    Raises:
        FerlabError: an option under `explain` that has no meaning for this net and these classes.

    Returns:
        The files in the order of a report, and what the explanations say (`explaining.draw_explanations`).
    """
    test, measures, data = rows.split("test"), metrics["test"], metrics["data"]
    caption = Caption(data["name"], metrics["model"], metrics["seed"], metrics["protocol"], bool(data.get("synthetic")))
    names, done = test.names, []

    def keep(name: str, figure: Any) -> None:
        done.append(save(figure, folder / f"{name}.png"))

    chosen = metrics.get("checkpoint", {}).get("chosen_epoch")
    if curves is not None and curves.is_file():
        keep("learning_curves", learning_curves(read_history(curves), caption, chosen))
    keep("confusion", figures.confusion(measures, caption))
    keep("roc", figures.roc(test, measures, caption))
    document = metrics.get("document") or {}
    keep("top_k", figures.top_k(measures, caption, document.get("top")))
    keep("predictions", figures.predictions(test, measures, caption))
    if "calibration" in metrics:
        keep("reliability", calibration_figures.reliability(test, metrics["calibration"], caption))
        keep("risk_coverage", calibration_figures.risk_coverage(test, metrics["calibration"], caption))
    keep("class_counts", _class_counts(data, caption))
    keep("samples", _samples(pictures, names, caption))
    wrong = galleries.confident_errors(test)
    shown = pictures.x[pictures.test[wrong]]
    total = int((test.preds != test.labels).sum())
    keep("misclassified", galleries.misclassified(shown, test.take(wrong), total, caption))
    if conv_layers(pictures.net):
        keep("feature_maps", _feature_maps(pictures, test, caption))
    return done, draw_explanations(pictures, test, caption, keep, Options(**(explain or {})), say)


def _class_counts(data: dict[str, Any], caption: Caption) -> Any:
    counts = {role: dict(zip(data["labels"], n, strict=True)) for role, n in data["class_counts"].items()}
    after = counts.pop("train after rebalancing", None)
    return figures.class_counts(counts, caption, after if after != counts["train"] else None)


def _samples(pictures: Pictures, names: tuple[str, ...], caption: Caption) -> Any:
    # spread over the training samples: data sets are often sorted by class
    chosen = np.sort(np.random.default_rng(0).permutation(pictures.train)[:GRID])
    chosen = np.random.default_rng(0).permutation(chosen)
    images = pictures.x[chosen]
    title = "Training samples"
    if pictures.augment is not None:
        # its own random state: a figure must not move the run's
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(0)
            pixels = pictures.augment(_tensor(images))
        images = pixels.clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        title = "Training samples after augmentation"
    return galleries.sample_grid(images, [names[i] for i in pictures.labels[chosen]], caption, title)


def _feature_maps(pictures: Pictures, test: Rows, caption: Caption) -> Any:
    best = int(np.argmax(np.where(test.preds == test.labels, test.probabilities.max(1), -1)))
    image = pictures.x[pictures.test[best]]
    maps = feature_maps(pictures.net, pictures.input(image[None]))
    values = {name: value[0].float().cpu().numpy() for name, value in maps.items()}
    return explanations.feature_map_sheet(image, values, caption, test.names[test.labels[best]])


def _tensor(images: UInt8[np.ndarray, "image height width channel"]) -> Tensor:
    # a copy: what is memory-mapped cannot be written, and torch warns of it
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2)
