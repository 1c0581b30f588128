"""How alike two pictures are: small descriptors find candidates among all pairs, correlation of detail decides.

A descriptor is a picture without its fine detail, standardised, less the data set's mean and whitened by its principal
components: what all faces share (an oval, two dark eyes) then no longer makes two of them alike. The decision looks at
detail only: pictures less their slow shading, divided by the contrast around each pixel, so that an outline counts no
more than a cheek; the highest normalised cross-correlation of two over small shifts (Lewis, Fast Normalized
Cross-Correlation, 1995). It knows nothing of the data set that the pair stands in.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

# OpenCV's own threads would fight with the callers' over cores
cv2.setNumThreads(0)

#: pictures are compared at this many pixels a side
SIDE = 48
#: and may be shifted against each other by this many
REACH = 4

# standard deviations of the blurs, in pixels: what a descriptor keeps, noise, shading, surroundings
_SMOOTH, _FINE, _SHADING, _AROUND = 2.5, 0.7, 3.0, 4.0
# grey levels: contrast below which detail is not lifted, and below which there is none
_CONTRAST, _FLAT = 4.0, 1.0
_AXES = 32
_FIT, _SAMPLED = 6000, 400
# candidates a picture, on average, and in all where there are few pictures: some seconds' work
_EACH, _AT_LEAST = 12, 60_000
# what candidates must reach at half the resolution
_COARSE = 0.5


@dataclass(frozen=True)
class Views:
    """What is kept of pictures to compare them.

    Attributes:
        smooth: blurred, 12 x 12, standardised.
        coarse: detail at half the resolution.
        detail: fine structure of even contrast.
        flat: without detail in the middle, blank ones say: these are like no other.
    """

    smooth: Float32[np.ndarray, "picture 12 12"]
    coarse: Float32[np.ndarray, "picture 24 24"]
    detail: Float32[np.ndarray, "picture 48 48"]
    flat: Bool[np.ndarray, "picture"]


@dataclass(frozen=True)
class Basis:
    """The axes along which descriptors are taken, and the cosine from which two pictures are candidates."""

    mean: Float32[np.ndarray, "144"]
    axes: Float32[np.ndarray, "144 axis"]
    floor: float

    def descriptors(self, smooth: Float32[np.ndarray, "picture 12 12"]) -> Float32[np.ndarray, "picture axis"]:
        """Return unit vectors: the product of two is their cosine."""
        found = (smooth.reshape(len(smooth), -1) - self.mean) @ self.axes
        return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6), np.float32)


def views(pictures: Iterable[UInt8[np.ndarray, "height width channel"]], count: int) -> Views:
    """Reduce pictures of any size, of one or three channels, to what is compared.

    Args:
        pictures: one after the other: all of a data set need not lie in memory.
        count: how many there are.
    """
    smooth = np.empty((count, 12, 12), np.float32)
    coarse = np.empty((count, SIDE // 2, SIDE // 2), np.float32)
    detail = np.empty((count, SIDE, SIDE), np.float32)
    flat = np.empty(count, bool)
    for i, picture in enumerate(pictures):
        grey = _grey(picture)
        lit = cv2.GaussianBlur(grey, (0, 0), _FINE) - cv2.GaussianBlur(grey, (0, 0), _SHADING)
        detail[i] = lit / np.sqrt(cv2.GaussianBlur(lit * lit, (0, 0), _AROUND) + _CONTRAST**2)
        flat[i] = lit[REACH:-REACH, REACH:-REACH].std() < _FLAT
        coarse[i] = cv2.resize(detail[i], coarse.shape[1:], interpolation=cv2.INTER_AREA)
        smooth[i] = cv2.resize(cv2.GaussianBlur(grey, (0, 0), _SMOOTH), (12, 12), interpolation=cv2.INTER_AREA)
    smooth -= smooth.mean((1, 2), keepdims=True)
    smooth /= smooth.std((1, 2), keepdims=True) + 1e-3
    return Views(smooth, coarse, detail, flat)


def _grey(picture: UInt8[np.ndarray, "height width channel"]) -> Float32[np.ndarray, "48 48"]:
    grey = picture[..., 0] if picture.shape[2] == 1 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    if grey.shape != (SIDE, SIDE):
        how = cv2.INTER_AREA if min(grey.shape) > SIDE else cv2.INTER_LINEAR
        grey = cv2.resize(grey, (SIDE, SIDE), interpolation=how)
    return np.asarray(grey, np.float32)


def fit(smooth: Float32[np.ndarray, "picture 12 12"]) -> Basis:
    """Return the basis of a data set, with a cosine that lets through as many candidates as can be looked at.

    Args:
        smooth: of its pictures, `Views.smooth`.
    """
    n = len(smooth)
    some = smooth[np.linspace(0, n - 1, min(n, _FIT)).astype(int)].astype(np.float64)
    # with the mirrored ones, so that a pair is as alike in the mirror as it is the other way round
    some = np.concatenate([some, some[:, :, ::-1]]).reshape(-1, 144)
    mean = some.mean(0)
    variance, axes = np.linalg.eigh(np.cov(some, rowvar=False, bias=True))
    # largest first, and a little added to each: of few pictures the small ones are noise
    kept = slice(None, -1 - _AXES, -1)
    scale = np.sqrt(variance[kept] + max(1e-3 * variance[-1], 1e-6))
    basis = Basis(mean.astype(np.float32), (axes[:, kept] / scale).astype(np.float32), -1.0)
    # n * n / 2 pairs, each as it is and in the mirror
    share = max(_EACH / n, _AT_LEAST / n**2)
    if share >= 1:
        return basis
    sampled = smooth[np.linspace(0, n - 1, _SAMPLED).astype(int)]
    z = basis.descriptors(smooth)
    cosines = np.concatenate([basis.descriptors(part) @ z.T for part in (sampled, sampled[:, :, ::-1])])
    return Basis(basis.mean, basis.axes, float(np.quantile(cosines, 1 - share)))


def likeness(one: Views, i: int, other: Views, j: int, mirror: bool = False) -> float:
    """Return how alike two pictures are, -1..1: the correlation of their detail; -1 where they differ at a glance.

    Args:
        one: views of some pictures.
        i: which of them; not a flat one.
        other: views of some pictures.
        j: which of them; not a flat one.
        mirror: see `i` in a mirror.
    """
    step = -1 if mirror else 1
    if _correlation(one.coarse[i, :, ::step], other.coarse[j], REACH // 2) < _COARSE:
        return -1.0
    return _correlation(one.detail[i, :, ::step], other.detail[j], REACH)


def _correlation(one: np.ndarray, other: np.ndarray, reach: int) -> float:
    """Return the highest normalised cross-correlation of the middle of `one` with `other` over shifts up to `reach`."""
    found = cv2.matchTemplate(other, one[reach:-reach, reach:-reach], cv2.TM_CCOEFF_NORMED)
    # rounded, it may come out a little above one
    return min(1.0, float(found.max()))
