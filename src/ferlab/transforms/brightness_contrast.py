"""Random brightness and contrast, with the meaning that torchvision's ColorJitter gives them."""

import torch
from jaxtyping import Float32, Shaped
from torch import Tensor, nn

from ferlab.transforms.draws import chosen, uniform
from ferlab.transforms.image import to_channels
from ferlab.transforms.layout import same_layout
from ferlab.transforms.options import between, probability


class BrightnessContrast(nn.Module):
    """Multiply each chosen image's pixels, then their distance from the image's mean grey.

    Args:
        brightness: b; the factor on the pixels comes from [1 - b, 1 + b].
        contrast: c; the factor on their distance from the mean comes from [1 - c, 1 + c].
        p: probability of each image.

    Raises:
        FerlabError: an option has no meaning.
    """

    def __init__(self, brightness: int | float = 0.2, contrast: int | float = 0.2, p: int | float = 1.0) -> None:
        super().__init__()
        self.brightness = between("BrightnessContrast.brightness", brightness, 0, 1)
        self.contrast = between("BrightnessContrast.contrast", contrast, 0, 1)
        self.p = probability("BrightnessContrast.p", p)

    def forward(self, x: Shaped[Tensor, "batch channel height width"]) -> Float32[Tensor, "batch channel height width"]:
        """Return a new random version of each image, float32 in 0..255, in the memory format of `x`.

        Args:
            x: uint8, or floating point in 0..255; grey or RGB.
        """
        changed = chosen(len(x), self.p, x.device)
        brighter = torch.where(changed, uniform(len(x), 1 - self.brightness, 1 + self.brightness, x.device), 1)
        stronger = torch.where(changed, uniform(len(x), 1 - self.contrast, 1 + self.contrast, x.device), 1)
        return same_layout(contrast(brightness(x.to(torch.float32), brighter), stronger), x)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"brightness={self.brightness}, contrast={self.contrast}, p={self.p}"


def brightness(
    x: Float32[Tensor, "batch channel height width"], factor: Float32[Tensor, "batch"]
) -> Float32[Tensor, "batch channel height width"]:
    """Multiply each image by its factor; pixels 0..255 in and out."""
    return (x * factor[:, None, None, None]).clamp_(max=255)


def contrast(
    x: Float32[Tensor, "batch channel height width"], factor: Float32[Tensor, "batch"]
) -> Float32[Tensor, "batch channel height width"]:
    """Multiply each image's distance from its mean grey by its factor; pixels 0..255 in and out."""
    mean = to_channels(x, 1).mean((1, 2, 3), keepdim=True)
    scale = factor[:, None, None, None]
    return torch.addcmul(mean * (1 - scale), x, scale).clamp_(0, 255)
