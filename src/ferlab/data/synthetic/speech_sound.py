"""From a voice and what it says to the sound: glottal pulses and breath, filtered by the formants of the mouth.

The pulse is that of Klatt and Klatt (1990, doi:10.1121/1.398894; after Rosenberg 1971): a cubic flow while the glottis
is open, its closure softened against aliasing, a further pole for the spectral tilt. The mouth is a cascade of
resonances, changed every 16 ms and applied by overlap-add.
"""

import numpy as np
from jaxtyping import Float32, Float64

from ferlab.data.synthetic.speech_phones import STEP, durations, tracks
from ferlab.data.synthetic.speech_voices import Voice

RATE = 16_000
_FRAME, _HOP, _SIZE = 512, 256, 1024
# resonances above the third, Hz in an average man; and the bandwidth of all
_HIGH = (3400.0, 4500.0, 5600.0, 6700.0)
_WIDTHS = (75.0, 95.0, 150.0, 220.0, 300.0, 400.0, 500.0)
_NOISES = 1 << 17
_WINDOW = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
_POLES = 2 * len(_WIDTHS) + 1
# powers of 1/z at each frequency, for one matrix product: the denominator of every frame at once
_POWERS = np.exp(-2j * np.pi * np.outer(np.arange(_POLES + 1), np.arange(_SIZE // 2 + 1)) / _SIZE).astype(np.complex64)
Sound = Float32[np.ndarray, "time"]
Stretch = Float32[np.ndarray, "_"]


def noises(seed: int) -> dict[str, Stretch]:
    """Return stretches of noise of level 1: breath (white), hiss (s), burst (k) and puff (b)."""
    spectrum = np.fft.rfft(np.random.default_rng([seed, 4]).standard_normal((4, _NOISES)))
    hertz = np.fft.rfftfreq(_NOISES, 1 / RATE)
    shapes = {
        "breath": np.ones_like(hertz),
        "hiss": 1 / (1 + (3900 / np.maximum(hertz, 1)) ** 6),
        "burst": 1 / (1 + ((hertz - 1900) / 500) ** 2),
        "puff": 1 / (1 + (hertz / 900) ** 2),
    }
    made = {}
    for (name, shape), part in zip(shapes.items(), spectrum, strict=True):
        sound = np.fft.irfft(part * shape)
        made[name] = (sound / sound.std()).astype(np.float32)
    return made


def speak(
    voice: Voice, statement: int, noise: int | float | None, stretches: dict[str, Stretch], rng: np.random.Generator
) -> Sound:
    """Return one recording, full scale 1, 16 kHz.

    Args:
        voice: who speaks and how.
        statement: 1 or 2.
        noise: level of the room's noise, dB full scale; None for none.
        stretches: see `noises`.
        rng: for pauses, cycles and places in the noise.
    """
    before, after = 0.5 + 0.25 * rng.random(), 0.35 + 0.25 * rng.random()
    lengths = durations(statement)
    ends = np.cumsum(lengths * (1 + 0.08 * rng.standard_normal(len(lengths)).clip(-2, 2)) / voice.tempo)
    count = int((before + ends[-1] + after) / STEP)
    course = tracks(statement, ends, before, count)
    size = int(count * STEP * RATE)
    fine, coarse = np.arange(size, dtype=np.float32), np.arange(count, dtype=np.float32) * (STEP * RATE)

    def along(values: np.ndarray) -> Stretch:
        return np.asarray(np.interp(fine, coarse, values), np.float32)

    def stretch(name: str) -> Stretch:
        first = int(rng.integers(_NOISES - size))
        return stretches[name][first : first + size]

    pitch = _melody(voice, course["accent"], before, ends, rng)
    pulses, opened = _glottis(voice, along(pitch), rng)
    breath = along(course["breath"] + voice.breath * course["voice"])
    source = along(course["voice"]) * pulses + breath * (0.35 + 0.65 * opened) * stretch("breath")
    sound = _mouth(source, voice, course)
    for name in ("hiss", "burst", "puff"):
        sound += 0.22 * along(course[name]) * stretch(name)
    spoken = slice(int(before * RATE), int((before + ends[-1]) * RATE))
    sound *= 10 ** (voice.level / 20) / float(np.sqrt(np.mean(np.square(sound[spoken]))))
    if noise is not None:
        sound += 10 ** (noise / 20) * stretch("breath")
    return sound


def _melody(
    voice: Voice,
    accent: Float32[np.ndarray, "step"],
    before: float,
    ends: Float64[np.ndarray, "phone"],
    rng: np.random.Generator,
) -> Float64[np.ndarray, "step"]:
    """Return the pitch in Hz: accents on a line that falls, a last syllable that falls or rises, and unrest."""
    place = (np.arange(len(accent)) * STEP - before) / ends[-1]
    fall = 0.55 * voice.span * (0.5 - place.clip(0, 1))
    last = voice.rise * ((place - 0.72) / 0.28).clip(0, 1) ** 2
    seconds = np.arange(len(accent)) * STEP
    turn, slow = rng.random(2) * 2 * np.pi
    unrest = voice.tremor * np.sin(2 * np.pi * 5.8 * seconds + turn) + 0.3 * np.sin(2 * np.pi * 1.3 * seconds + slow)
    return np.asarray(voice.pitch * 2 ** ((fall + voice.span * accent + last + unrest) / 12)).clip(50, 650)


def _glottis(voice: Voice, pitch: Sound, rng: np.random.Generator) -> tuple[Sound, Sound]:
    """Return the derivative of the flow through the glottis, and where it is open (0 or 1)."""
    steady = np.cumsum(pitch, dtype=np.float64) / RATE
    cycles = int(steady[-1]) + 2
    lengths, strengths = rng.standard_normal((2, cycles))
    step = pitch / RATE * (1 + voice.jitter * lengths[steady.astype(np.int64)]).clip(0.5, 1.5)
    turns = np.cumsum(step)
    cycle = turns.astype(np.int64)
    phase = turns - cycle
    part = phase / voice.open
    opened = part < 1
    flow = np.where(opened, part * (2 - 3 * part), 0)
    # the jump at the closure, spread over the samples on both of its sides
    gap = (phase - voice.open) / step
    flow += 0.5 * np.where((gap >= 0) & (gap < 1), -np.square(1 - gap), 0)
    flow += 0.5 * np.where((gap >= -1) & (gap < 0), np.square(1 + gap), 0)
    flow *= 1 + voice.shimmer * strengths[cycle.clip(0, cycles - 1)]
    return flow.astype(np.float32), opened.astype(np.float32)


def _mouth(source: Sound, voice: Voice, course: dict[str, np.ndarray]) -> Sound:
    """Return the source as it leaves the mouth."""
    frames = -(-len(source) // _HOP) + 1
    padded = np.zeros((frames + 1) * _HOP, np.float32)
    padded[_HOP : _HOP + len(source)] = source
    cut = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
    spectrum = np.fft.rfft(cut * _WINDOW, _SIZE)
    spectrum /= _poles(voice, course, len(cut)) @ _POWERS
    pieces = np.fft.irfft(spectrum, _SIZE).astype(np.float32)
    out = np.zeros(len(padded) + _SIZE, np.float32)
    for quarter in range(_SIZE // _HOP):
        whole = pieces[:, quarter * _HOP : (quarter + 1) * _HOP].reshape(-1)
        out[quarter * _HOP : quarter * _HOP + len(whole)] += whole
    return out[_HOP : _HOP + len(source)]


def _poles(voice: Voice, course: dict[str, np.ndarray], frames: int) -> Float32[np.ndarray, "frame power"]:
    """Return the filter's denominator in powers of 1/z for each frame: resonances of gain 1 at 0 Hz, and the tilt."""
    at = (np.arange(frames) * _HOP / (STEP * RATE)).astype(np.int64).clip(0, len(course["f1"]) - 1)
    centres = [course[name][at] * scale for name, scale in (("f1", voice.f1), ("f2", voice.f2), ("f3", voice.tract))]
    centres += [np.full(frames, hertz * voice.tract) for hertz in _HIGH]
    fall = np.exp(-2 * np.pi * voice.cutoff / RATE)
    product = np.tile(np.array([1, -fall]) / (1 - fall), (frames, 1))
    for centre, width in zip(centres, _WIDTHS, strict=True):
        radius = np.exp(-np.pi * width / RATE)
        # a resonance beyond what the rate can hold would fold back
        turn = 2 * np.pi * np.minimum(centre, 0.47 * RATE) / RATE
        section = np.stack([np.ones(frames), -2 * radius * np.cos(turn), np.full(frames, radius**2)], 1)
        section /= section.sum(1, keepdims=True)
        longer = np.zeros((frames, product.shape[1] + 2))
        for power in range(3):
            longer[:, power : power + product.shape[1]] += product * section[:, power : power + 1]
        product = longer
    return product.astype(np.float32)
