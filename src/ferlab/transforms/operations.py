"""The operations of RandAugment, each on a batch whose images have their own strength (arXiv 1909.13719, appendix).

An operation takes pixels 0..255, (batch, channel, height, width) float32, and a strength of each image in -1..1, whose
sign means a direction where there are two; ranges are those of torchvision's RandAugment at its largest magnitude.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float32, Int64
from torch import Tensor
from torch.nn import functional as F

from ferlab.transforms import brightness_contrast
from ferlab.transforms.affine import warp_batch
from ferlab.transforms.image import to_channels

Pixels = Float32[Tensor, "batch channel height width"]
Strength = Float32[Tensor, "batch"]
Operation = Callable[[Tensor, Tensor], Tensor]

# at strength 1
ROTATION, SHEAR, SHIFT, BLEND = math.radians(30), 0.3, 150 / 331, 0.9


def identity(x: Pixels, strength: Strength) -> Pixels:
    """Leave the images as they are."""
    del strength
    return x


def rotate(x: Pixels, strength: Strength) -> Pixels:
    """Rotate about the centre."""
    angle = strength * ROTATION
    return _warp(x, {(0, 0): angle.cos(), (0, 1): -angle.sin(), (1, 0): angle.sin(), (1, 1): angle.cos()})


def shear_rows(x: Pixels, strength: Strength) -> Pixels:
    """Push each column up or down, the more the farther it is from the centre."""
    return _warp(x, {(0, 1): strength * SHEAR})


def shear_columns(x: Pixels, strength: Strength) -> Pixels:
    """Push each row left or right, the more the farther it is from the centre."""
    return _warp(x, {(1, 0): strength * SHEAR})


def shift_rows(x: Pixels, strength: Strength) -> Pixels:
    """Move up or down."""
    return _warp(x, {(0, 2): strength * SHIFT * x.shape[2]})


def shift_columns(x: Pixels, strength: Strength) -> Pixels:
    """Move left or right."""
    return _warp(x, {(1, 2): strength * SHIFT * x.shape[3]})


def brightness(x: Pixels, strength: Strength) -> Pixels:
    """Multiply the pixels."""
    return brightness_contrast.brightness(x, 1 + BLEND * strength)


def contrast(x: Pixels, strength: Strength) -> Pixels:
    """Multiply the distance from the mean grey."""
    return brightness_contrast.contrast(x, 1 + BLEND * strength)


def colour(x: Pixels, strength: Strength) -> Pixels:
    """Move each pixel from or towards its own grey; a grey image stays as it is."""
    return _blend(to_channels(x, 1), x, strength)


def sharpness(x: Pixels, strength: Strength) -> Pixels:
    """Move each pixel from or towards the mean of its neighbourhood, the border pixels excepted."""
    if min(x.shape[2:]) < 3:
        return x
    kernel = torch.ones(1, 1, 3, 3, device=x.device)
    kernel[0, 0, 1, 1] = 5
    with torch.autocast(x.device.type, enabled=False):
        inner = F.conv2d(x.reshape(-1, 1, *x.shape[2:]), kernel / 13)
    smooth = x.clone()
    smooth[:, :, 1:-1, 1:-1] = inner.view(*x.shape[:2], *inner.shape[2:]).round()
    return _blend(smooth, x, strength)


def posterize(x: Pixels, strength: Strength) -> Pixels:
    """Keep only the upper bits of each pixel: 8 at strength 0, 4 at strength 1."""
    step = torch.exp2((4 * strength.abs()).round())[:, None, None, None]
    return (x / step).floor() * step


def solarize(x: Pixels, strength: Strength) -> Pixels:
    """Invert the pixels that are at least as bright as a threshold: 255 at strength 0, 0 at strength 1."""
    threshold = (255 * (1 - strength.abs()))[:, None, None, None]
    return torch.where(x >= threshold, 255 - x, x)


def autocontrast(x: Pixels, strength: Strength) -> Pixels:
    """Stretch each channel so that its darkest pixel is 0 and its brightest 255; a flat channel stays as it is."""
    del strength
    low, high = x.amin((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
    span = high - low
    return torch.where(span > 0, (x - low) * (255 / span.clamp(min=1e-6)), x)


def equalize(x: Pixels, strength: Strength) -> Pixels:
    """Spread each channel's grey values evenly, as Pillow does it."""
    del strength
    value = x.round().to(torch.int64).flatten(2)
    return equal_table(value).gather(2, value).view_as(x)


def equal_table(value: Int64[Tensor, "batch channel pixel"]) -> Float32[Tensor, "batch channel 256"]:
    """Return what `equalize` makes of each grey value 0..255, for each channel of each image."""
    counts = torch.zeros(*value.shape[:2], 256, dtype=torch.int64, device=value.device)
    counts.scatter_add_(2, value, torch.ones_like(value))
    # Pillow leaves the brightest value that occurs out of the step
    brightest = counts.gather(2, value.amax(2, keepdim=True))
    step = (value.shape[2] - brightest) // 255
    below = counts.cumsum(2) - counts
    table = ((below + step // 2) // step.clamp(min=1)).clamp(max=255)
    return torch.where(step > 0, table, torch.arange(256, device=value.device)).float()


def _warp(x: Tensor, entries: dict[tuple[int, int], Tensor]) -> Tensor:
    matrix = torch.eye(2, 3, device=x.device).repeat(len(x), 1, 1)
    for (row, column), value in entries.items():
        matrix[:, row, column] = value
    return warp_batch(x, matrix)


def _blend(plain: Tensor, x: Tensor, strength: Tensor) -> Tensor:
    return torch.lerp(plain.expand_as(x), x, (1 + BLEND * strength)[:, None, None, None]).clamp_(0, 255)


OPERATIONS: dict[str, Operation] = {
    "identity": identity,
    "autocontrast": autocontrast,
    "equalize": equalize,
    "rotate": rotate,
    "solarize": solarize,
    "colour": colour,
    "posterize": posterize,
    "contrast": contrast,
    "brightness": brightness,
    "sharpness": sharpness,
    "shear_columns": shear_columns,
    "shear_rows": shear_rows,
    "shift_columns": shift_columns,
    "shift_rows": shift_rows,
}
"""The paper's fourteen, by name."""
