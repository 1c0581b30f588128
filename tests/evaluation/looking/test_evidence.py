"""Heat lies where the net saw the image."""

import numpy as np
import torch
from torch import nn

from ferlab.evaluation.looking.evidence import find_evidence
from ferlab.evaluation.rows import Rows
from ferlab.transforms.image import Preprocess


def test_heat_of_a_model_that_crops_lies_on_the_centre_of_the_whole_image() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 64, 2))
    images = np.random.default_rng(0).integers(0, 256, (3, 12, 12, 1), dtype=np.uint8)
    labels = np.array([0, 1, 0])
    p = np.full((3, 2), 0.5, np.float32)
    rows = Rows(np.array(["a", "b", "c"]), np.full(3, "test"), labels, labels, p, ("x", "y"), {})
    heat = find_evidence(images, rows, Preprocess((12, 12, 1), crop=8), net).first
    inner = find_evidence(images[:, 2:10, 2:10], rows, Preprocess((8, 8, 1)), net).first
    assert heat.shape == (3, 12, 12) and heat.max() > 0
    np.testing.assert_allclose(heat[:, 2:10, 2:10], inner, atol=1e-6)
    assert heat[:, :2].max() == heat[:, 10:].max() == heat[:, :, :2].max() == heat[:, :, 10:].max() == 0
