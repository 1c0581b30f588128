"""Seconds and Hertz along a spectrogram: on tiles of a sheet, and on axes of their own."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from ferlab.evaluation.figures.style import GREY

HERTZ = (125, 250, 500, 1000, 2000, 4000, 8000, 16000)
# in inches: a tick, and what the ticks take to the left of a tile and below it
TICK, MARGIN, BELOW = 0.04, 0.35, 0.13


@dataclass(frozen=True)
class Scale:
    """Where a spectrogram lies in time and pitch.

    Attributes:
        seconds: beginning of its first and end of its last frame, since the beginning of the raw clip.
        hertz: centre of each of its rows, ascending.
        wide: a tile's width as a multiple of its height.
    """

    seconds: tuple[float, float]
    hertz: Float[np.ndarray, "mel"]
    wide: float = 1.6

    def times(self) -> list[float]:
        """Return where ticks stand, in seconds: whole ones, or where few fit, halves, tenths, ..."""
        first, last = self.seconds
        for step in (10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01):
            ticks = np.arange(np.ceil(first / step - 1e-9), np.floor(last / step + 1e-9) + 1) * step
            if len(ticks) >= 3:
                return [round(float(tick), 2) for tick in ticks]
        return [first, last]

    def pitches(self) -> dict[float, str]:
        """Return the ticks of frequency: share of the height, counted from below -> "500", "2k"; "4 kHz" on top."""
        rows = np.arange(len(self.hertz)) + 0.5
        inside = [hz for hz in HERTZ if self.hertz[0] <= hz <= 1.03 * self.hertz[-1]]
        share = [float(np.interp(hz, self.hertz, rows)) / len(rows) for hz in inside]
        kept: dict[float, str] = {}
        for place, hz in zip(reversed(share), reversed(inside), strict=True):
            if not kept or min(kept) - place > 0.12:
                thousands, space = hz >= 1000, "" if kept else " "
                text = f"{hz // 1000}{space}k" if thousands else f"{hz}{space}"
                kept[place] = text if kept else f"{text}Hz"
        return kept

    def mark(self, axes: Axes, box: tuple[float, float, float, float], time: bool = True, pitch: bool = True) -> None:
        """Write ticks around a tile of an axes that counts downwards.

        Args:
            axes: of the sheet.
            box: left, top, right, bottom of the tile, in inches.
            time: the seconds below it.
            pitch: the Hertz to its left.
        """
        left, top, right, bottom = box
        first, last = self.seconds
        times = self.times() if time else []
        for tick in times:
            x = left + (tick - first) / (last - first) * (right - left)
            axes.plot([x, x], [bottom, bottom + TICK], color=GREY, linewidth=0.7)
            text = f"{tick:g} s" if tick == times[-1] else f"{tick:g}"
            axes.text(x, bottom + TICK + 0.02, text, fontsize=7, color=GREY, ha="center", va="top")
        for share, label in self.pitches().items() if pitch else ():
            y = bottom - share * (bottom - top)
            axes.plot([left - TICK, left], [y, y], color=GREY, linewidth=0.7)
            axes.text(left - TICK - 0.02, y, label, fontsize=7, color=GREY, ha="right", va="center")
