from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from ferlab.evaluation.figures.feature_sheet import can_be_seen, feature_sheet, view
from ferlab.evaluation.figures.style import Caption
from ferlab.features.dct import Dct
from ferlab.features.hog import Hog
from ferlab.features.lbp import Lbp
from ferlab.features.raw import Raw
from ferlab.features.zernike import Zernike
from small_images import smooth

CAPTION = Caption("toy", "svm_rbf", 0, synthetic=True)
FEATURES = [Raw(), Raw(12, "grey"), Hog(), Lbp(), Lbp(method="nri_uniform"), Dct(60), Dct(20, 8, False), Zernike(12)]


@pytest.mark.parametrize("feature", FEATURES, ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_feature_is_drawn(tmp_path: Path, feature: Any, channels: int) -> None:
    path = feature_sheet(tmp_path, feature, smooth(7, 24, 32, channels), CAPTION, "this")
    assert path == tmp_path / "features_this.png" and imread(path).shape[0] > 300


def test_what_has_no_picture_is_left_out(tmp_path: Path) -> None:
    assert not can_be_seen(object()) and can_be_seen(Hog())
    assert feature_sheet(tmp_path, object(), smooth(2), CAPTION) is None
    assert feature_sheet(tmp_path, Hog(), smooth(0), CAPTION) is None
    assert not list(tmp_path.iterdir())


def test_hogs_strokes_lie_along_the_edge() -> None:
    # dark left of a vertical edge, bright right of it
    x = np.zeros((1, 24, 24, 1), np.uint8)
    x[:, :, 12:] = 200
    seen, _ = view(Hog(orientations=4), x)
    cell = seen[0, 32:64, 32:64, 0].astype(int)
    assert cell.sum(axis=0).max() > 3 * cell.sum(axis=1).max() / 2 and seen[0, :, :32].max() == 0


def test_many_zernike_moments_come_close_to_a_smooth_image() -> None:
    y, x = np.mgrid[-1:1:48j, -1:1:48j]
    image = (120 + 60 * x * y + 50 * y)[None, ..., None].astype(np.uint8)
    seen, _ = view(Zernike(8, centre="image"), image)
    inside = x**2 + y**2 <= 0.8
    assert np.abs(seen[0, inside, 0].astype(int) - image[0, inside, 0]).mean() < 4
