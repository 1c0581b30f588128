"""A run's explanations: sheets of heat, heat against the causes of synthetic faces, and the checks of each method."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.evaluation.figures import explanation_charts, explanation_sheets, explanations
from ferlab.evaluation.figures.style import Caption
from ferlab.evaluation.looking.causal import causal_overlap
from ferlab.evaluation.looking.evidence import find_evidence, in_turn
from ferlab.evaluation.looking.lens import Raw
from ferlab.evaluation.looking.pictures import Pictures
from ferlab.evaluation.looking.sanity import insertion_deletion, randomisation
from ferlab.evaluation.rows import Rows
from ferlab.explain.layers import conv_layers, find_layer
from ferlab.explain.methods import NEED_MAPS, WORDS, explain
from ferlab.explain.occlusion import window
from ferlab.transforms.image import Preprocess
from ferlab.transforms.log_mel import LogMel

EXPLAINED, OVERLAP, EXAMPLES, RANDOMISED = 14, 256, 6, 32


@dataclass(frozen=True)
class Options:
    """What stands under `explain` in conf/train.yaml and conf/evaluate.yaml.

    Raises:
        FerlabError: no such method, the same twice, none at all, or fewer than two images to check them on.
    """

    layer: str | None = None
    target: str | None = None
    methods: tuple[str, ...] | list[str] = ("gradcam",)
    checks: bool = False
    images: int = 128
    patch: int | None = None
    stride: int | None = None

    def __post_init__(self) -> None:
        unknown = [name for name in self.methods if name not in WORDS]
        if unknown or not self.methods or len(set(self.methods)) < len(self.methods):
            raise FerlabError(f"explain.methods: expected some of {', '.join(WORDS)}, found {list(self.methods)}")
        if self.images < 2:
            raise FerlabError(f"explain.images: expected two or more, found {self.images}")

    def usable(self, net: nn.Module) -> tuple[str, ...]:
        """Return the methods that the net allows: without a 2-D convolution there are no maps to read."""
        return tuple(name for name in self.methods if conv_layers(net) or name not in NEED_MAPS)

    def wanted(self, names: tuple[str, ...]) -> int | None:
        """Return the index of the target class; None where each image's true class is explained.

        Raises:
            FerlabError: no such class.
        """
        if self.target is not None and self.target not in names:
            raise FerlabError(f"explain.target: expected one of the classes {list(names)}, found {self.target!r}")
        return None if self.target is None else names.index(self.target)

    def heat(self, net: nn.Module, x: Tensor, target: Tensor, method: str) -> Tensor:
        """Return a method's heat with these options."""
        return explain(net, x, method, target, self.layer, self.patch, self.stride)


def check_options(
    values: Mapping[str, Any], net: nn.Module, preprocess: Callable[[Tensor], Tensor], names: tuple[str, ...]
) -> None:
    """Refuse options before the training that they would spoil.

    Args:
        values: what stands under `explain`.
        net: the net to be trained.
        preprocess: what stands before it.
        names: the classes.

    Raises:
        FerlabError: no such method, layer or class, or a patch that does not fit the net's input.
    """
    options = Options(**values)
    options.wanted(names)
    if set(options.usable(net)) & set(NEED_MAPS):
        find_layer(net, options.layer)
    if "occlusion" in options.methods and isinstance(preprocess, Preprocess | LogMel):
        rows, columns = preprocess.output_shape[1:]
        columns = preprocess.whole if isinstance(preprocess, LogMel) else columns
        window(rows, columns, options.patch, options.stride)


