"""RandAugment: a few operations drawn at random, all at one magnitude (Cubuk et al., arXiv 1909.13719)."""

from collections.abc import Sequence

import torch
from jaxtyping import Float32, Shaped
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.transforms.draws import chosen
from ferlab.transforms.layout import same_layout, take
from ferlab.transforms.operations import OPERATIONS
from ferlab.transforms.options import between, probability

# the scale of the magnitude, as in the paper
STRONGEST = 30


class RandAugment(nn.Module):
    """Apply `operations` of the policy to each chosen image, drawn with replacement, each image its own.

    Args:
        count: operations an image, one after another.
        magnitude: strength of all of them, 0..30; the direction is drawn where there are two.
        operations: which ones, by name (`ferlab.transforms.operations.OPERATIONS`); None: the paper's fourteen.
        p: probability of each image.

    Raises:
        FerlabError: an option has no meaning.
    """

    def __init__(
        self,
        count: int = 2,
        magnitude: int | float = 9,
        operations: Sequence[str] | None = None,
        p: int | float = 1.0,
    ) -> None:
        super().__init__()
        self.names = list(OPERATIONS) if operations is None else list(operations)
        unknown = sorted(set(self.names) - set(OPERATIONS))
        if unknown or not self.names:
            raise FerlabError(
                f"augment: RandAugment.operations: expected some of {', '.join(OPERATIONS)}, found {unknown or 'none'}"
            )
        self.count = int(between("RandAugment.count", count, 0, 100))
        self.magnitude = between("RandAugment.magnitude", magnitude, 0, STRONGEST)
        self.p = probability("RandAugment.p", p)

    def forward(self, x: Shaped[Tensor, "batch channel height width"]) -> Float32[Tensor, "batch channel height width"]:
        """Return a new random version of each image, float32 in 0..255, in the memory format of `x`.

        Args:
            x: uint8, or floating point in 0..255; grey or RGB.
        """
        # a copy, since the rounds write into it
        out = x.to(torch.float32, copy=True)
        changed = chosen(len(x), self.p, torch.device("cpu"))
        for _ in range(self.count):
            # drawn on the processor, else an accelerator would have to wait for it at every operation
            kind = torch.where(changed, torch.randint(len(self.names), (len(x),)), -1)
            sign = 1.0 - 2 * torch.randint(2, (len(x),))
            strength = (sign * (self.magnitude / STRONGEST)).to(x.device)
            for number, name in enumerate(self.names):
                positions = (kind == number).nonzero()[:, 0].to(x.device)
                if name != "identity" and len(positions):
                    part = OPERATIONS[name](take(out, positions), strength[positions])
                    out[positions] = part.round().clamp_(0, 255)
        return same_layout(out, x)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"count={self.count}, magnitude={self.magnitude}, operations={self.names}, p={self.p}"
