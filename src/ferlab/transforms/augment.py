"""KerasAugment: Keras' ImageDataGenerator for whole batches, on the device (keras_preprocessing 1.1, order 1)."""

import math
from collections.abc import Sequence
from typing import cast, get_args

import torch
from jaxtyping import Float32, Shaped
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.transforms.affine import FillMode, matrices, warp_batch
from ferlab.transforms.draws import chosen
from ferlab.transforms.options import probability


class KerasAugment(nn.Module):
    """Random rotation, shift, shear, zoom and flips with Keras' meaning of every option.

    Each image draws its own values, uniformly and independently; each flip comes with probability 1/2. One affine
    warp (rotation @ shift @ shear @ zoom about the centre, bilinear, unrounded), then the flips. Randomness comes
    from the default generator of the images' device, so `torch.manual_seed` makes it reproducible. It acts whenever
    it is called, in training mode or not.

    Args:
        horizontal_flip: mirror left and right.
        vertical_flip: mirror top and bottom.
        rotation_range: degrees; angles from [-r, r].
        width_shift_range: fraction of the width, below 1; shifts from [-w, w].
        height_shift_range: fraction of the height, below 1; shifts from [-h, h].
        shear_range: DEGREES, as in Keras (0.2 is next to nothing); angles from [-s, s].
        zoom_range: z for [1 - z, 1 + z], or (low, high); drawn for height and width independently.
        fill_mode: what lies outside the image: nearest, constant, reflect or wrap.
        cval: pixel value outside, for "constant".
        p: probability that an image is rotated, shifted, sheared and zoomed at all; the flips have their own.

    Raises:
        FerlabError: an option has no meaning.
    """

    def __init__(
        self,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rotation_range: int | float = 0.0,
        width_shift_range: int | float = 0.0,
        height_shift_range: int | float = 0.0,
        shear_range: int | float = 0.0,
        zoom_range: int | float | Sequence[int | float] = 0.0,
        fill_mode: str = "nearest",
        cval: int | float = 0.0,
        p: int | float = 1.0,
    ) -> None:
        super().__init__()
        if fill_mode not in get_args(FillMode):
            raise FerlabError(f"augment.fill_mode: expected one of {get_args(FillMode)}, found {fill_mode!r}")
        for name, value in (("width", width_shift_range), ("height", height_shift_range)):
            if not 0 <= value < 1:
                raise FerlabError(f"augment.{name}_shift_range: expected a fraction of the side, 0..1, found {value}")
        for name, value in (("rotation_range", rotation_range), ("shear_range", shear_range)):
            if not 0 <= value <= 180:
                raise FerlabError(f"augment.{name}: expected degrees, 0..180, found {value}")
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rotation_range, self.shear_range = float(rotation_range), float(shear_range)
        self.width_shift_range, self.height_shift_range = float(width_shift_range), float(height_shift_range)
        self.zoom_range = _zoom(zoom_range)
        self.fill_mode, self.cval = cast(FillMode, fill_mode), float(cval)
        self.p = probability("KerasAugment.p", p)
        ranges = (rotation_range, width_shift_range, height_shift_range, shear_range)
        self.warps = any(ranges) or self.zoom_range != (1.0, 1.0)

    def forward(self, x: Shaped[Tensor, "batch channel height width"]) -> Float32[Tensor, "batch channel height width"]:
        """Return a new random version of each image, float32 in 0..255, in the memory format of `x`.

        Args:
            x: uint8, or floating point in 0..255.
        """
        if not self.warps:
            return self._flip(x).to(torch.float32)
        matrix = self.draw(len(x), x.shape[-2], x.shape[-1], x.device)
        return warp_batch(x, matrix, self.fill_mode, self.cval)

    def draw(self, batch: int, height: int, width: int, device: torch.device) -> Float32[Tensor, "batch 2 3"]:
        """Draw one matrix an image, the flips included; see `ferlab.transforms.affine` for its meaning.

        Args:
            batch: number of images.
            height: in pixels.
            width: in pixels.
            device: where the numbers are drawn.
        """
        unit = torch.rand(8, batch, device=device)
        sign = 2 * unit - 1
        low, high = self.zoom_range
        zoom = low + (high - low) * unit[4:6]
        matrix = matrices(
            theta=sign[0] * math.radians(self.rotation_range),
            rows=sign[1] * (self.height_shift_range * height),
            columns=sign[2] * (self.width_shift_range * width),
            shear=sign[3] * math.radians(self.shear_range),
            zoom_rows=zoom[0],
            zoom_columns=zoom[1],
        )
        if self.p < 1:
            still = torch.eye(2, 3, device=device)
            matrix = torch.where(chosen(batch, self.p, device)[:, None, None], matrix, still)
        # flips follow the warp, so they turn the OUTPUT's rows and columns around
        turn = torch.ones(batch, 1, 3, device=device)
        if self.vertical_flip:
            turn[:, 0, 0] = 1 - 2 * (unit[6] < 0.5).float()
        if self.horizontal_flip:
            turn[:, 0, 1] = 1 - 2 * (unit[7] < 0.5).float()
        return matrix * turn

    def _flip(self, x: Tensor) -> Tensor:
        for dim, wanted in ((2, self.vertical_flip), (3, self.horizontal_flip)):
            if wanted:
                chosen = torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5
                x = torch.where(chosen, x.flip(dim), x)
        return x

    def extra_repr(self) -> str:
        """Show the options."""
        return ", ".join(f"{k}={v}" for k, v in vars(self).items() if not k.startswith("_") and k != "training")


def _zoom(zoom_range: int | float | Sequence[int | float]) -> tuple[float, float]:
    if isinstance(zoom_range, (int, float)):
        low, high = 1 - float(zoom_range), 1 + float(zoom_range)
    elif len(zoom_range) == 2:
        low, high = float(zoom_range[0]), float(zoom_range[1])
    else:
        raise FerlabError(f"augment.zoom_range: expected z or [low, high], found {list(zoom_range)}")
    if not 0 < low <= high:
        raise FerlabError(f"augment.zoom_range: expected factors 0 < low <= high, found [{low}, {high}]")
    return low, high
