"""Blank images, and images unusually dark, bright, flat or harsh for their data set."""

from typing import Any

import numpy as np
from jaxtyping import Float64, UInt8

from ferlab.progress import watched

#: robust z from which a value is an outlier (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993)
OUTLIER = 3.5
#: grey levels: standard deviation below which an image is nearly blank
NEARLY_BLANK = 5.0
#: grey levels: a smaller standard deviation counts as this. After histogram equalisation hardly any is left, and a
#: difference that nobody sees would make an outlier
LEAST_SPREAD = 8.0
#: mean and standard deviation of the grey levels after histogram equalisation: those of 0..255 equally often
EQUALISED = (127.5, 255 / 12**0.5)
_NEAR_EQUALISED = 5.0
#: kinds of unusual light
ODD = ("dark", "bright", "flat", "harsh")
_CHUNK = 256


def light(x: UInt8[np.ndarray, "sample height width channel"]) -> Float64[np.ndarray, "sample 2"]:
    """Return mean and contrast (standard deviation) of every image in grey levels, 0..255: the mean of its channels."""
    out = np.empty((len(x), 2))
    for start in watched(range(0, len(x), _CHUNK), -(-len(x) // _CHUNK), "measuring light"):
        colours = np.asarray(x[start : start + _CHUNK])
        # channel by channel: a mean over a last axis of three is many times slower
        part = sum(colours[..., k].astype(np.float32) for k in range(x.shape[3])) / np.float32(x.shape[3])
        part = part.reshape(len(colours), -1)
        # equal pixels need not have a deviation of zero once their mean is rounded
        contrast = np.where(np.ptp(part, axis=1) == 0, 0, part.std(1))
        out[start : start + _CHUNK] = np.stack([part.mean(1), contrast], axis=1)
    return out


def robust_z(values: Float64[np.ndarray, "sample"]) -> Float64[np.ndarray, "sample"]:
    """Return the distance of each value from the median in standard deviations, estimated by the median deviation.

    Args:
        values: in grey levels; a standard deviation below `LEAST_SPREAD` counts as that.
    """
    away = values - np.median(values)
    return np.asarray(away / max(LEAST_SPREAD, 1.4826 * float(np.median(np.abs(away)))))


def look_at_light(found: Float64[np.ndarray, "sample 2"]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Find blank images and outliers.

    Args:
        found: mean and contrast of every image.

    Returns:
        Plain numbers for the report, "equalised" being the share of images whose mean and contrast are those of an
        equalised histogram; and the positions behind the counts, the most extreme first: "constant" (all pixels
        equal), "nearly_blank", "dark", "bright", "flat" and "harsh" ones.
    """
    mean, contrast = found.T
    z_mean, z_contrast = robust_z(mean), robust_z(contrast)
    blank = contrast < NEARLY_BLANK
    lists = {
        "constant": np.flatnonzero(contrast == 0),
        "nearly_blank": _ordered(blank & (contrast > 0), contrast),
        "dark": _ordered((z_mean < -OUTLIER) & ~blank, mean),
        "bright": _ordered((z_mean > OUTLIER) & ~blank, -mean),
        "flat": _ordered((z_contrast < -OUTLIER) & ~blank, contrast),
        "harsh": _ordered((z_contrast > OUTLIER) & ~blank, -contrast),
    }
    facts = {
        "nearly_blank_below": NEARLY_BLANK,
        "outlier_from": OUTLIER,
        "mean": _summary(mean),
        "contrast": _summary(contrast),
        "equalised": float((np.abs(found - EQUALISED) < _NEAR_EQUALISED).all(1).mean()),
        "counts": {name: len(positions) for name, positions in lists.items()},
        # a dark one may be flat as well
        "odd": len(np.unique(np.concatenate([lists[name] for name in ODD]))),
    }
    return facts, lists


def _ordered(which: np.ndarray, by: np.ndarray) -> np.ndarray:
    positions = np.flatnonzero(which)
    return positions[np.argsort(by[positions], kind="stable")]


def _summary(values: np.ndarray) -> dict[str, float]:
    points = {"lowest": 0, "p1": 0.01, "median": 0.5, "p99": 0.99, "highest": 1}
    return {name: round(float(np.quantile(values, q)), 2) for name, q in points.items()}
