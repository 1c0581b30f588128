"""The camera: exposure, blur and grain, and the last step to bytes."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import UInt8

from ferlab.data.synthetic.head import Faces
from ferlab.data.synthetic.shapes import Canvas

# OpenCV's own threads would fight with the callers' over cores
cv2.setNumThreads(0)


def photograph(
    canvas: Canvas, faces: Faces, rngs: Sequence[np.random.Generator]
) -> UInt8[np.ndarray, "sample height width channel"]:
    """Return the pictures as bytes, with each sample's exposure, blur and grain."""
    size = canvas.shape[2]
    exposed = np.power(np.clip(canvas * faces["exposure"][:, None], 0, 1), faces["gamma"][:, None])
    picture = np.ascontiguousarray(exposed.transpose(0, 2, 3, 1))
    # up to 0.6 pixels at 48 x 48
    sigmas = np.square(faces["blur"][:, 0, 0]) * np.float32(size / 80)
    for k, (rng, sigma) in enumerate(zip(rngs, sigmas, strict=True)):
        if sigma > 0.2:
            picture[k] = cv2.GaussianBlur(picture[k], (0, 0), float(sigma)).reshape(picture.shape[1:])
        grain = rng.standard_normal((size, size, 1), dtype=np.float32)
        picture[k] += grain * faces["grain"][k, 0, 0]
    return np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)
