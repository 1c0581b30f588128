"""Backbones: networks of the timm library without their classifier, checked before they are built."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from ferlab.errors import FerlabError

# timm takes seconds to import: only where a backbone is asked for


def known(name: str) -> None:
    """Check that timm has a network of this name; a tag behind a dot, as in resnet50.tv_in1k, names its weights.

    Raises:
        FerlabError: it has not; the message names the nearest.
    """
    import timm

    arch, _, tag = name.partition(".")
    if not timm.is_model(arch):
        every = timm.list_models()
        near = difflib.get_close_matches(name, every, n=4) or [one for one in every if name[:4] in one][:4]
        raise FerlabError(
            f"model.backbone: timm has no {name!r}; nearest: {', '.join(near) or 'none'}. It has {len(every)} others: "
            "python -c \"import timm; print(timm.list_models('*'))\""
        )
    tags = [one.partition(".")[2] for one in timm.list_pretrained(f"{arch}.*")]
    if tag and tag not in tags:
        raise FerlabError(f"model.backbone: {arch} has no weights {tag!r} in timm; expected one of {', '.join(tags)}")


def statistics(name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation, on a scale of 0 to 1 and one a channel, that a backbone was trained with.

    Raises:
        FerlabError: an unknown backbone.
    """
    from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

    facts = _facts(name)
    return tuple(facts.get("mean", IMAGENET_DEFAULT_MEAN)), tuple(facts.get("std", IMAGENET_DEFAULT_STD))


def only_size(name: str) -> tuple[int, int] | None:
    """Return (height, width) in pixels where a backbone is made for one size alone (vision transformers), else None.

    Raises:
        FerlabError: an unknown backbone.
    """
    facts = _facts(name)
    return tuple(facts["input_size"][1:]) if facts.get("fixed_input_size") else None


def create(
    name: str,
    input_shape: Sequence[int],
    pool: str | None = None,
    options: Mapping[str, Any] | None = None,
    pretrained: bool = False,
) -> nn.Module:
    """Build a backbone without classifier: from preprocessed images to features.

    Args:
        name: of the network in timm.
        input_shape: (channels, height, width) of a preprocessed image.
        pool: avg, max; flatten: none, so that feature maps come out; None: the backbone's own.
        options: further arguments of `timm.create_model`.
        pretrained: load timm's published weights, from its cache or the network.

    Raises:
        FerlabError: an unknown backbone, options that it does not take, or images that are too small for it. With
            `pretrained`, whatever timm's loading raises passes through.
    """
    import timm

    known(name)
    channels, height, width = input_shape
    wish: dict[str, Any] = {"in_chans": channels, "num_classes": 0, **(options or {})}
    if pool is not None:
        wish["global_pool"] = "" if pool == "flatten" else pool
    if only_size(name) not in (None, (height, width)):
        wish.setdefault("img_size", (height, width))
    try:
        backbone: nn.Module = timm.create_model(name, pretrained=pretrained, **wish)
    except (TypeError, ValueError, AssertionError) as error:
        given = {key: value for key, value in wish.items() if key not in ("in_chans", "num_classes")}
        raise FerlabError(f"model.backbone: {name} cannot be built with {given}: {error}") from error
    least = _reduction(backbone)
    if min(height, width) < least:
        raise FerlabError(
            f"model.backbone: images of {height}x{width} pixels (height x width) are too small for {name}, whose last "
            f"feature maps take a step in {least} pixels; set model.preprocess.size={least} or larger, or take another"
        )
    return backbone


def feature_shape(backbone: nn.Module, name: str, input_shape: Sequence[int]) -> tuple[int, ...]:
    """Return the shape of what a backbone makes of one image; weights, buffers and random state stay as they are.

    Raises:
        FerlabError: it cannot take such images.
    """
    training = backbone.training
    try:
        with torch.no_grad():
            features = backbone.eval()(torch.zeros(1, *input_shape))
    except (RuntimeError, AssertionError, ValueError) as error:
        raise FerlabError(
            f"model.backbone: {name} cannot take images of {tuple(input_shape)} (channels, height, width): {error}; "
            "set model.preprocess.size, or take another backbone"
        ) from error
    finally:
        backbone.train(training)
    if not isinstance(features, torch.Tensor) or features.ndim < 2:
        raise FerlabError(f"model.backbone: {name} gives no features that a head could be put on")
    return tuple(features.shape[1:])


def _facts(name: str) -> dict[str, Any]:
    known(name)
    from timm.models import get_pretrained_cfg

    facts = get_pretrained_cfg(name, allow_unregistered=True)
    return {key: value for key, value in (asdict(facts) if facts else {}).items() if value is not None}


def _reduction(backbone: nn.Module) -> int:
    """Return how many pixels of the image one step in the last feature map is; 1 where a backbone does not say."""
    info: Any = getattr(backbone, "feature_info", None)
    try:
        return int(info[-1]["reduction"])
    except (TypeError, KeyError, IndexError):
        return 1
