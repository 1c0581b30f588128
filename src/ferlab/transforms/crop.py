"""Random crops: each image its own window."""

from collections.abc import Sequence
from typing import Literal, cast, get_args

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.transforms.draws import chosen
from ferlab.transforms.layout import same_layout
from ferlab.transforms.options import between, length, probability

Fill = Literal["nearest", "constant", "reflect"]


class RandomCrop(nn.Module):
    """Cut a window of fixed size at a random place out of each image; dtype and memory format are kept.

    Args:
        size: side, or [height, width], of the window: whole numbers are pixels, floats shares of the image's sides;
            None: the image's own size, which makes sense with padding.
        padding: how far the window may reach beyond each border: pixels, or a share of the side.
        fill_mode: what lies there: nearest `aaa|abcd|ddd`, constant `kkk|abcd|kkk`, reflect `dcb|abcd|cba`.
        cval: the value k of "constant", 0..255.
        p: probability of each image; the others are cut from the centre.

    Raises:
        FerlabError: an option has no meaning.
    """

    def __init__(
        self,
        size: int | float | Sequence[int | float] | None = None,
        padding: int | float = 0,
        fill_mode: str = "nearest",
        cval: int | float = 0,
        p: int | float = 1.0,
    ) -> None:
        super().__init__()
        given = [1.0] if size is None else [size] if isinstance(size, (int, float)) else list(size)
        if len(given) not in (1, 2):
            raise FerlabError(f"augment: RandomCrop.size: expected a side or [height, width], found {given}")
        if fill_mode not in get_args(Fill):
            raise FerlabError(f"augment: RandomCrop.fill_mode: expected one of {get_args(Fill)}, found {fill_mode!r}")
        for value in (*given, padding):
            length("RandomCrop.size or padding", value, 1)
        self.size, self.padding = (given[0], given[-1]), padding
        self.fill_mode, self.cval = cast(Fill, fill_mode), between("RandomCrop.cval", cval, 0, 255)
        self.p = probability("RandomCrop.p", p)

    def forward(self, x: Shaped[Tensor, "batch channel height width"]) -> Shaped[Tensor, "batch channel h w"]:
        """Return one window of each image.

        Args:
            x: uint8, or floating point in 0..255.

        Raises:
            FerlabError: the window is larger than the padded image.
        """
        moved = chosen(len(x), self.p, x.device)
        (tall, rows), (wide, columns) = self._room(x, 0), self._room(x, 1)
        # views: a pixel with its channels, and every window there is, of which each image copies one
        pixels = self._padded(x.permute(0, 2, 3, 1))
        windows = pixels.unfold(1, tall, 1).unfold(2, wide, 1).permute(0, 1, 2, 4, 5, 3)
        top = torch.where(moved, torch.randint(rows, (len(x),), device=x.device), rows // 2)
        left = torch.where(moved, torch.randint(columns, (len(x),), device=x.device), columns // 2)
        return same_layout(windows[torch.arange(len(x), device=x.device), top, left].permute(0, 3, 1, 2), x)

    def _room(self, x: Tensor, axis: int) -> tuple[int, int]:
        """Return the window's side along the height (axis 0) or width (1), and at how many places it fits."""
        given = x.shape[2 + axis]
        side = length("RandomCrop.size", self.size[axis], given)
        padding = length("RandomCrop.padding", self.padding, given)
        room = given + 2 * padding - side
        if room < 0 or side < 1 or (self.fill_mode == "reflect" and padding >= given):
            raise FerlabError(
                f"augment: RandomCrop: expected a window within images of {x.shape[2]} x {x.shape[3]} pixels, "
                f"found size {self.size}, padding {self.padding}, fill_mode {self.fill_mode}"
            )
        return side, room + 1

    def _padded(self, pixels: Tensor) -> Tensor:
        """Return (batch, height, width, channel) with what lies beyond the border."""
        for axis in (1, 2):
            side = pixels.shape[axis]
            padding = length("RandomCrop.padding", self.padding, side)
            if not padding:
                continue
            places = torch.arange(-padding, side + padding, device=pixels.device)
            if self.fill_mode == "reflect":
                places = side - 1 - (side - 1 - places.abs()).abs()
            inside = places.clamp(0, side - 1)
            outside = (places != inside).view(-1, *([1] * (3 - axis)))
            pixels = pixels.index_select(axis, inside)
            if self.fill_mode == "constant":
                pixels.masked_fill_(outside, self.cval)
        return pixels

    def extra_repr(self) -> str:
        """Show the options."""
        return f"size={self.size}, padding={self.padding}, fill_mode={self.fill_mode}, cval={self.cval}, p={self.p}"
