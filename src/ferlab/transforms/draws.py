"""Random numbers, one an image, from the default generator of the images' device."""

import torch
from jaxtyping import Bool, Float32
from torch import Tensor


def uniform(batch: int, low: int | float, high: int | float, device: torch.device) -> Float32[Tensor, "batch"]:
    """Draw from [low, high)."""
    return low + (high - low) * torch.rand(batch, device=device)


def log_uniform(batch: int, low: int | float, high: int | float, device: torch.device) -> Float32[Tensor, "batch"]:
    """Draw from [low, high), each factor as likely as its inverse; both bounds positive."""
    return (torch.tensor([low, high]).log().diff().item() * torch.rand(batch, device=device)).exp() * low


def chosen(batch: int, p: int | float, device: torch.device) -> Bool[Tensor, "batch"]:
    """Choose each image with probability `p`; 0 chooses none and 1 all."""
    return torch.rand(batch, device=device) < p


def beta(batch: int, alpha: int | float, device: torch.device) -> Float32[Tensor, "batch"]:
    """Draw from the symmetric Beta(alpha, alpha), values 0..1."""
    # a tensor of parameters, else torch draws one number for all
    both = torch.full((batch,), alpha, device=device)
    return torch.distributions.Beta(both, both, validate_args=False).sample()
