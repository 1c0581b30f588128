"""Made sounds: chirps with pauses and a little noise, and a data set of two kinds of tones."""

from pathlib import Path

import numpy as np
import torch

from ferlab.data.samples import Samples
from ferlab.spec import TaskSpec
from ferlab.transforms.waveform import NO_SOUND

RATE = 16_000


def chirps(count: int, length: int, seed: int = 0) -> torch.Tensor:
    """Clips, int16 (clip, sample), each a rising tone with overtones in a pause of faint noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(length) / RATE
    clips = []
    for _ in range(count):
        low, rise = rng.uniform(90, 300), rng.uniform(20, 200)
        phase = 2 * np.pi * (low * time + rise * time**2 / 2)
        voice = sum(np.sin(k * phase) / k for k in range(1, 9))
        envelope = np.clip(np.sin(np.pi * time / time[-1] * rng.integers(1, 6)), 0, 1) ** 2
        clips.append(6000 * envelope * voice + 20 * rng.standard_normal(length) + 50)
    return torch.from_numpy(np.clip(np.stack(clips), -32767, 32767).astype(np.int16))


class Tones:
    """A data set: rising and falling tones of six speakers, unlike in length."""

    def __init__(self, each: int = 40, length: int = 16_000) -> None:
        self.each, self.length = each, length

    def load(self) -> Samples:
        """Make it."""
        rng = np.random.default_rng(0)
        count = 2 * self.each
        labels = np.arange(count) % 2
        x = np.full((count, self.length), NO_SOUND, np.int16)
        for clip, label in zip(x, labels, strict=True):
            own = int(rng.integers(self.length * 3 // 4, self.length))
            time = np.arange(own) / RATE
            low, rise = rng.uniform(400, 900), rng.uniform(500, 900)
            slope = rise if label else -rise
            phase = 2 * np.pi * ((low if label else low + rise * time[-1]) * time + slope * time**2 / 2)
            clip[:own] = 8000 * np.sin(phase) + 200 * rng.standard_normal(own)
        return Samples(
            name="tones",
            spec=TaskSpec("multiclass", ("falling", "rising"), "audio", (self.length,)),
            x=x,
            labels=labels.astype(np.int64),
            ids=np.array([f"tone{k:03}" for k in range(count)]),
            splits=np.full(count, "all"),
            columns={"actor": np.arange(count) // 2 % 6},
            synthetic=True,
            people=("actor",),
        )


def freeze(path: Path) -> None:
    """Write what librosa makes of two chirps, for tests where it is not installed: python tests/fakes/tones.py."""
    import json
    import warnings

    import librosa

    clips = chirps(2, 70_000).numpy().astype(np.float32) / 32768
    rng = np.random.default_rng(1)
    pictures = []
    for clip in clips:
        y = clip[8000:]
        y = ((y - y.mean()) / y.std())[:49_100]
        spectrum = np.abs(librosa.stft(y, n_fft=512, win_length=256, hop_length=128, window="hamming")) ** 2
        mel = librosa.feature.melspectrogram(S=spectrum, sr=RATE, n_mels=128, fmax=4000)
        level = librosa.power_to_db(mel, ref=np.max)
        pictures.append(np.stack([level[:, first : first + 128] for first in range(0, 257, 64)]))
    places = [[int(rng.integers(n)) for n in (2, 5, 128, 128)] for _ in range(200)]
    filters = []
    for n_fft, n_mels, fmin, fmax in (
        (512, 128, 0, 4000),
        (512, 64, 0, 8000),
        (400, 80, 20, 7600),
        (256, 128, 0, 4000),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = librosa.filters.mel(sr=RATE, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax)
        sums = {"sums": table.sum(1), "columns": table.sum(0)}
        given = {"rate": RATE, "n_fft": n_fft, "n_mels": n_mels, "fmin": fmin, "fmax": fmax}
        empty = {"empty": int((table.max(1) == 0).sum())}
        filters.append(given | empty | {k: [round(float(n), 9) for n in v] for k, v in sums.items()})
    values = [round(float(pictures[a][b, c, d]), 4) for a, b, c, d in places]
    found = {"librosa": librosa.__version__, "places": places, "values": values, "filters": filters}
    path.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    freeze(Path(__file__).parents[1] / "transforms" / "librosa_values.json")
