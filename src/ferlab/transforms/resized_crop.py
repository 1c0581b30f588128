"""Random resized crop: a window of random area and shape, brought to one size (Szegedy et al., arXiv 1409.4842)."""

from collections.abc import Sequence

import torch
from jaxtyping import Float32, Shaped
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.transforms.affine import warp_batch
from ferlab.transforms.draws import chosen, log_uniform, uniform
from ferlab.transforms.options import bounds, probability


class RandomResizedCrop(nn.Module):
    """Cut a random window out of each image and resize it, bilinear.

    A window that is larger than the image (scale above 1) holds all of it at a random place, smaller, and around it
    its border pixels go on.

    Args:
        size: side, or [height, width], of what comes out, in pixels; None: the image's own.
        scale: [from, to], the window's area as a share of the image's.
        ratio: [from, to], its width over its height relative to the image's, drawn log-uniformly.
        p: probability of each image; the others are resized whole.

    Raises:
        FerlabError: an option has no meaning.
    """

    def __init__(
        self,
        size: int | Sequence[int] | None = None,
        scale: Sequence[int | float] = (0.5, 1.0),
        ratio: Sequence[int | float] = (3 / 4, 4 / 3),
        p: int | float = 1.0,
    ) -> None:
        super().__init__()
        self.size = None if size is None else (size, size) if isinstance(size, int) else tuple(size)
        if self.size is not None and (len(self.size) != 2 or min(self.size) < 1):
            raise FerlabError(f"augment: RandomResizedCrop.size: expected a side or [height, width], found {size}")
        self.scale = bounds("RandomResizedCrop.scale", scale, 1e-3, 1e3)
        self.ratio = bounds("RandomResizedCrop.ratio", ratio, 1e-3, 1e3)
        self.p = probability("RandomResizedCrop.p", p)

    def forward(self, x: Shaped[Tensor, "batch channel height width"]) -> Float32[Tensor, "batch channel h w"]:
        """Return a new random version of each image, float32 in 0..255, in the memory format of `x`.

        Args:
            x: uint8, or floating point in 0..255.
        """
        height, width = x.shape[-2:]
        size = (height, width) if self.size is None else (self.size[0], self.size[1])
        return warp_batch(x, self.draw(len(x), height, width, size, x.device), size=size)

    def draw(
        self, batch: int, height: int, width: int, size: tuple[int, int], device: torch.device
    ) -> Float32[Tensor, "batch 2 3"]:
        """Draw one matrix an image; see `ferlab.transforms.affine` for its meaning.

        Args:
            batch: number of images.
            height: of the images, in pixels.
            width: of the images, in pixels.
            size: (height, width) of what comes out.
            device: where the numbers are drawn.
        """
        cut = chosen(batch, self.p, device)
        area = torch.where(cut, uniform(batch, *self.scale, device), 1)
        ratio = torch.where(cut, log_uniform(batch, *self.ratio, device), 1)
        tall, wide = height * (area / ratio).sqrt(), width * (area * ratio).sqrt()
        # from the window that touches one border to the one that touches the other
        rows = (torch.rand(batch, device=device) - 0.5) * (height - tall)
        columns = (torch.rand(batch, device=device) - 0.5) * (width - wide)
        zero = torch.zeros_like(tall)
        return torch.stack((tall / size[0], zero, rows, zero, wide / size[1], columns), dim=1).view(-1, 2, 3)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"size={self.size}, scale={self.scale}, ratio={self.ratio}, p={self.p}"
