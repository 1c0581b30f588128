"""Random erasing: a rectangle of random area, shape and place is painted over (Zhong et al., arXiv 1708.04896)."""

from collections.abc import Sequence

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.transforms.draws import chosen, log_uniform, uniform
from ferlab.transforms.layout import same_layout
from ferlab.transforms.options import between, bounds, probability
from ferlab.transforms.rectangle import rectangle

# rectangles that are drawn until one fits, as torchvision does it; an image that none fits is left alone
TRIES = 10


class RandomErasing(nn.Module):
    """Paint over one rectangle of each chosen image; dtype and memory format are kept.

    Args:
        p: probability of each image.
        area: [from, to], the rectangle's share of the image.
        ratio: [from, to], its height over its width, drawn log-uniformly.
        value: what it is painted with: a pixel value 0..255, "mean" of the image (one a channel), or "random"
            (every pixel its own, the paper's choice).

    Raises:
        FerlabError: an option has no meaning.
    """

    def __init__(
        self,
        p: int | float = 0.5,
        area: Sequence[int | float] = (0.02, 0.4),
        ratio: Sequence[int | float] = (0.3, 1 / 0.3),
        value: int | float | str = "random",
    ) -> None:
        super().__init__()
        self.p = probability("RandomErasing.p", p)
        self.area = bounds("RandomErasing.area", area, 0, 1)
        self.ratio = bounds("RandomErasing.ratio", ratio, 1e-3, 1e3)
        if isinstance(value, str) and value not in ("mean", "random"):
            raise FerlabError(f"augment: RandomErasing.value: expected mean, random or a number, found {value!r}")
        self.value = value if isinstance(value, str) else between("RandomErasing.value", value, 0, 255)

    def forward(self, x: Shaped[Tensor, "batch channel height width"]) -> Shaped[Tensor, "batch channel height width"]:
        """Return a new random version of each image.

        Args:
            x: uint8, or floating point in 0..255.
        """
        batch, height, width = len(x), x.shape[-2], x.shape[-1]
        area = uniform(TRIES * batch, *self.area, x.device) * (height * width)
        ratio = log_uniform(TRIES * batch, *self.ratio, x.device)
        tall = (area * ratio).sqrt().round().long().view(TRIES, batch)
        wide = (area / ratio).sqrt().round().long().view(TRIES, batch)
        fits = (tall <= height) & (wide <= width)
        first = fits.int().argmax(0, keepdim=True)
        erased = (chosen(batch, self.p, x.device) & fits.any(0)).long()
        tall, wide = tall.gather(0, first)[0] * erased, wide.gather(0, first)[0] * erased
        top = (torch.rand(batch, device=x.device) * (height - tall + 1)).long()
        left = (torch.rand(batch, device=x.device) * (width - wide + 1)).long()
        inside = rectangle(top, left, tall, wide, x)
        return same_layout(torch.where(inside, self._paint(x), x), x)

    def _paint(self, x: Tensor) -> Tensor:
        if self.value == "random":
            # eight pixels a draw: they cost more than everything else here
            drawn = torch.empty(-(-x.numel() // 8), dtype=torch.int64, device=x.device).random_(-(2**63), None)
            noise = drawn.view(torch.uint8)[: x.numel()]
            return noise.view(x.permute(0, 2, 3, 1).shape).permute(0, 3, 1, 2).to(x.dtype)
        if self.value == "mean":
            mean = x.mean((2, 3), dtype=torch.float32, keepdim=True)
            return mean.to(x.dtype) if x.is_floating_point() else mean.round().to(x.dtype)
        return torch.tensor(self.value, device=x.device).to(x.dtype)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"p={self.p}, area={self.area}, ratio={self.ratio}, value={self.value}"
