from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferlab.features.dct import Dct
from ferlab.features.extract import extract
from ferlab.features.hog import Hog
from ferlab.features.lbp import Lbp
from ferlab.features.raw import Raw
from ferlab.features.zernike import Zernike
from small_images import noise


@pytest.mark.parametrize("feature", [Raw(), Hog(), Hog(colour="strongest"), Lbp(), Dct(), Zernike()], ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_images_mapped_read_only_are_read_and_left_alone(tmp_path: Path, feature: Any, channels: int) -> None:
    x = noise(3, channels=channels)
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    wanted = feature.transform(x.copy())
    assert np.array_equal(extract(feature, mapped, "toy"), wanted) and np.array_equal(mapped, x)
    assert np.array_equal(feature.transform(mapped), wanted)
