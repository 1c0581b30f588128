"""Chain: augmentations one after another."""

from collections.abc import Mapping, Sequence

from jaxtyping import Int64, Shaped
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.transforms.mixing import Mixed, Mixing, unmixed


class Chain(Mixing):
    """Apply augmentations in their order; at most one of them may mix labels.

    Args:
        steps: the augmentations, named or not. Names let the command line reach one (`augment.steps.mixup.alpha=0.4`)
            or leave it out (`~augment.steps.mixup`).

    Raises:
        FerlabError: no step, or two that mix labels: a sample would then have more than two.
    """

    def __init__(self, steps: Sequence[nn.Module] | Mapping[str, nn.Module]) -> None:
        super().__init__()
        named = dict(steps) if isinstance(steps, Mapping) else {str(i): step for i, step in enumerate(steps)}
        if not named:
            raise FerlabError("augment: Chain.steps: expected one step or more, found none; cure: augment=none")
        mixing = [name for name, step in named.items() if _mixes(step)]
        if len(mixing) > 1:
            raise FerlabError(f"augment: Chain.steps: expected at most one step that mixes labels, found {mixing}")
        self.steps = nn.ModuleDict(named)

    def forward(self, x: Shaped[Tensor, "batch *sample"]) -> Shaped[Tensor, "batch *augmented"]:
        """Return a new random version of each sample, of what the last step returns."""
        for step in self.steps.values():
            x = step(x)
        return x

    def mix(self, x: Shaped[Tensor, "batch *sample"], y: Int64[Tensor, "batch"]) -> Mixed:
        """Apply the steps to samples and labels; see `Mixing.mix`. Without a mixing step each share is 1."""
        mixed = unmixed(x, y)
        for step in self.steps.values():
            if isinstance(step, Mixing) and _mixes(step):
                mixed = step.mix(mixed.x, y)
            else:
                mixed = mixed._replace(x=step(mixed.x))
        return mixed


def _mixes(step: nn.Module) -> bool:
    return any(_mixes(inner) for inner in step.steps.values()) if isinstance(step, Chain) else isinstance(step, Mixing)
