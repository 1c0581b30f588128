"""What the losses say of samples with several labels at once."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from ferlab.errors import FerlabError
from ferlab.losses import BinaryCrossEntropy, CrossEntropy, Focal, Hinge, LogitAdjusted, Loss, SigmoidCrossEntropy
from ferlab.losses import SoftmaxOverLabels as Ancestor
from naive import sigmoid, softmax

ALL = [CrossEntropy("multilabel"), CrossEntropy("multilabel", label_smoothing=0.2), Focal("multilabel")]
ALL += [Ancestor("multilabel")]


def batch(seed: int = 0, n: int = 12, labels: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    return torch.tensor(rng.normal(size=(n, labels)), dtype=torch.float32), torch.tensor(
        rng.integers(0, 2, (n, labels))
    )


def test_cross_entropy_is_the_mean_over_labels_of_the_binary_one() -> None:
    logits, labels = batch()
    p = sigmoid(logits.numpy().astype(np.float64))
    each = [log_loss(labels[:, i], p[:, i], labels=[0, 1]) for i in range(5)]
    loss = CrossEntropy("multilabel")
    assert float(loss(logits, labels)) == pytest.approx(np.mean(each), rel=1e-5)
    np.testing.assert_allclose(loss.probabilities(logits).numpy(), p, rtol=1e-5)


def test_focal_without_gamma_is_cross_entropy_and_with_it_the_papers() -> None:
    logits, labels = batch()
    plain = float(CrossEntropy("multilabel")(logits, labels))
    assert float(Focal("multilabel", gamma=0)(logits, labels)) == pytest.approx(plain, rel=1e-5)
    p = sigmoid(logits.numpy().astype(np.float64))
    true = np.where(labels.numpy() == 1, p, 1 - p)
    expected = -((1 - true) ** 2 * np.log(true)).mean()
    assert float(Focal("multilabel", gamma=2)(logits, labels)) == pytest.approx(expected, rel=1e-5)


def test_the_ancestors_is_keras_categorical_cross_entropy_on_targets_of_several_ones() -> None:
    logits, labels = batch()
    p = softmax(logits.numpy().astype(np.float64))
    loss = Ancestor("multilabel")
    assert float(loss(logits, labels)) == pytest.approx(-(labels.numpy() * np.log(p)).sum(1).mean(), rel=1e-5)
    np.testing.assert_allclose(loss.probabilities(logits).sum(1).numpy(), 1, rtol=1e-5)
    assert loss.mark == "softmax over traits that are not exclusive"
    assert CrossEntropy("multilabel").mark is None


def test_a_sample_of_no_label_costs_the_ancestor_nothing() -> None:
    assert float(Ancestor("multilabel")(torch.randn(3, 5), torch.zeros(3, 5, dtype=torch.int64))) == 0


@pytest.mark.parametrize("loss", ALL)
@given(seed=st.integers(0, 99), scale=st.sampled_from([0.0, 1.0, 40.0]))
def test_values_and_gradients_are_finite(loss: Loss, seed: int, scale: float) -> None:
    logits, labels = batch(seed)
    logits = (logits * scale).requires_grad_()
    value = loss(logits, labels)
    value.backward()
    assert logits.grad is not None
    assert torch.isfinite(value)
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("loss", ALL)
def test_blended_samples_share_the_loss(loss: Loss) -> None:
    logits, labels = batch()
    _, other = batch(1)
    share = torch.rand(len(labels))
    each = share * loss.each(logits, labels) + (1 - share) * loss.each(logits, other)
    assert float(loss(logits, labels, other, share)) == pytest.approx(float(each.mean()), rel=1e-5)


@pytest.mark.parametrize("loss", [BinaryCrossEntropy, Hinge, LogitAdjusted, SigmoidCrossEntropy])
def test_what_needs_one_right_class_refuses_several(loss: type[Loss]) -> None:
    with pytest.raises(FerlabError, match=r"this one is multilabel; cure: loss=cross_entropy or loss=focal"):
        loss("multilabel")


@pytest.mark.parametrize("kind", ["multiclass", "binary"])
def test_the_ancestors_refuses_exclusive_classes(kind: str) -> None:
    with pytest.raises(FerlabError, match=f"this one is {kind}; cure: loss=cross_entropy"):
        Ancestor(kind)


def test_class_weights_are_refused() -> None:
    with pytest.raises(FerlabError, match="no class weights; cure: rebalance=none"):
        CrossEntropy("multilabel", class_weights=[1.0, 2.0])
