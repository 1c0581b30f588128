"""Do explanations fall where the label's causes lie? Synthetic faces know, so heat maps can be marked against truth.

Two kinds of chance: heat spread evenly puts into a mask as much as the mask's share of the area; heat that knows faces
but not this one puts into it as much as into the masks of other images. The pointing game asks of the hottest place
alone. Source of the game: Zhang et al., IJCV 2018, doi:10.1007/s11263-017-1059-x.
"""

from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt8

from ferlab.errors import FerlabError
from ferlab.evaluation.intervals import percentile, row_weights, wilson

RESAMPLES = 2_000


def causal_overlap(
    heat: Float[np.ndarray, "image height width"],
    masks: UInt8[np.ndarray, "_ _ _"],
    labels: Int[np.ndarray, "image"] | None = None,
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """Compare heat inside each image's causal mask with chance, over images.

    Images whose map is empty (no evidence anywhere), or whose mask is empty or full, say nothing; they are counted.

    Args:
        heat: maps of 0 or more, as `gradcam` gives them.
        masks: 1 where the label's causes lie, else 0.
        labels: class of each image; where given, "other masks" are those of other classes only.
        resamples: bootstrap draws over images.

    Returns:
        Plain values; an estimate is {"value", "low", "high", "interval"}. n, left_out; share (of heat inside the
        mask), area (the mask's share of the image), share_elsewhere (of heat inside other images' masks),
        ratio_area = share / area and ratio_elsewhere = share / share_elsewhere (chance is 1), pointing (share of
        images whose hottest place lies inside) beside pointing_elsewhere.

    Raises:
        FerlabError: maps and masks differ in shape, or fewer than two images are left.
    """
    if heat.shape != masks.shape:
        raise FerlabError(f"explain: expected heat maps and masks of one shape, found {heat.shape} and {masks.shape}")
    inside = masks.reshape(len(masks), -1).astype(np.float64)
    flat = heat.reshape(len(heat), -1).astype(np.float64)
    area = inside.mean(1)
    told = (flat.sum(1) > 0) & (area > 0) & (area < 1)
    if told.sum() < 2:
        raise FerlabError(
            f"explain: expected two or more images with a heat map and a mask, found {told.sum()} of {len(heat)}; "
            "choose another layer or more images"
        )
    inside, flat, area = inside[told], flat[told], area[told]
    shares = (flat / flat.sum(1, keepdims=True)) @ inside.T
    points = inside[:, flat.argmax(1)].T
    others = 1 - np.eye(len(flat))
    if labels is not None:
        different = (labels[told][:, None] != labels[told][None]).astype(np.float64)
        # an only class has no other: then any other image serves
        others = np.where(different.any(1, keepdims=True), different, others)
    others /= others.sum(1, keepdims=True)
    own, elsewhere = np.diagonal(shares), (shares * others).sum(1)
    hits = int(np.diagonal(points).sum())
    columns = np.stack([own, area, elsewhere, (points * others).sum(1)])
    draws = np.concatenate([columns @ w / len(flat) for w in row_weights(len(flat), resamples)], axis=1)
    means = columns.mean(1)
    low, high = wilson(hits, len(flat))
    return {
        "n": len(flat),
        "left_out": int((~told).sum()),
        "share": _estimate(means[0], draws[0]),
        "area": _estimate(means[1], draws[1]),
        "share_elsewhere": _estimate(means[2], draws[2]),
        "ratio_area": _estimate(means[0] / means[1], draws[0] / draws[1]),
        "ratio_elsewhere": _estimate(_ratio(means[0], means[2]), _ratio(draws[0], draws[2])),
        "pointing": {
            "value": round(hits / len(flat), 6),
            "low": round(low, 6),
            "high": round(high, 6),
            "interval": "wilson",
        },
        "pointing_elsewhere": _estimate(means[3], draws[3]),
    }


def _ratio(above: Any, below: Any) -> Any:
    """Divide, keeping a chance of nothing from dividing by nothing."""
    return above / np.maximum(below, 1e-6)


def _estimate(value: float, draws: Float[np.ndarray, "resample"]) -> dict[str, float | str]:
    low, high = percentile(draws) or (float(value), float(value))
    return {"value": round(float(value), 6), "low": round(low, 6), "high": round(high, 6), "interval": "bootstrap"}
