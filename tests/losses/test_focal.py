"""Focal loss against the paper's formula."""

import numpy as np
import pytest

from ferlab.errors import FerlabError
from ferlab.losses import CrossEntropy, Focal
from naive import batch, gradient, sigmoid, softmax, value


@pytest.mark.parametrize("gamma", [0, 0.5, 2.0, 5])
@pytest.mark.parametrize("classes", [2, 4])
def test_it_is_cross_entropy_times_the_rest_to_the_gamma(gamma: float, classes: int) -> None:
    logits, labels = batch(classes=classes)
    if classes == 2:
        p = np.where(labels == 1, sigmoid(logits[:, 0]), 1 - sigmoid(logits[:, 0]))
    else:
        p = softmax(logits)[np.arange(len(labels)), labels]
    expected = (-((1 - p) ** gamma) * np.log(p)).mean()
    loss = Focal("binary" if classes == 2 else "multiclass", gamma=gamma)
    assert value(loss, logits, labels) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("kind", "sure"), [("multiclass", [[60.0, 0.0, 0.0]]), ("binary", [[-60.0]])])
def test_a_sample_that_is_surely_right_leaves_a_finite_gradient_below_gamma_1(
    kind: str, sure: list[list[float]]
) -> None:
    # 1 - p is 0 in float32 there, and the derivative of its root infinite
    slope = gradient(Focal(kind, gamma=0.5), np.array(sure), np.array([0]))
    assert np.isfinite(slope).all() and np.abs(slope).max() < 1e-6


def test_easy_samples_count_less_than_in_cross_entropy() -> None:
    easy, hard = np.array([[4.0, 0.0]]), np.array([[0.0, 4.0]])
    label = np.array([0])
    share = [value(loss, easy, label) / value(loss, hard, label) for loss in (Focal(), CrossEntropy())]
    assert share[0] < 1e-3 * share[1]


def test_a_negative_gamma_is_refused() -> None:
    with pytest.raises(FerlabError, match=r"loss\.gamma.*found -1"):
        Focal(gamma=-1)
