"""Losses against their definitions written out with numpy, and their links."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ferlab.errors import FerlabError
from ferlab.losses import KERAS_EPSILON, BinaryCrossEntropy, CrossEntropy, Loss, SigmoidCrossEntropy


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def batch(seed: int = 0, n: int = 9, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return 2 * rng.standard_normal((n, classes)), rng.integers(0, classes, n)


def value(loss: Loss, logits: np.ndarray, labels: np.ndarray) -> float:
    return float(loss(torch.tensor(logits, dtype=torch.float32), torch.tensor(labels)))


def test_cross_entropy_is_minus_the_log_of_the_true_class() -> None:
    logits, labels = batch()
    expected = -np.log(softmax(logits)[np.arange(len(labels)), labels]).mean()
    assert value(CrossEntropy(), logits, labels) == pytest.approx(expected, rel=1e-5)


def test_class_weights_multiply_each_sample() -> None:
    logits, labels = batch()
    weights = np.array([0.5, 1.0, 2.0, 3.0])
    each = -np.log(softmax(logits)[np.arange(len(labels)), labels])
    expected = (weights[labels] * each).mean()
    assert value(CrossEntropy(class_weights=weights.tolist()), logits, labels) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("over", "link"), [("softmax", softmax), ("sigmoid", sigmoid)])
def test_binary_cross_entropy_averages_over_classes(over: str, link) -> None:  # type: ignore[no-untyped-def]
    logits, labels = batch()
    p, target = link(logits), np.eye(4)[labels]
    expected = -(target * np.log(p) + (1 - target) * np.log(1 - p)).mean()
    assert value(BinaryCrossEntropy(over=over), logits, labels) == pytest.approx(expected, rel=1e-4)


def test_binary_cross_entropy_over_softmax_clips_as_keras_does() -> None:
    sure = np.array([[80.0, 0.0]])
    wrong = value(BinaryCrossEntropy(), sure, np.array([1]))
    # float32 rounds 1 - 1e-7 to 1 - 1.19e-7
    assert wrong == pytest.approx(-np.log(KERAS_EPSILON), rel=0.02)
    assert np.isfinite(wrong)


def test_sigmoid_cross_entropy_divides_the_sigmoids_by_their_sum() -> None:
    logits, labels = batch()
    p = sigmoid(logits) / sigmoid(logits).sum(1, keepdims=True)
    expected = -np.log(p[np.arange(len(labels)), labels]).mean()
    loss = SigmoidCrossEntropy()
    assert value(loss, logits, labels) == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(loss.probabilities(torch.tensor(logits)).numpy(), p, rtol=1e-5)


@pytest.mark.parametrize("loss", [CrossEntropy("binary"), BinaryCrossEntropy("binary")])
def test_a_binary_task_has_one_output_and_two_probabilities(loss: Loss) -> None:
    logits, labels = np.array([[2.0], [-1.0]]), np.array([1, 1])
    assert value(loss, logits, labels) == pytest.approx(-np.log(sigmoid(logits)).mean(), rel=1e-5)
    p = loss.probabilities(torch.tensor(logits)).numpy()
    np.testing.assert_allclose(p[:, 1], sigmoid(logits[:, 0]), rtol=1e-5)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)


@pytest.mark.parametrize(
    "loss", [CrossEntropy(), BinaryCrossEntropy(), BinaryCrossEntropy(over="sigmoid"), SigmoidCrossEntropy()]
)
@given(seed=st.integers(0, 1000), scale=st.sampled_from([0.0, 1.0, 30.0]))
def test_probabilities_sum_to_one_and_losses_are_finite(loss: Loss, seed: int, scale: float) -> None:
    logits, labels = batch(seed)
    p = loss.probabilities(torch.tensor(logits * scale)).numpy()
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-4)
    assert np.isfinite(value(loss, logits * scale, labels))


def test_options_without_a_meaning_are_refused() -> None:
    with pytest.raises(FerlabError, match="softmax or sigmoid"):
        BinaryCrossEntropy(over="tanh")
    with pytest.raises(FerlabError, match="loss=cross_entropy"):
        SigmoidCrossEntropy("binary")(torch.zeros(2, 1), torch.zeros(2, dtype=torch.int64))