def draw_explanations(
    pictures: Pictures,
    test: Rows,
    caption: Caption,
    keep: Callable[[str, Any], None],
    options: Options,
    say: Callable[[str], object] = lambda _: None,
) -> dict[str, Any] | None:
    """Draw every figure of what the net looks at.

    Args:
        pictures: images and model.
        test: the rows of the test samples.
        caption: for the footers.
        keep: takes each figure's name and the figure.
        options: what to explain and how.
        say: told what is being computed.

    Returns:
        Plain values: "methods", "left_out" (those that the net does not allow), on synthetic images "causes" -> method
        -> `causal_overlap`'s result, and with checks "insertion_deletion" and "randomisation" as `evaluation.sanity`
        gives them. None where the net allows no method.

    Raises:
        FerlabError: no such class or layer, or an option that a method refuses.
    """
    wanted, methods = options.wanted(test.names), options.usable(pictures.net)
    if not methods:
        return None
    found: dict[str, Any] = {"methods": list(methods), "left_out": [m for m in options.methods if m not in methods]}
    chosen = in_turn(test.labels, len(test.names), EXPLAINED)
    images, few = pictures.x[pictures.test[chosen]], test.take(chosen)
    if "gradcam" in methods:
        sheet = find_evidence(images, few, pictures.preprocess, pictures.net, options.layer, wanted)
        keep("gradcam", sheet.sheet(caption))
    if methods != ("gradcam",):
        say("explaining: sheet")
        target = few.labels if wanted is None else np.full_like(few.labels, wanted)
        heats = _on_images(pictures, images, target, methods, options)
        lens = pictures.lens
        shown = lens.look(images)
        keep("explanations", explanation_sheets.method_sheet(shown, heats, few, caption, wanted, lens.scale))
    if pictures.masks is not None:
        found["causes"] = _causes(pictures, test, methods, options, caption, keep, say)
    if options.checks:
        found |= _checks(pictures, test, methods, options, say)
        keep("insertion_deletion", explanation_charts.insertion_deletion(found["insertion_deletion"], caption))
        keep("randomisation", explanation_charts.randomisation(found["randomisation"], caption))
    return found


def _causes(
    pictures: Pictures,
    test: Rows,
    methods: tuple[str, ...],
    options: Options,
    caption: Caption,
    keep: Callable[[str, Any], None],
    say: Callable[[str], object],
) -> dict[str, Any]:
    assert pictures.masks is not None
    # for the true class, whatever was predicted: choosing the right ones would flatter
    chosen = _spread(len(test), OVERLAP)
    labels, positions = test.labels[chosen], pictures.test[chosen]
    images, masks = pictures.x[positions], pictures.masks[positions]
    heats: dict[str, np.ndarray] = {}
    for method in methods:
        say(f"explaining: {WORDS[method]} against the causes")
        heats |= _on_images(pictures, images, labels, (method,), options, masks.shape[1:])
    overlap = {method: causal_overlap(heat, masks, labels) for method, heat in heats.items()}
    few = _spread(len(images), 2 * EXAMPLES if len(methods) == 1 else EXAMPLES)
    names = [test.names[i] for i in labels[few]]
    shown = {method: heat[few] for method, heat in heats.items()}
    if len(methods) == 1:
        (method,) = methods
        figure = explanations.causal_sheet(images[few], shown[method], masks[few], names, overlap[method], caption)
    else:
        figure = explanation_sheets.causes_sheet(images[few], shown, masks[few], names, overlap, caption)
    keep("causes", figure)
    return overlap


def _checks(
    pictures: Pictures, test: Rows, methods: tuple[str, ...], options: Options, say: Callable[[str], object]
) -> dict[str, Any]:
    chosen = _spread(len(test), options.images)
    x, target = pictures.input(pictures.x[pictures.test[chosen]]), torch.from_numpy(test.preds[chosen])
    net, heats = pictures.lens.net, dict[str, Tensor]()
    for method in methods:
        say(f"explaining: {WORDS[method]} of {len(x)} samples")
        heats[method] = options.heat(net, x, target, method)
    say("explaining: insertion and deletion")
    games = insertion_deletion(net, x, heats, target.long())
    say("explaining: with random weights")
    some = _spread(len(x), RANDOMISED)
    asked = {method: partial(options.heat, target=target[some], method=method) for method in methods}
    return {"insertion_deletion": games, "randomisation": randomisation(net, x[some], asked)}


def _on_images(
    pictures: Pictures,
    images: Raw,
    target: np.ndarray,
    methods: tuple[str, ...],
    options: Options,
    size: tuple[int, ...] | None = None,
) -> dict[str, Float[np.ndarray, "image height width"]]:
    """Return each method's heat laid onto what is shown of the samples, `size` pixels large where given."""
    heats: dict[str, Float[np.ndarray, "image height width"]] = {}
    lens, classes = pictures.lens, torch.from_numpy(target)
    x = lens.input(images)
    for method in methods:
        heat = lens.onto_look(options.heat(lens.net, x, classes, method))[:, None]
        if size is not None and heat.shape[2:] != size:
            heat = nn.functional.interpolate(heat, size, mode="bilinear", align_corners=False)
        heats[method] = heat[:, 0].cpu().numpy()
    return heats


def _spread(n: int, most: int) -> Int64[np.ndarray, "chosen"]:
    """Return positions spread evenly from the first to the last."""
    return np.linspace(0, n - 1, min(most, n)).astype(np.int64)
