"""How a net sees raw samples, and how a person sees them with it: as they are, or sounds as spectrograms.

The one place where the two modalities part: all that draws or explains asks a lens.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int, Int16, Shaped, UInt8
from matplotlib.figure import Figure
from torch import Tensor, nn

from ferlab.evaluation.figures import sound_sheets
from ferlab.evaluation.figures.galleries import sample_grid
from ferlab.evaluation.figures.scale import Scale
from ferlab.evaluation.figures.style import Caption
from ferlab.explain.windows import open_door
from ferlab.transforms.image import Preprocess
from ferlab.transforms.log_mel import LogMel

Raw = UInt8[np.ndarray, "sample height width channel"] | Int16[np.ndarray, "sample time"]
DEPTH = 80
"""Decibels below a clip's maximum that are black."""
GRID, NOISY = 40, 4
T = TypeVar("T")


@dataclass(frozen=True)
class Examples:
    """What examples are drawn from: all raw samples, their classes, and how training changes them.

    Attributes:
        x: raw samples.
        labels: class index of each.
        train: positions of the training samples.
        names: of the classes.
        augment: the training augmentation.
    """

    x: Raw
    labels: Int[np.ndarray, "sample"]
    train: Int[np.ndarray, "kept"]
    names: tuple[str, ...]
    augment: Callable[[Tensor], Tensor] | None


class Lens:
    """Images: shown as the data give them.

    Args:
        preprocess: raw pixels (batch, channel, height, width) to the net's input.
        net: the model without its preprocessing; left untouched by everything here.

    Attributes:
        net: the one to explain: takes `input`'s result.
        scale: seconds and Hertz along a picture; None where it has none.
        plain: what the raw samples are called in a figure.
    """

    plain: ClassVar[str] = "raw images"

    def __init__(self, preprocess: Callable[[Tensor], Tensor], net: nn.Module) -> None:
        self.preprocess, self.net = preprocess, net
        self.scale: Scale | None = None

    def input(self, raw: Raw) -> Float[Tensor, "sample channel row column"]:
        """Return what `net` takes of raw samples, on its device."""
        with torch.no_grad():
            x = self.preprocess(self._there(raw))
        return x.contiguous(memory_format=torch.channels_last)

    def look(self, raw: Raw) -> UInt8[np.ndarray, "sample height width channel"]:
        """Return what a person is shown of raw samples: pixels, grey or RGB."""
        return np.asarray(raw)

    def onto_look(self, heat: Float[Tensor, "sample row column"]) -> Float[Tensor, "sample height width"]:
        """Lay heat of the net's input onto what is shown: what the preprocessing crops away has none."""
        return self.preprocess.onto_whole(heat) if isinstance(self.preprocess, Preprocess) else heat

    def upright(self, maps: Float[Tensor, "*any row column"]) -> Float[np.ndarray, "*any row column"]:
        """Return a layer's maps as they lie on what is shown."""
        return maps.float().cpu().numpy()

    def values(self, raw: Raw) -> Float[np.ndarray, "sample value"]:
        """Return raw samples as plain numbers, for projections."""
        return np.asarray(raw).reshape(len(raw), -1).astype(np.float32)

    def examples(self, of: Examples, caption: Caption) -> dict[str, Figure]:
        """Draw training samples as the net gets them: figures by name."""
        # spread over the training samples: data sets are often sorted by class
        chosen = np.sort(np.random.default_rng(0).permutation(of.train)[:GRID])
        chosen = np.random.default_rng(0).permutation(chosen)
        images, title = of.x[chosen], "Training samples"
        if (augment := of.augment) is not None:
            pixels = undisturbed(lambda: augment(as_batch(images)))
            images = pixels.clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
            title = "Training samples after augmentation"
        return {"samples": sample_grid(images, [of.names[i] for i in of.labels[chosen]], caption, title)}

    def _there(self, raw: Raw) -> Tensor:
        return as_batch(raw).to(next(self.net.parameters()).device)


