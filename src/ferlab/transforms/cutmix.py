"""CutMix: a rectangle of another image is pasted in, and labels follow its area (Yun et al., arXiv 1905.04899)."""

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

from ferlab.transforms.draws import beta, chosen
from ferlab.transforms.layout import same_layout, take
from ferlab.transforms.mixing import Mixed, Mixing, partners
from ferlab.transforms.options import positive, probability
from ferlab.transforms.rectangle import rectangle


class CutMix(Mixing):
    """Paste a part of another image of the batch into each chosen one; dtype and memory format are kept.

    The rectangle has the image's shape and 1 - Beta(alpha, alpha) of its area; its centre lies anywhere, what hangs
    over the border is cut off, and the labels' shares are those of the pixels that were in fact replaced.

    Args:
        alpha: of Beta(alpha, alpha); 1: every area is as likely.
        p: probability of each image.

    Raises:
        FerlabError: an option has no meaning.
    """

    def __init__(self, alpha: int | float = 1.0, p: int | float = 0.5) -> None:
        super().__init__()
        self.alpha, self.p = positive("CutMix.alpha", alpha), probability("CutMix.p", p)

    def mix(self, x: Shaped[Tensor, "batch channel height width"], y: Int64[Tensor, "batch"]) -> Mixed:
        """Mix each sample with another of the batch; see `Mixing.mix`."""
        batch, height, width = len(x), x.shape[-2], x.shape[-1]
        side = (1 - beta(batch, self.alpha, x.device)).sqrt() * chosen(batch, self.p, x.device)
        tall, wide = (side * height).long(), (side * width).long()
        top = torch.randint(height, (batch,), device=x.device) - tall // 2
        left = torch.randint(width, (batch,), device=x.device) - wide // 2
        inside = rectangle(top, left, tall, wide, x)
        share = 1 - inside[:, 0].sum((1, 2)) / (height * width)
        partner = partners(batch, x.device)
        return Mixed(same_layout(torch.where(inside, take(x, partner), x), x), y, y[partner], share)

    def extra_repr(self) -> str:
        """Show the options."""
        return f"alpha={self.alpha}, p={self.p}"
