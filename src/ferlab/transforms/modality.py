"""What a transform is for: images or sounds; a clear word where the two are mistaken for one another."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from ferlab.errors import FerlabError
from ferlab.transforms.chain import Chain

CURES = {
    "audio": "cure: augment=none, or one for sounds: augment=speech, augment=noise",
    "image": "cure: augment=none, or one for images: augment=flip",
}


def check_augment(augment: nn.Module | None, modality: str) -> None:
    """Check that an augmentation, and each step of a chain, is one for these samples.

    ferlab's own augmentations for sounds say so by their attribute `modality`; its others are for images. Modules from
    elsewhere (torch.nn.Identity) are taken at their word.

    Args:
        augment: the augmentation, as built.
        modality: of the data: "image", "audio", "text".

    Raises:
        FerlabError: an augmentation of images on sounds, or the other way around.
    """
    if isinstance(augment, Chain):
        for step in augment.steps.values():
            check_augment(step, modality)
    elif augment is not None and type(augment).__module__.startswith("ferlab."):
        meant = getattr(augment, "modality", "image")
        if meant != modality:
            what, cure = type(augment).__name__, CURES.get(modality, "cure: augment=none")
            raise FerlabError(f"augment: {what} is for {meant} data, but the data set's modality is {modality}; {cure}")


def check_views(tta: Mapping[str, Any] | None, modality: str) -> None:
    """Check that test-time augmentation, if any, is asked for images: there are no views of sounds.

    Args:
        tta: values of conf/tta; none or empty: each sample once.
        modality: of the data.

    Raises:
        FerlabError: views of something else than images.
    """
    if tta and modality != "image":
        name = str(tta.get("_target_", tta)).rpartition(".")[2]
        raise FerlabError(f"tta: {name} is for image data, but the data set's modality is {modality}; cure: tta=none")


def check_rate(data: Mapping[str, Any], preprocess: Mapping[str, Any], augment: Mapping[str, Any] | None) -> None:
    """Check that sounds, front end and augmentation speak of the same samples a second.

    Args:
        data: values of conf/data.
        preprocess: values of conf/model, `preprocess`.
        augment: values of conf/augment.

    Raises:
        FerlabError: two different rates.
    """
    rate = preprocess.get("rate")
    if rate is None:
        return
    others = {"data.rate": data.get("rate")} | {f"augment{path}.rate": one for path, one in _rates(augment or {})}
    for option, found in others.items():
        if found is not None and found != rate:
            raise FerlabError(
                f"{option}: expected the front end's model.preprocess.rate={rate}, found {found}: pitch and time would "
                "be wrong; cure: the same number in all of them"
            )


def _rates(values: Mapping[str, Any], path: str = "") -> list[tuple[str, Any]]:
    found = [(path, values["rate"])] if "rate" in values else []
    for key, value in values.items():
        found += _rates(value, f"{path}.{key}") if isinstance(value, Mapping) else []
    return found