class SoundLens(Lens):
    """Sounds: shown as the whole log-mel spectrogram that the net sees, grey, low frequencies below.

    Args:
        preprocess: the model's front end.
        net: what takes its pictures, whole or in windows.
    """

    plain = "raw spectrograms"

    def __init__(self, preprocess: LogMel, net: nn.Module) -> None:
        super().__init__(preprocess, open_door(net, preprocess))
        self.front = preprocess
        axes, half = preprocess.axes(), preprocess.hop / preprocess.rate / 2
        first = float(axes.seconds[0, 0])
        last = first + (preprocess.whole - 1) * 2 * half
        self.scale = Scale((first - half, last + half), axes.hertz.numpy())

    def input(self, raw: Raw) -> Float[Tensor, "sample channel row column"]:
        """Return the whole spectrograms of raw sounds, on the net's device; no mask ever lies on them."""
        with torch.no_grad():
            return self.front.spectrogram(self._there(raw))[:, None]

    def look(self, raw: Raw) -> UInt8[np.ndarray, "sample height width channel"]:
        """Return spectrograms: white at each clip's maximum, black `DEPTH` dB below it (or, of power, at the least)."""
        level = self.level(raw)
        top = level.max((1, 2), keepdims=True)
        low = top - DEPTH if self.front.db else level.min((1, 2), keepdims=True)
        share = np.clip((level - low) / np.maximum(top - low, 1e-9), 0, 1)
        return np.asarray(np.rint(255 * share[:, ::-1, :, None]), np.uint8)

    def level(self, raw: Raw) -> Float[np.ndarray, "sample mel frame"]:
        """Return spectrograms in dB (or power), the scaling by mean and std undone, lowest frequency first."""
        return self.unscaled(self.input(raw)[:, 0])

    def unscaled(self, picture: Float[Tensor, "sample mel frame"]) -> Float[np.ndarray, "sample mel frame"]:
        """Return the front end's values in dB (or power)."""
        return (picture.float().cpu() * self.front.std + self.front.mean).numpy()

    def onto_look(self, heat: Float[Tensor, "sample row column"]) -> Float[Tensor, "sample height width"]:
        """Turn heat upside down, as the picture is."""
        return heat.flip(1)

    def upright(self, maps: Float[Tensor, "*any row column"]) -> Float[np.ndarray, "*any row column"]:
        """Return a layer's maps, low frequencies below."""
        return maps.float().flip(-2).cpu().numpy()

    def examples(self, of: Examples, caption: Caption) -> dict[str, Figure]:
        """Draw a training clip of each class, and some of them beside what training makes of them."""
        rng, labels = np.random.default_rng(0), of.labels[of.train]
        own = [of.train[labels == label] for label in range(len(of.names))]
        chosen = np.array([int(rng.choice(some)) for some in own if len(some)])
        names = [of.names[label] for label in of.labels[chosen]]
        figures = {"sounds": sound_sheets.sounds(self._clips(of.x[chosen], names), self.front, caption)}
        masks = self.front.spec_augment
        if of.augment is not None or masks is not None:
            few = np.unique(np.linspace(0, len(chosen) - 1, NOISY).astype(int))
            raw, names = of.x[chosen[few]], [names[i] for i in few]
            heard, seen = undisturbed(lambda: self._augmented(raw, of.augment))
            changed = sound_sheets.clips(heard, self.unscaled(seen), names, self.front.rate)
            figures["augmented_sounds"] = sound_sheets.augmented(self._clips(raw, names), changed, self.front, caption)
        return figures

    def _clips(self, raw: Raw, names: list[str]) -> list[sound_sheets.Clip]:
        return sound_sheets.clips(as_batch(raw), self.level(raw), names, self.front.rate)

    def _augmented(self, raw: Raw, augment: Callable[[Tensor], Tensor] | None) -> tuple[Tensor, Tensor]:
        """Return waveforms and spectrograms as training makes them, masks and all."""
        heard = self._there(raw) if augment is None else augment(self._there(raw))
        seen = self.front.spectrogram(heard)
        return heard, seen if self.front.spec_augment is None else copy.copy(self.front.spec_augment).train()(seen)

    def values(self, raw: Raw) -> Float[np.ndarray, "sample value"]:
        """Return spectrograms as plain numbers."""
        return self.input(raw).flatten(1).float().cpu().numpy()


def lens_of(preprocess: Callable[[Tensor], Tensor], net: nn.Module) -> Lens:
    """Return the lens for a model."""
    return SoundLens(preprocess, net) if isinstance(preprocess, LogMel) else Lens(preprocess, net)


def undisturbed(work: Callable[[], T]) -> T:
    """Return what `work` does with a random state of its own: a figure must not move the run's."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        return work()


def as_batch(raw: Raw) -> Shaped[Tensor, "batch *sample"]:
    """Return raw samples as a batch: images (batch, channel, height, width), sounds (batch, time)."""
    # a copy: what is memory-mapped cannot be written, and torch warns of it
    x = torch.from_numpy(np.array(raw))
    return x.permute(0, 3, 1, 2) if x.ndim == 4 else x
