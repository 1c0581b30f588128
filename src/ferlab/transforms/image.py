"""Preprocess: from raw pixels to what a network eats; belongs to the model and travels in its checkpoint."""

from collections.abc import Sequence

import torch
from jaxtyping import Float32, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from ferlab.errors import FerlabError
from ferlab.transforms.layout import same_layout

LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601 weights of red, green and blue."""


def to_channels(
    x: Float32[Tensor, "batch given height width"], channels: int
) -> Float32[Tensor, "batch c height width"]:
    """Turn grey into RGB (three equal channels) or RGB into grey (ITU-R BT.601 luma); equal counts pass through.

    Args:
        x: grey (one channel) or RGB (three channels, in that order), any scale.
        channels: 1 or 3.

    Raises:
        FerlabError: `x` is neither grey nor RGB.
    """
    given = x.shape[1]
    if given == channels:
        return x
    if given == 1:
        wide = x.expand(-1, channels, -1, -1)
        return wide.contiguous(memory_format=torch.channels_last)
    if given != 3:
        raise FerlabError(
            f"preprocess: expected images of 1 (grey) or 3 (RGB) channels, found {given}; "
            "drop an alpha channel before, or set data.grey"
        )
    return x[:, 0:1] * LUMA[0] + x[:, 1:2] * LUMA[1] + x[:, 2:3] * LUMA[2]


class Preprocess(nn.Module):
    """Resize, grey or RGB, scale, normalise: `((pixel * scale) - mean) / std`.

    Raw images of another size or colour than those trained on are taken too: they are resized (bilinear with
    antialias, deterministic) and turned into grey or RGB, so that one path serves training, evaluation and
    prediction. All options are plain values; the module has no state of its own to save.

    Args:
        raw_shape: (height, width, channels) of one raw sample, as `TaskSpec.shape` gives it.
        size: side, or (height, width), in pixels, of what the network gets; None: as the data gives it.
        channels: 1 (grey) or 3 (RGB); None: as the data gives it.
        scale: factor on the pixels, which come in 0..255; 1 leaves them as they are.
        mean: one value, or one a channel, in units after `scale`; None: 0.
        std: one value, or one a channel, in units after `scale`; None: 1.
        crop: side, in pixels, of the centre that is cut out after the resize; None: all of it. Images that have this
            size already pass uncut: training crops at random places.

    Raises:
        FerlabError: an option has no meaning.
    """

    weight: Tensor
    bias: Tensor

    def __init__(
        self,
        raw_shape: Sequence[int],
        size: int | Sequence[int] | None = None,
        channels: int | None = None,
        scale: int | float = 1 / 255,
        mean: Sequence[int | float] | None = None,
        std: Sequence[int | float] | None = None,
        crop: int | None = None,
    ) -> None:
        super().__init__()
        if len(raw_shape) != 3 or min(raw_shape) < 1:
            raise FerlabError(
                f"preprocess.raw_shape: expected (height, width, channels), found {tuple(raw_shape)}; "
                "cure for sounds: model=td_cnn_lstm, res_lstm_attention or timm_speech"
            )
        height, width, given = raw_shape
        if size is not None:
            height, width = (size, size) if isinstance(size, int) else _pair(size)
        self.channels = given if channels is None else channels
        if self.channels not in (1, 3):
            raise FerlabError(f"preprocess.channels: expected 1 (grey) or 3 (RGB), found {self.channels}")
        if min(height, width) < 1:
            raise FerlabError(f"preprocess.size: expected sides of at least one pixel, found {(height, width)}")
        if scale <= 0:
            raise FerlabError(f"preprocess.scale: expected a positive factor, found {scale}")
        if crop is not None and not 1 <= crop <= min(height, width):
            raise FerlabError(f"preprocess.crop: expected a side in 1..{min(height, width)} pixels, found {crop}")
        self.size, self.crop = (height, width), crop
        shift, spread = self._per_channel("mean", mean, 0.0), self._per_channel("std", std, 1.0)
        if min(spread) <= 0:
            raise FerlabError(f"preprocess.std: expected positive values, found {list(spread)}")
        # one multiply-add a pixel; folded in double precision
        weight = torch.tensor([scale / s for s in spread], dtype=torch.float32)
        bias = torch.tensor([-m / s for m, s in zip(shift, spread, strict=True)], dtype=torch.float32)
        self.register_buffer("weight", weight.view(1, -1, 1, 1), persistent=False)
        self.register_buffer("bias", bias.view(1, -1, 1, 1), persistent=False)
        self._scales, self._shifts = bool((weight != 1).any()), bool((bias != 0).any())
        self._one = weight[0].item() if bool((weight == weight[0]).all()) else None

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of what the network gets."""
        return (self.channels, *(self.size if self.crop is None else (self.crop, self.crop)))

    def resize(self, x: Shaped[Tensor, "batch channel height width"]) -> Float32[Tensor, "batch c h w"]:
        """Return whole images in the network's colours and of `size`, not cropped, pixels 0..255; `forward` takes them.

        Args:
            x: uint8, or floating point in 0..255; grey or RGB; any size. The memory format is kept.

        Raises:
            FerlabError: the images are neither grey nor RGB, or neither uint8 nor floating point.
        """
        return self._fit(x, self.size)

    def onto_whole(self, x: Float32[Tensor, "batch height width"]) -> Float32[Tensor, "batch h w"]:
        """Return maps of the network's input, heat maps say, laid onto the whole image: 0 where `crop` cut it off."""
        (top, bottom), (left, right) = (self._margins(side) for side in self.size)
        return F.pad(x, [left, right, top, bottom])

    def forward(self, x: Shaped[Tensor, "batch channel height width"]) -> Float32[Tensor, "batch c h w"]:
        """Turn raw images into the network's input.

        Args:
            x: uint8, or floating point in 0..255; grey or RGB; any size. The memory format is kept.

        Raises:
            FerlabError: the images are neither grey nor RGB, or neither uint8 nor floating point.
        """
        if self.crop is not None and x.shape[-2:] == (self.crop, self.crop):
            out = self._fit(x, (self.crop, self.crop))
        else:
            (top, bottom), (left, right) = (self._margins(side) for side in self.size)
            height, width = self.size
            out = self._fit(x, self.size)[:, :, top : height - bottom, left : width - right]
            out = same_layout(out, x)
        # never write into the caller's batch
        fresh = out.untyped_storage().data_ptr() != x.untyped_storage().data_ptr()
        if self._scales:
            factor = self.weight if self._one is None else self._one
            out = out.mul_(factor) if fresh and not out.requires_grad else out * factor
            fresh = True
        if self._shifts:
            out = out.add_(self.bias) if fresh and not out.requires_grad else out + self.bias
        return out

    def _fit(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        if x.dtype != torch.uint8 and not x.is_floating_point():
            raise FerlabError(f"preprocess: expected uint8 or floating-point pixels in 0..255, found {x.dtype}")
        out = x.to(torch.float32)
        if self.channels < out.shape[1]:  # the cheaper order: grey before the resize, RGB after it
            out = to_channels(out, self.channels)
        if out.shape[-2:] != size:
            out = F.interpolate(out, size, mode="bilinear", antialias=True, align_corners=False)
        return to_channels(out, self.channels)

    def _margins(self, side: int) -> tuple[int, int]:
        """Return how many pixels the crop leaves out at both ends of a side."""
        left_out = 0 if self.crop is None else side - self.crop
        return left_out // 2, left_out - left_out // 2

    def extra_repr(self) -> str:
        """Show what the images become."""
        return "channels={}, height={}, width={}".format(*self.output_shape)

    def _per_channel(self, name: str, values: Sequence[int | float] | None, default: float) -> list[float]:
        given = [default] if values is None else [float(v) for v in values]
        if len(given) not in (1, self.channels):
            raise FerlabError(
                f"preprocess.{name}: expected one value or {self.channels} (one a channel), found {len(given)}: {given}"
            )
        return given if len(given) == self.channels else given * self.channels


def _pair(size: Sequence[int]) -> tuple[int, int]:
    if len(size) != 2:
        raise FerlabError(f"preprocess.size: expected one side or [height, width], found {list(size)}")
    return size[0], size[1]
