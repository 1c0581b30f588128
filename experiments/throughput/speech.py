"""D2's log-mel windows by ferlab, a batch at a time, and by librosa, clip by clip as D2's ancestor makes them."""

import time
from collections.abc import Callable

import librosa as lib
import numpy as np
import torch
from numpy.typing import NDArray

from ferlab.allocator import keep_freed_memory
from ferlab.build import build
from ferlab.config import compose, plain

WARM, BATCH, RATE = 2, 32, 16_000
# 3.7 s, as long as RAVDESS' clips are on average
SAMPLES = 59_200
NAME = f"D2's windows of {SAMPLES / RATE:.1f} s clips, batch {BATCH}"


def clips(steps: int) -> NDArray[np.int16]:
    """Return batches of noise, (batch, clip, sample): no step of either way looks at what it hears."""
    rng = np.random.default_rng(0)
    return rng.integers(-9000, 9000, (WARM + steps, BATCH, SAMPLES), np.int16)


def rate(batches: NDArray[np.int16], once: Callable[[NDArray[np.int16]], object]) -> float:
    """Return clips a second; the first batches are not counted."""
    begun = 0.0
    for step, batch in enumerate(batches):
        if step == WARM:
            begun = time.perf_counter()
        once(batch)
    return (len(batches) - WARM) * BATCH / (time.perf_counter() - begun)


def ferlab(steps: int, threads: int | None = None) -> float:
    """Return clips a second.

    Args:
        steps: batches that are timed.
        threads: that torch may use; None: as many as it takes by itself.
    """
    keep_freed_memory()
    front_end = build(plain(compose("train", ["model=td_cnn_lstm"]))["model"]["preprocess"], (SAMPLES,)).eval()
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        with torch.no_grad():
            return rate(clips(steps), lambda batch: front_end(torch.from_numpy(batch)))
    finally:
        torch.set_num_threads(before)


def librosa(steps: int) -> float:
    """Return clips a second."""
    return rate(clips(steps), lambda batch: np.stack([_windows(clip) for clip in batch]))


def _windows(clip: NDArray[np.int16]) -> NDArray[np.float32]:
    y = clip[RATE // 2 :].astype(np.float32) / 32768
    y = ((y - y.mean()) / y.std())[:49_100]
    y = np.pad(y, (0, 49_100 - len(y)))
    power = np.abs(lib.stft(y, n_fft=512, win_length=256, hop_length=128, window="hamming")) ** 2
    mel = lib.feature.melspectrogram(S=power, sr=RATE, n_mels=128, fmax=4000)
    level = lib.power_to_db(mel, ref=np.max)
    return np.stack([level[:, first : first + 128] for first in range(0, 257, 64)])
