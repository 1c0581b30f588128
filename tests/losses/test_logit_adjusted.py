"""Logit adjustment against the paper's formula, and that it aims at balanced classes."""

import numpy as np
import pytest
import torch

from ferlab.errors import FerlabError
from ferlab.losses import LogitAdjusted
from naive import batch, gradient, sigmoid, softmax, value

PRIORS = np.array([0.6, 0.25, 0.1, 0.05])


@pytest.mark.parametrize("tau", [0, 0.5, 1.0, 2])
def test_it_is_cross_entropy_of_logits_plus_tau_log_prior(tau: float) -> None:
    logits, labels = batch()
    p = softmax(logits + tau * np.log(PRIORS))
    expected = -np.log(p[np.arange(len(labels)), labels]).mean()
    # counts do as well as shares
    for priors in (PRIORS.tolist(), [60, 25, 10, 5]):
        assert value(LogitAdjusted(tau=tau, priors=priors), logits, labels) == pytest.approx(expected, rel=1e-5)


def test_one_output_is_adjusted_by_the_priors_odds() -> None:
    logits, labels = batch(classes=2)
    p = sigmoid(logits[:, 0] + np.log(0.2 / 0.8))
    expected = -np.log(np.where(labels == 1, p, 1 - p)).mean()
    assert value(LogitAdjusted("binary", priors=[0.8, 0.2]), logits, labels) == pytest.approx(expected, rel=1e-5)


def test_predictions_are_the_plain_softmax() -> None:
    logits, _ = batch()
    p = LogitAdjusted(priors=PRIORS.tolist()).probabilities(torch.tensor(logits)).numpy()
    np.testing.assert_allclose(p, softmax(logits), rtol=1e-5)


def test_where_nothing_tells_the_classes_apart_it_learns_equal_probabilities() -> None:
    """Samples in the priors' proportions and one shared vector of logits: cross-entropy would learn the priors."""
    labels = np.repeat(np.arange(4), (100 * PRIORS).round().astype(int))
    loss, z = LogitAdjusted(priors=PRIORS.tolist()), np.zeros(4)
    z[0] = 2.0
    for _ in range(500):
        z = z - 5 * gradient(loss, np.tile(z, (len(labels), 1)), labels).sum(0)
    np.testing.assert_allclose(softmax(z[None])[0], 0.25, atol=1e-3)


@pytest.mark.parametrize("priors", [None, [], [0.5, 0.0, 0.5]])
def test_priors_are_required_and_above_zero(priors: list[float] | None) -> None:
    with pytest.raises(FerlabError, match=r"loss\.priors.*above 0"):
        LogitAdjusted(priors=priors)


def test_a_negative_tau_is_refused() -> None:
    with pytest.raises(FerlabError, match=r"loss\.tau.*found -1"):
        LogitAdjusted(tau=-1, priors=[1, 1])
