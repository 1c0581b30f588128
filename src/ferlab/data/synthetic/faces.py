"""SyntheticFaces: the embedded data set, faces drawn from facial action units; nothing to download.

Each face has a random identity, pose, light, occlusion and camera, and shows its expression by the action units that
FACS gives for it (`action_units.py`). It comes with the mask of what causes its label, so that explanations can be
checked against truth. It stands for no real face: every output made from it says "synthetic".
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ferlab.cache import cached
from ferlab.data.samples import Samples
from ferlab.data.synthetic.action_units import EMOTIONS, UNITS, activations
from ferlab.data.synthetic.camera import photograph
from ferlab.data.synthetic.labels import draw_labels, swap_labels
from ferlab.data.synthetic.render import render
from ferlab.data.synthetic.traits import RANGES, draw_traits
from ferlab.errors import FerlabError
from ferlab.spec import Kind, TaskSpec

#: raise it whenever the drawing changes: cached pictures of older versions are then left alone.
VERSION = 3
SPLITS = ("train", "val", "test")
#: larger batches fall out of the processor's cache, smaller ones spend their time on calls
_BATCH_PIXELS = 20 * 48 * 48
_MEASURES = ("intensity", "skin", "age", "yaw", "pitch", "roll")
_PRESENT = ("glasses", "hand", "beard", "moustache", "long_hair", "bald")


class SyntheticFaces:
    """Faces drawn from action units, in three splits.

    Sample i of a split depends on the seed, the split and i, and on the options that shape it, never on how many
    there are: a larger set begins with the smaller one. On another processor a pixel may differ by a last bit.

    Attributes:
        labels: class names in index order.
    """

    def __init__(
        self,
        n_train: int = 4000,
        n_val: int = 800,
        n_test: int = 800,
        size: int = 48,
        grey: bool = True,
        classes: Sequence[str] | None = None,
        contempt: bool = False,
        kind: str | None = None,
        imbalance: float = 0.0,
        label_noise: float = 0.0,
        intensity: Sequence[float] = (0.6, 1.0),
        seed: int = 0,
    ) -> None:
        """Check the options; nothing is drawn yet.

        Args:
            n_train: number of training faces.
            n_val: number of validation faces.
            n_test: number of test faces.
            size: height and width in pixels, 24 or more.
            grey: one channel, else RGB.
            classes: subset of the classes, relabelled in this order; None for all seven (eight with `contempt`).
            contempt: the eighth class, as in AffectNet.
            kind: "multiclass" or "binary"; None takes binary for two classes.
            imbalance: 0 draws all classes equally often, 1 as often as FER-2013 does, in between a mixture.
            label_noise: share of training and validation labels swapped for another class; test labels stay true.
            intensity: lowest and highest strength of the expressions, within 0..1.
            seed: another seed, other faces.

        Raises:
            FerlabError: an option lies outside its range, or a class is unknown.
        """
        self.labels = _classes(classes, contempt)
        self.counts = {"train": n_train, "val": n_val, "test": n_test}
        self.size, self.grey, self.seed = size, grey, seed
        self.imbalance, self.label_noise, self.intensity = imbalance, label_noise, tuple(intensity)
        for split, count in self.counts.items():
            _require(isinstance(count, int) and count >= 1, f"n_{split}", "a whole number, 1 or more", count)
        enough = isinstance(size, int) and size >= 24
        _require(enough, "size", "one whole number, 24 or more: brows and lids need them", size)
        _require(0 <= imbalance <= 1, "imbalance", "a number in 0..1", imbalance)
        _require(0 <= label_noise < 1, "label_noise", "a number in 0..1, below 1", label_noise)
        _require(seed >= 0, "seed", "0 or more", seed)
        bounds = self.intensity
        _require(len(bounds) == 2 and 0 < bounds[0] <= bounds[1] <= 1, "intensity", "[low, high] within 0..1", bounds)
        kinds: dict[str | None, Kind] = {"multiclass": "multiclass", "binary": "binary"}
        kinds[None] = "binary" if len(self.labels) == 2 else "multiclass"
        _require(kind in kinds, "kind", "multiclass or binary (or none)", kind)
        shape = (size, size, 1 if grey else 3)
        self.spec = TaskSpec(kinds[kind], self.labels, "image", shape)

    def load(self) -> Samples:
        """Draw the faces, or take them from the cache.

        Returns:
            Samples with pixels uint8 (sample, size, size, 1 or 3), splits train, val and test, ids such as
            "synthetic/train/000012", masks of the causes, and columns: `true_label` (name before label noise),
            `intensity`, `skin` (0 light .. 1 dark), `age` (0..1), `yaw`, `pitch`, `roll` (radians), and whether
            there are `glasses`, `hand`, `beard`, `moustache`, `long_hair`, or the head is `bald`.
        """
        options = {
            "version": VERSION,
            "classes": self.labels,
            "counts": self.counts,
            "size": self.size,
            "grey": self.grey,
            "imbalance": self.imbalance,
            "label_noise": self.label_noise,
            "intensity": self.intensity,
            "seed": self.seed,
        }
        arrays = cached("synthetic_faces", options, self._draw)
        splits = np.repeat(np.array(SPLITS), [self.counts[s] for s in SPLITS])
        ids = np.array([f"synthetic/{split}/{i:06d}" for split in SPLITS for i in range(self.counts[split])])
        columns: dict[str, Any] = {name: arrays[name] for name in _MEASURES + _PRESENT}
        columns["true_label"] = np.array(self.labels)[arrays["true"]]
        swapped = int((arrays["true"] != arrays["label"]).sum())
        notes: tuple[str, ...] = ("synthetic: faces drawn by a program, no photographs",)
        if swapped:
            notes += (f"label noise: {swapped} of {len(ids)} labels swapped, in train and val only",)
        return Samples(
            name="synthetic_faces",
            spec=self.spec,
            x=arrays["x"],
            labels=arrays["label"],
            ids=ids,
            splits=splits,
            columns=columns,
            masks=arrays["mask"],
            synthetic=True,
            notes=notes,
        )

    def _draw(self) -> dict[str, np.ndarray]:
        batch = max(1, _BATCH_PIXELS // (self.size * self.size * (1 if self.grey else 2)))
        jobs = [
            (split, np.arange(first, min(first + batch, self.counts[split])))
            for split in SPLITS
            for first in range(0, self.counts[split], batch)
        ]
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            parts = list(pool.map(lambda job: self.draw_batch(*job), jobs))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def draw_batch(self, split: str, index: np.ndarray) -> dict[str, np.ndarray]:
        """Draw the faces number `index` of a split: pixels, mask, label, true label and the columns, by name."""
        rngs = [np.random.default_rng([self.seed, SPLITS.index(split), int(i)]) for i in index]
        true = draw_labels(self.labels, index, self.imbalance, [self.seed, SPLITS.index(split)])
        noise = self.label_noise if split != "test" else 0.0
        label = swap_labels(true, len(self.labels), noise, rngs)
        uniform = np.stack([rng.random(len(RANGES) + 2 * len(UNITS)) for rng in rngs])
        emotions = np.array([EMOTIONS.index(name) for name in self.labels])[true]
        faces = expressive_faces(uniform, emotions, self.intensity[0], self.intensity[1])
        canvas, causes, hidden = render(faces, emotions, self.size, self.grey)
        columns = {name: faces[name][:, 0, 0] for name in _MEASURES}
        columns |= {name: faces[name][:, 0, 0] > 0 for name in _PRESENT}
        columns["hand"] = np.asarray(hidden.any(axis=(1, 2)))
        arrays = {"x": photograph(canvas, faces, rngs), "mask": causes.astype(np.uint8), "label": label, "true": true}
        return arrays | columns


def expressive_faces(uniform: np.ndarray, emotions: np.ndarray, low: float, high: float) -> dict[str, np.ndarray]:
    """Return traits and activations of faces, (sample, 1, 1) each, from rows of uniform numbers in 0..1."""
    traits = draw_traits(uniform[:, : len(RANGES)])
    jitter, micro = np.split(uniform[:, len(RANGES) :], 2, axis=1)
    micro = 0.14 * micro * micro
    # lips part in speech and in laughter, whatever the expression
    micro[:, UNITS.index(25)] = np.maximum(uniform[:, list(RANGES).index("part")] - 0.55, 0) * 1.4
    traits["intensity"] = (low + (high - low) * traits["intensity"]).astype(np.float32)
    # on a turned head the near side acts: the far one hardly shows
    yaw = traits["yaw"][:, 0, 0]
    left = np.where(np.abs(yaw) > 0.1, yaw > 0, traits["side"][:, 0, 0] < 0.5)
    return traits | activations(emotions, traits["intensity"][:, 0, 0], jitter, micro, left)


def _classes(classes: Sequence[str] | None, contempt: bool) -> tuple[str, ...]:
    known = EMOTIONS if contempt else EMOTIONS[:-1]
    chosen = known if classes is None else tuple(classes)
    for name in chosen:
        _require(name in EMOTIONS, "classes", f"some of {', '.join(EMOTIONS)}", name)
    _require(len(set(chosen)) == len(chosen) >= 2, "classes", "two or more different classes", list(chosen))
    return chosen


def _require(holds: bool, option: str, expected: str, found: object) -> None:
    if not holds:
        raise FerlabError(f"synthetic_faces: data.{option}: expected {expected}, found {found!r}; mend data.{option}")
