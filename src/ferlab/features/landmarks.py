"""Facial landmarks as features: where the parts of a face lie to one another, whatever its place, tilt and size (D4).

Points come from a provider (`points.py`), each image being looked at once. Memory: 8 bytes a point and image, and the
values themselves, 2,400 for 68 points.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Float32, Shaped

from ferlab.errors import FerlabError
from ferlab.features.extract import extract
from ferlab.features.points import Images, Points, Provider

PARTS = ("coordinates", "distances", "angles")
_WHERE, _MOST = "features.landmarks", 128


class Landmarks:
    """The geometry of facial landmarks, normalised to the eyes, and whether a face was found.

    The middle between the eyes becomes (0, 0), the line through them level, the distance between their centres 1.

    Args:
        provider: finds the points: Dlib, Mediapipe or Table, or a class of your own.
        parts: coordinates (x and y of each point), distances (between each two points), angles (cosine and sine of
            the direction from the points' centre to each).
        points: numbers of the points that count; None: all.
        missing: what an image without a found face gets: "mean" of the found training faces, or "zeros". In both
            cases the last value, 0 there and 1 elsewhere, tells it.

    Raises:
        FerlabError: an option has no meaning.
    """

    modality: ClassVar[str] = "image"
    version: ClassVar[int] = 1
    # the points are cached, and looked for on all cores, by themselves
    cores: ClassVar[str] = "own"
    cached: ClassVar[bool] = False
    chunk: ClassVar[int] = 4096

    def __init__(
        self,
        provider: Provider,
        parts: Sequence[str] = PARTS,
        points: Sequence[int] | None = None,
        missing: str = "mean",
    ) -> None:
        if not parts or not set(parts) <= set(PARTS):
            raise FerlabError(f"{_WHERE}.parts: expected some of {', '.join(PARTS)}, found {list(parts)}")
        if missing not in ("mean", "zeros"):
            raise FerlabError(
                f"{_WHERE}.missing: expected mean or zeros, found {missing!r}; images cannot be dropped: every model "
                "is tested on the same ones"
            )
        self.provider, self.parts, self.missing = provider, tuple(parts), missing
        self.chosen = None if points is None else list(points)
        self._known: dict[bytes, Points] = {}
        self._boxed: set[bytes] = set()
        self._mean: np.ndarray | None = None
        self._seen = self._faceless = self._boxes = self._count = 0

    @property
    def learns(self) -> bool:
        """Whether training faces fill what is missing."""
        return self.missing == "mean"

    @property
    def by_id(self) -> bool:
        """Whether only samples of the data set have points: those of a table stand there by the samples' ids."""
        return hasattr(self.provider, "of")

    @property
    def options(self) -> dict[str, Any]:
        """Everything the values depend on besides the images."""
        wish = {"parts": list(self.parts), "points": self.chosen, "missing": self.missing}
        return {"provider": self.provider.digest(), **wish}

    @property
    def notes(self) -> list[str]:
        """How many images no face was found in, and what became of them."""
        became = "the mean of the training faces" if self.learns else "zeros"
        if not self._boxes and not self._faceless:
            return [f"points for all {self._seen:,} images"]
        told = [(self._boxes, "whose points are those of the box"), (self._faceless, f"which got {became}")]
        return [f"no face found in {count:,} of {self._seen:,} images, {what}" for count, what in told if count]

    def identify(self, x: Images, ids: Shaped[np.ndarray, "sample"]) -> None:
        """Take the points of samples that are known by their ids, where the provider has such."""
        of = getattr(self.provider, "of", None)
        if of is not None:
            self._known |= dict(zip(_digests(x), of(ids), strict=True))

    def fit(self, x: Images) -> None:
        """Learn the mean of the training faces.

        Raises:
            FerlabError: no face is found in any training image.
        """
        values, found = self._geometry(self._points(x)[0])
        if not found.any():
            raise FerlabError(
                f"{_WHERE}: no face found in any of {len(x):,} training images; cure: a larger "
                f"{_WHERE}.provider.upsample (small images), {_WHERE}.provider.box=[0.18,0.26,0.83,0.91] (cropped "
                f"faces), or {_WHERE}.missing=zeros"
            )
        self._mean = values[found].mean(0)

    @property
    def learnt(self) -> dict[str, np.ndarray]:
        """What `fit` learnt: the mean of the training faces."""
        return {} if self._mean is None else {"mean": self._mean}

    def restore(self, learnt: Mapping[str, np.ndarray]) -> None:
        """Take what another of the same options has learnt, in place of `fit`.

        Raises:
            KeyError: it has learnt nothing.
        """
        self._mean = learnt["mean"]

    def transform(self, x: Images) -> Float32[np.ndarray, "sample feature"]:
        """Return the geometry, and 1 where a face was found.

        Raises:
            FerlabError: missing=mean without `fit`, too many points for distances, or points that the provider lacks.
        """
        points, boxed = self._points(x)
        values, found = self._geometry(points)
        if self.learns and self._mean is None:
            raise FerlabError(f"{_WHERE}: not fitted yet; expected `fit` with the training images first")
        values[~found] = 0 if self._mean is None else self._mean
        self._seen += len(x)
        self._faceless += int((~found).sum())
        self._boxes += int(boxed.sum())
        return np.concatenate([values, found[:, None].astype(np.float32)], axis=1)

    def names(self) -> list[str]:
        """Return what each value is, "distance 36 45" say; known once images were seen."""
        number = range(self._count) if self.chosen is None else self.chosen
        pairs = [(a, b) for i, a in enumerate(number) for b in list(number)[i + 1 :]]
        found = {
            "coordinates": [f"{axis} {i}" for i in number for axis in "xy"],
            "distances": [f"distance {a} {b}" for a, b in pairs],
            "angles": [f"{one} {i}" for one in ("cosine", "sine") for i in number],
        }
        return [name for part in self.parts for name in found[part]] + ["face found"]

    def _points(self, x: Images) -> tuple[Points, Bool[np.ndarray, "sample"]]:
        """Return each image's points, and whether they are a box's; only images that were never seen are looked at."""
        keys = _digests(x)
        new = [i for i, key in enumerate(keys) if key not in self._known]
        if new:
            rows = extract(_Found(self.provider), x if len(new) == len(x) else x[new], "facial landmarks")
            boxed = np.asarray(rows)[:, -1] == 1
            shaped = np.asarray(rows)[:, :-1].reshape(len(new), -1, 2)
            self._known |= {keys[i]: row for i, row in zip(new, shaped, strict=True)}
            self._boxed |= {keys[i] for i, one in zip(new, boxed, strict=True) if one}
        return np.stack([self._known[key] for key in keys]), np.array([key in self._boxed for key in keys])

    def _geometry(self, points: Points) -> tuple[Float32[np.ndarray, "sample feature"], Bool[np.ndarray, "sample"]]:
        self._count = points.shape[1]
        wanted = [*(i for eye in self.provider.eyes for i in eye), *(self.chosen or ())]
        if wanted and not 0 <= min(wanted) <= max(wanted) < self._count:
            raise FerlabError(f"{_WHERE}: point {max(wanted)} is asked for, but there are {self._count}, from 0")
        level = normalised(points, *self.provider.eyes)
        found = np.isfinite(level).all((1, 2))
        level = np.where(found[:, None, None], level, 0)
        level = level if self.chosen is None else level[:, self.chosen]
        return np.concatenate([self._part(level, part) for part in self.parts], axis=1).astype(np.float32), found

    def _part(self, level: np.ndarray, part: str) -> np.ndarray:
        if part == "coordinates":
            return level.reshape(len(level), -1)
        if part == "angles":
            arms = level - level.mean(1, keepdims=True)
            arms = arms / np.maximum(np.linalg.norm(arms, axis=2, keepdims=True), 1e-9)
            return np.concatenate([arms[:, :, 0], arms[:, :, 1]], axis=1)
        if level.shape[1] > _MOST:
            raise FerlabError(
                f"{_WHERE}.parts: distances between each two of {level.shape[1]} points would be "
                f"{level.shape[1] * (level.shape[1] - 1) // 2:,} values; cure: {_WHERE}.points=[...], at most {_MOST}, "
                f"or {_WHERE}.parts=[coordinates,angles]"
            )
        first, second = np.triu_indices(level.shape[1], 1)
        return np.asarray(np.linalg.norm(level[:, first] - level[:, second], axis=2))


def normalised(points: Points, left: Sequence[int], right: Sequence[int]) -> Points:
    """Return points with the middle between the eyes at (0, 0), the eyes level and their centres 1 apart.

    Args:
        points: in pixels; NaN where there is no face.
        left: points around the eye that comes first, to the left in the picture of an upright face.
        right: points around the other.

    Returns:
        NaN also where both eyes lie at one place.
    """
    one, other = points[:, list(left)].mean(1), points[:, list(right)].mean(1)
    line = (other - one).astype(np.float64)
    size = np.linalg.norm(line, axis=1)[:, None, None]
    # the axes of the face: along the eyes, and at a right angle to them
    along = line[:, None] / np.where(size > 0, size, np.nan)
    across = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    arms = points - ((one + other) / 2)[:, None]
    level = np.stack([(arms * along).sum(-1), (arms * across).sum(-1)], axis=-1)
    return (level / np.where(size > 0, size, np.nan)).astype(np.float32)


class _Found:
    """A provider's points as a feature of its own, so that they are cached; NaN where there is no face.

    The last value is 1 where the provider has points although it found no face.
    """

    modality: ClassVar[str] = "image"
    learns: ClassVar[bool] = False
    version: ClassVar[int] = 2

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.cores = getattr(provider, "cores", "own")
        self.options = {"provider": provider.digest()}

    def transform(self, x: Images) -> Float32[np.ndarray, "sample feature"]:
        """Return x and y of each point in turn, and whether they stand for a face that was not found."""
        if hasattr(self.provider, "placed"):
            points, boxed = self.provider.placed(x)
        else:
            points, boxed = self.provider.points(x), np.zeros(len(x), dtype=bool)
        return np.concatenate([points.reshape(len(x), -1), boxed[:, None]], axis=1).astype(np.float32)


def _digests(x: Images) -> list[bytes]:
    shape = str(x.shape[1:]).encode()
    return [hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16, key=shape[:64]).digest() for image in x]
