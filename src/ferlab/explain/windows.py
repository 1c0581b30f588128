"""A net that reads a spectrogram in windows, explained on the whole of it.

Asked of the windows themselves, occlusion would cover five moments at once, and heat would lie beside the time axis.
So the net is given a door: it takes the whole picture, which is cut inside, and every method works on the whole.
"""

import copy
from collections import OrderedDict
from dataclasses import dataclass

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ferlab.transforms.log_mel import LogMel

_NAME = "ferlab_windows"


@dataclass(frozen=True)
class Windows:
    """How whole spectrograms are cut for a net, and how its windows are laid back.

    Attributes:
        front: what cuts and lays back.
    """

    front: LogMel

    def __call__(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
        """Cut (batch, 1, mel, frame) into what the net takes: a forward pre-hook."""
        return self.front.cut(inputs[0][:, 0])

    def joined(self, maps: Float[Tensor, "picture map row column"]) -> Float[Tensor, "batch map row frame"]:
        """Lay maps of single windows onto the frames of their spectrograms; rows stay as they are.

        Args:
            maps: of a layer that sees one window at a time, those of one clip behind each other.
        """
        if self.front.windows is None:
            return maps
        wide = F.interpolate(maps, (maps.shape[2], self.front.frames), mode="bilinear", align_corners=False)
        rows, frames = wide.shape[2:]
        of_maps = wide.view(-1, self.front.windows, maps.shape[1], rows, frames).transpose(1, 2)
        return self.front.lay_back(of_maps.flatten(0, 1)).view(-1, maps.shape[1], rows, self.front.whole)


def open_door(net: nn.Module, front: LogMel) -> nn.Module:
    """Return the net as one that takes whole spectrograms, (batch, 1, mel, frame): same weights, same layers' names.

    Args:
        net: takes what `front` puts out; left untouched.
        front: the model's front end.
    """
    if front.windows is None and front.channels == 1:
        return net
    # a shallow copy holds the same layers; only its hooks are its own
    whole = copy.copy(net)
    whole._forward_pre_hooks, whole._forward_pre_hooks_with_kwargs = OrderedDict(), OrderedDict()
    windows = Windows(front)
    whole.register_forward_pre_hook(windows)
    # beside the modules: the front end is no layer of the net
    whole.__dict__[_NAME] = windows
    return whole


def windows_of(net: nn.Module) -> Windows | None:
    """Return how a net behind a door cuts what it gets; None for any other net."""
    found: Windows | None = net.__dict__.get(_NAME)
    return found


def joined(net: nn.Module, maps: Float[Tensor, "_ map row column"]) -> Float[Tensor, "batch map _ _"]:
    """Return a layer's maps on the whole picture, where the net reads windows of it; else the maps themselves."""
    windows = windows_of(net)
    return maps if windows is None else windows.joined(maps)
