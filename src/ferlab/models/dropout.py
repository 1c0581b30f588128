"""Dropout whose masks cost a tenth of PyTorch's on the processor.

`torch.nn.functional.dropout` draws one random number a value, one after the other: a sixth of a training step of
`convnet` in bf16. Four decisions fit into the 64 bits that one draw brings, 16 bits each.
"""

import torch
from torch import Tensor, nn

from ferlab.errors import FerlabError

_STEPS = 2**16


class Dropout(nn.Dropout):
    """Set single values to zero with probability `p` while training, and scale the rest to keep the mean.

    On the processor `p` is met to 1/131,072, and the scale belongs to the probability in use, so the mean stays what
    it was. Elsewhere, and when compiled or exported, it is `torch.nn.Dropout`. The masks follow
    `torch.manual_seed`, but differ from PyTorch's for the same seed.

    Args:
        p: probability that a value is dropped, in [0, 1).

    Raises:
        FerlabError: the rate lies outside [0, 1).
    """

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p < 1:
            raise FerlabError(f"model: a dropout rate of {p} leaves nothing to learn from; expected 0 <= rate < 1")
        super().__init__(p)

    def forward(self, input: Tensor) -> Tensor:
        """Return the thinned values, in the shape, type and memory order of `input`."""
        if not self.training or self.p == 0:
            return input
        if input.device.type != "cpu" or torch.compiler.is_compiling():
            return super().forward(input)
        dropped = min(round(self.p * _STEPS), _STEPS - 1)
        kept = _random_int16(input).ge_(dropped - _STEPS // 2).to(input.dtype)
        # Scaling the product, not the mask: 1 / (1 - p) would lose its third digit in bfloat16.
        return (input * kept).mul_(_STEPS / (_STEPS - dropped))


def _random_int16(like: Tensor) -> Tensor:
    """Return integers uniform over all of int16, with the shape of `like` and, where it is dense, its strides."""
    # From the least int64 without an upper end: PyTorch's default range leaves the sign bit at zero.
    words = torch.empty((like.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    bits = words.view(torch.int16)[: like.numel()]
    if like.is_contiguous():
        return bits.view(like.shape)
    order = torch.empty_like(like, dtype=torch.int16, device="meta").stride()
    return bits.as_strided(like.shape, order)
