"""Cross-entropies against their definitions written out with numpy, and their links."""

import numpy as np
import pytest
import torch

from ferlab.errors import FerlabError
from ferlab.losses import KERAS_EPSILON, BinaryCrossEntropy, CrossEntropy, Loss, SigmoidCrossEntropy
from naive import batch, sigmoid, softmax, value


def test_cross_entropy_is_minus_the_log_of_the_true_class() -> None:
    logits, labels = batch()
    expected = -np.log(softmax(logits)[np.arange(len(labels)), labels]).mean()
    assert value(CrossEntropy(), logits, labels) == pytest.approx(expected, rel=1e-5)


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


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("classes", [2, 4])
def test_smoothing_spreads_a_part_of_each_label_over_all_classes(smoothing: float, classes: int) -> None:
    logits, labels = batch(classes=classes)
    both = np.concatenate([np.zeros_like(logits), logits], axis=1) if classes == 2 else logits
    target = np.eye(classes)[labels] * (1 - smoothing) + smoothing / classes
    expected = -(target * np.log(softmax(both))).sum(1).mean()
    loss = CrossEntropy("binary" if classes == 2 else "multiclass", label_smoothing=smoothing)
    assert value(loss, logits, labels) == pytest.approx(expected, rel=1e-5)


def test_options_without_a_meaning_are_refused() -> None:
    with pytest.raises(FerlabError, match="softmax or sigmoid"):
        BinaryCrossEntropy(over="tanh")
    with pytest.raises(FerlabError, match=r"label_smoothing.*below 1"):
        CrossEntropy(label_smoothing=1)
    with pytest.raises(FerlabError, match="loss=cross_entropy"):
        SigmoidCrossEntropy("binary")(torch.zeros(2, 1), torch.zeros(2, dtype=torch.int64))
