"""Figures of sounds: waveform over log-mel spectrogram, as recorded and as training sees them (document D2)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Shaped
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from torch import Tensor

from ferlab.evaluation.figures.scale import HERTZ
from ferlab.evaluation.figures.style import BLUE, GREY, INK, PALE, Caption, beside, board
from ferlab.transforms.log_mel import LogMel
from ferlab.transforms.waveform import to_float

WIDE, WAVE, PICTURE, STEP = 2.5, 0.5, 1.2, 2.45
"""In inches: width of a clip, height of its waveform and of its spectrogram, and from one clip to the next below."""
COLUMNS, POINTS, DEPTH = 4, 1000, 80
HEIGHT = "±: half the height of a waveform, of full scale"


@dataclass(frozen=True)
class Clip:
    """A clip as it is drawn.

    Attributes:
        name: its class.
        low: least value of the waveform in each of `POINTS` parts of the clip, full scale 1.
        high: greatest one.
        seconds: its length.
        level: spectrogram in dB (or power), lowest frequency first.
    """

    name: str
    low: Float32[np.ndarray, "_"]
    high: Float32[np.ndarray, "_"]
    seconds: float
    level: Float[np.ndarray, "mel frame"]

    @property
    def peak(self) -> float:
        """Largest absolute value of the waveform; 1 of a clip that is all zero."""
        return max(-float(self.low.min(initial=0)), float(self.high.max(initial=0))) or 1.0


def clips(
    x: Shaped[Tensor, "clip time"], levels: Float[np.ndarray, "clip mel frame"], names: Sequence[str], rate: int
) -> list[Clip]:
    """Put waveforms, `transforms.waveform`'s codes behind their ends, and spectrograms together."""
    signals, sounding = to_float(x)
    out = []
    for signal, heard, level, name in zip(signals.cpu(), sounding.cpu(), levels, names, strict=True):
        own = signal[heard].numpy()
        parts = np.array_split(own, min(POINTS, max(len(own), 1)))
        low, high = (np.array([pick(part, initial=0) for part in parts], np.float32) for pick in (np.min, np.max))
        out.append(Clip(name, low, high, len(own) / rate, level))
    return out


def sounds(shown: Sequence[Clip], front: LogMel, caption: Caption) -> Figure:
    """Draw a training clip of each class: its waveform, and below on the same time axis what the net sees of it."""
    columns = min(COLUMNS, len(shown))
    lines = -(-len(shown) // columns)
    facts = ("one training clip of each class", HEIGHT, _seen(front))
    with board(columns * (WIDE + 0.2), lines * STEP, "Sounds", caption.line(*facts), left=0.55, right=0.9) as (
        figure,
        base,
    ):
        _fill(base, shown, columns, front, [clip.name for clip in shown], [clip.peak for clip in shown])
    return figure


def augmented(shown: Sequence[Clip], changed: Sequence[Clip], front: LogMel, caption: Caption) -> Figure:
    """Draw training clips as they were recorded, and beside them as training sees them."""
    pairs = [clip for pair in zip(shown, changed, strict=True) for clip in pair]
    titles = [f"{clip.name}, {'augmented' if i % 2 else 'as recorded'}" for i, clip in enumerate(pairs)]
    columns = 2 * min(2, len(shown))
    lines = -(-len(pairs) // columns)
    facts = ("training clips, another draw every epoch", HEIGHT, _seen(front))
    title = "Sounds as recorded, and as training sees them"
    with board(columns * (WIDE + 0.2), lines * STEP, title, caption.line(*facts), left=0.55, right=0.9) as (
        figure,
        base,
    ):
        loud = [max(pairs[i - i % 2].peak, pairs[i - i % 2 + 1].peak) for i in range(len(pairs))]
        _fill(base, pairs, columns, front, titles, loud)
    return figure


def _seen(front: LogMel) -> str:
    first = front.skip / front.rate
    return f"log-mel spectrogram of {first:.2f} to {first + front.length / front.rate:.2f} s"


def _fill(
    base: Axes, shown: Sequence[Clip], columns: int, front: LogMel, titles: Sequence[str], loud: Sequence[float]
) -> None:
    """Draw clips in rows on a board, waveforms in -loud..loud, with one colour bar."""
    end = max(max(clip.seconds for clip in shown), (front.skip + front.length) / front.rate)
    top = max(float(clip.level.max()) for clip in shown)
    low = max(top - DEPTH, min(float(clip.level.min()) for clip in shown)) if front.db else 0.0
    image = None
    for i, (clip, title) in enumerate(zip(shown, titles, strict=True)):
        left, above = i % columns * (WIDE + 0.2), i // columns * STEP + 0.25
        wave = beside(base, left, above, WIDE, WAVE)
        _waveform(wave, clip, loud[i], end)
        wave.set_title(title, fontsize=9.5, pad=3)
        picture = beside(base, left, above + WAVE + 0.06, WIDE, PICTURE)
        image = _spectrogram(picture, clip, front, (low, top), end)
        if i % columns:
            picture.set_yticklabels([])
        else:
            picture.set_ylabel("Hz", fontsize=9)
        picture.set_xlabel("s", fontsize=9, labelpad=1)
    figure = base.get_figure(root=True)
    if figure is not None and image is not None:
        place = beside(base, columns * (WIDE + 0.2) + 0.02, 0.25 + WAVE + 0.06, 0.14, PICTURE)
        bar = figure.colorbar(image, cax=place)
        how = "dB below the clip's maximum" if front.reference == "clip" else "dB"
        bar.set_label(how if front.db else "power", fontsize=8)
        bar.ax.tick_params(labelsize=8)
        bar.outline.set_visible(False)


def _waveform(axes: Axes, clip: Clip, loud: float, end: float) -> None:
    time = np.linspace(0, clip.seconds, len(clip.low))
    axes.axhline(0, color=PALE, linewidth=0.6)
    axes.fill_between(time, clip.low, clip.high, color=BLUE, linewidth=0.4)
    axes.set(xlim=(0, end), ylim=(-1.05 * loud, 1.05 * loud), xticks=[], yticks=[])
    axes.text(1, 1, f"±{loud:.2g}", transform=axes.transAxes, ha="right", va="bottom", fontsize=7, color=GREY)
    axes.spines[:].set_visible(False)


def _spectrogram(axes: Axes, clip: Clip, front: LogMel, limits: tuple[float, float], end: float) -> AxesImage:
    rate, mels = front.rate, len(clip.level)
    first = (front.skip - front.hop / 2) / rate
    box = (first, first + front.whole * front.hop / rate, 0.0, float(mels))
    image = axes.imshow(
        clip.level, cmap="magma", vmin=limits[0], vmax=limits[1], extent=box, origin="lower", aspect="auto"
    )
    hertz = front.axes().hertz.numpy()
    ticks = [hz for hz in HERTZ[2:] if hertz[0] <= hz <= 1.03 * hertz[-1]]
    axes.set_yticks(np.interp(ticks, hertz, np.arange(mels) + 0.5), [str(hz) for hz in ticks])
    axes.set(xlim=(0, end), ylim=(0, mels))
    if first > 0.02:
        # what the net skips
        axes.text(first / 2, mels / 2, "not seen", rotation=90, ha="center", va="center", fontsize=7, color=GREY)
    axes.tick_params(labelsize=8, length=2, labelcolor=INK)
    axes.spines[:].set_color(PALE)
    return image
