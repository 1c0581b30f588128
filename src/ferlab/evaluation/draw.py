"""All figures of a run, from its rows, its metrics and its chosen model."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.evaluation import calibration_figures, explanations, figures, galleries
from ferlab.evaluation.causal import causal_overlap
from ferlab.evaluation.evidence import Evidence, find_evidence, in_turn, net_input, onto_image
from ferlab.evaluation.history import learning_curves, read_history
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.style import Caption, save
from ferlab.explain.feature_maps import feature_maps
from ferlab.explain.gradcam import gradcam
from ferlab.explain.layers import conv_layers

GRID, EXPLAINED, OVERLAP = 40, 14, 256


@dataclass(frozen=True)
class Pictures:
    """The images behind a run, and how they reach the net.

    Attributes:
        x: all raw images of the data set; usually memory-mapped, read by index.
        labels: class index of each.
        train: positions of the training samples in `x`, as training sees them.
        test: positions of the test samples, in the order of the rows.
        preprocess: raw pixels (batch, channel, height, width) to the net's input.
        net: the chosen model without its preprocessing.
        augment: the training augmentation, pixels 0..255 in and out; None where there is none.
        masks: causal regions of synthetic images, aligned with `x`.
    """

    x: UInt8[np.ndarray, "sample height width channel"]
    labels: Int[np.ndarray, "sample"]
    train: Int[np.ndarray, "kept"]
    test: Int[np.ndarray, "row"]
    preprocess: Callable[[Tensor], Tensor]
    net: nn.Module
    augment: Callable[[Tensor], Tensor] | None = None
    masks: UInt8[np.ndarray, "sample height width"] | None = None


def draw(
    folder: Path,
    metrics: dict[str, Any],
    rows: Rows,
    pictures: Pictures,
    curves: Path | None = None,
    layer: str | None = None,
    target: str | None = None,
) -> tuple[list[Path], dict[str, Any] | None]:
    """Draw every figure of a run.

    Args:
        folder: where the PNG files go.
        metrics: what stands in metrics.json: model, seed, data, protocol, checkpoint, document, test.
        rows: the run's predictions; the test rows are drawn.
        pictures: images and model.
        curves: the run's metrics.csv; without it there are no learning curves.
        layer: the layer that Grad-CAM reads; the last convolution by default. Nets without one get no maps.
        target: the class that the Grad-CAM sheet explains beside the predicted one; each image's true class by default.

    Raises:
        FerlabError: `target` is no class, or `layer` no convolution.

    Returns:
        The files in the order of a report, and for synthetic images the overlap of heat and causes (`causal_overlap`).
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
    if not conv_layers(pictures.net):
        return done, None
    keep("feature_maps", _feature_maps(pictures, test, caption))
    keep("gradcam", _gradcam(pictures, test, layer, target).sheet(caption))
    if pictures.masks is None:
        return done, None
    figure, overlap = _causes(pictures, test, layer, caption)
    keep("causes", figure)
    return done, overlap


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
    maps = feature_maps(pictures.net, _input(pictures, image[None]))
    values = {name: value[0].float().cpu().numpy() for name, value in maps.items()}
    return explanations.feature_map_sheet(image, values, caption, test.names[test.labels[best]])


def _gradcam(pictures: Pictures, test: Rows, layer: str | None, target: str | None) -> Evidence:
    if target is not None and target not in test.names:
        raise FerlabError(f"explain.target: expected one of the classes {list(test.names)}, found {target!r}")
    wanted = None if target is None else test.names.index(target)
    chosen = in_turn(test.labels, len(test.names), EXPLAINED)
    images = pictures.x[pictures.test[chosen]]
    return find_evidence(images, test.take(chosen), pictures.preprocess, pictures.net, layer, wanted)


def _causes(pictures: Pictures, test: Rows, layer: str | None, caption: Caption) -> tuple[Any, dict[str, Any]]:
    assert pictures.masks is not None
    # for the true class, whatever was predicted: choosing the right ones would flatter
    chosen = np.linspace(0, len(test) - 1, min(OVERLAP, len(test))).astype(int)
    labels, positions = test.labels[chosen], pictures.test[chosen]
    images, masks = pictures.x[positions], pictures.masks[positions]
    parts = [
        gradcam(pictures.net, _input(pictures, images[i : i + 64]), layer, torch.from_numpy(labels[i : i + 64]))
        for i in range(0, len(images), 64)
    ]
    heat = onto_image(torch.cat(parts), pictures.preprocess)[:, None]
    if heat.shape[2:] != masks.shape[1:]:
        heat = nn.functional.interpolate(heat, masks.shape[1:], mode="bilinear", align_corners=False)
    values = heat[:, 0].cpu().numpy()
    overlap = causal_overlap(values, masks, labels)
    few = np.linspace(0, len(images) - 1, min(12, len(images))).astype(int)
    names = [test.names[i] for i in labels[few]]
    return explanations.causal_sheet(images[few], values[few], masks[few], names, overlap, caption), overlap


def _tensor(images: UInt8[np.ndarray, "image height width channel"]) -> Tensor:
    # a copy: what is memory-mapped cannot be written, and torch warns of it
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2)


def _input(pictures: Pictures, images: UInt8[np.ndarray, "image height width channel"]) -> Tensor:
    return net_input(images, pictures.preprocess, pictures.net)
