"""Random crops: each image its own window."""

from collections.abc import Sequence
from typing import Literal, cast, get_args

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.transforms.draws import chosen
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
        rows, columns = (self._places(x, axis, moved) for axis in (0, 1))
        height, width = x.shape[-2:]
        inner_rows, inner_columns = self._inside(rows, height), self._inside(columns, width)
        image = torch.arange(len(x), device=x.device)[:, None, None]
        # pixel by pixel with its channels; the permutations only rename axes
        out = x.permute(0, 2, 3, 1)[image, inner_rows[:, :, None], inner_columns[:, None, :]]
        if self.fill_mode == "constant" and self.padding:
            outside = (rows != inner_rows)[:, :, None] | (columns != inner_columns)[:, None, :]
            out.masked_fill_(outside[..., None], self.cval)
        return _as_before(out, x)

    def _places(self, x: Tensor, axis: int, moved: Tensor) -> Int64[Tensor, "batch side"]:
        """Draw which rows (axis 0) or columns (axis 1) each window covers."""
        given = x.shape[2 + axis]
        side = length("RandomCrop.size", self.size[axis], given)
        padding = length("RandomCrop.padding", self.padding, given)
        room = given + 2 * padding - side
        if room < 0 or side < 1 or (self.fill_mode == "reflect" and padding >= given):
            raise FerlabError(
                f"augment: RandomCrop: expected a window within images of {x.shape[2]} x {x.shape[3]} pixels, "
                f"found size {self.size}, padding {self.padding}, fill_mode {self.fill_mode}"
            )
        start = torch.randint(room + 1, (len(x),), device=x.device) - padding
        start = torch.where(moved, start, (given - side) // 2)
        return start[:, None] + torch.arange(side, device=x.device)

    def _inside(self, places: Tensor, side: int) -> Tensor:
        if not self.padding:
            return places
        if self.fill_mode == "reflect":
            places = torch.where(places < 0, -places, places)
            places = torch.where(places >= side, 2 * (side - 1) - places, places)
        return places.clamp(0, side - 1)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"size={self.size}, padding={self.padding}, fill_mode={self.fill_mode}, cval={self.cval}, p={self.p}"


def _as_before(out: Tensor, x: Tensor) -> Tensor:
    last = x.is_contiguous(memory_format=torch.channels_last)
    out = out.permute(0, 3, 1, 2)
    return out.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)
