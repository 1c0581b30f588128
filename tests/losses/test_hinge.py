"""Hinge loss against its definition."""

import numpy as np
import pytest
import torch

from ferlab.errors import FerlabError
from ferlab.losses import Hinge
from naive import batch, gradient, softmax, value


@pytest.mark.parametrize("margin", [1, 0.5])
@pytest.mark.parametrize("squared", [False, True])
def test_several_classes_are_those_of_crammer_and_singer(margin: float, squared: bool) -> None:
    logits, labels = batch()
    expected = []
    for z, y in zip(logits, labels, strict=True):
        short = max(0.0, margin + max(z[k] for k in range(4) if k != y) - z[y])
        expected.append(short**2 if squared else short)
    assert value(Hinge(margin=margin, squared=squared), logits, labels) == pytest.approx(np.mean(expected), rel=1e-5)


def test_it_is_torchs_multi_margin_where_there_are_two_classes() -> None:
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((9, 2)).astype(np.float32), rng.integers(0, 2, 9)
    # which divides the sum over classes by their number
    expected = 2 * torch.nn.functional.multi_margin_loss(torch.tensor(logits), torch.tensor(labels))
    assert value(Hinge(), logits, labels) == pytest.approx(float(expected), rel=1e-5)


def test_a_binary_task_is_the_usual_hinge() -> None:
    logits, labels = batch(classes=2)
    expected = np.maximum(0, 1 - np.where(labels == 1, 1, -1) * logits[:, 0]).mean()
    assert value(Hinge("binary"), logits, labels) == pytest.approx(expected, rel=1e-5)


def test_a_sufficient_lead_costs_nothing_and_moves_nothing() -> None:
    logits, label = np.array([[3.0, 1.5, -1.0]]), np.array([0])
    assert value(Hinge(), logits, label) == 0
    assert not gradient(Hinge(), logits, label).any()


def test_its_probabilities_are_the_softmax_of_the_logits() -> None:
    logits, _ = batch()
    np.testing.assert_allclose(Hinge().probabilities(torch.tensor(logits)).numpy(), softmax(logits), rtol=1e-5)


def test_a_margin_that_is_none_is_refused() -> None:
    with pytest.raises(FerlabError, match=r"loss\.margin.*found 0"):
        Hinge(margin=0)
