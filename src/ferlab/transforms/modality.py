"""What a transform is for: images or sounds; a clear word where the two are mistaken for one another."""

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
