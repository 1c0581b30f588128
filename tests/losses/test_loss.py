"""What holds for every loss that can be configured: weights, blended labels, links, finite values and gradients."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ferlab.build import build
from ferlab.config import compose, conf_dir, plain
from ferlab.losses import Loss
from naive import batch, gradient, value

MULTILABEL_ONLY = {"softmax_over_labels"}
NAMES = sorted({path.stem for path in (conf_dir() / "loss").glob("*.yaml")} - MULTILABEL_ONLY)
SEVERAL_ONLY = {"sigmoid_cross_entropy"}
BOTH = [(name, classes) for name in NAMES for classes in (2, 4) if classes == 4 or name not in SEVERAL_ONLY]


@cache
def values_of(name: str) -> dict[str, Any]:
    values: dict[str, Any] = plain(compose("train", [f"loss={name}"]))["loss"]
    return values


def make(name: str, classes: int = 4, **more: object) -> Loss:
    values = dict(values_of(name))
    if "priors" in values:
        values["priors"] = list(range(1, classes + 1))
    loss: Loss = build(values, "binary" if classes == 2 else "multiclass", **more)
    return loss


def each(loss: Loss, logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return loss.each(torch.tensor(logits, dtype=torch.float32), torch.tensor(labels)).numpy()


@pytest.mark.parametrize(("name", "classes"), BOTH)
def test_class_weights_multiply_each_sample_while_they_count(name: str, classes: int) -> None:
    logits, labels = batch(classes=classes)
    weights = np.array([0.5, 1.0, 2.0, 3.0])[:classes]
    loss = make(name, classes, class_weights=weights.tolist(), start_epoch=3)
    losses = each(loss, logits, labels)
    assert loss.start_epoch == 3
    assert value(loss, logits, labels) == pytest.approx((weights[labels] * losses).mean(), rel=1e-5)
    loss.weighted = False
    assert value(loss, logits, labels) == pytest.approx(losses.mean(), rel=1e-5)


@pytest.mark.parametrize(("name", "classes"), BOTH)
@given(seed=st.integers(0, 99))
def test_blended_labels_share_the_loss_and_each_keeps_its_weight(name: str, classes: int, seed: int) -> None:
    logits, labels = batch(seed, classes=classes)
    rng = np.random.default_rng(seed)
    other, share = rng.integers(0, classes, len(labels)), rng.random(len(labels)).astype(np.float32)
    weights = np.array([0.5, 1.0, 2.0, 3.0])[:classes]
    loss = make(name, classes, class_weights=weights.tolist())
    tensors = [torch.tensor(a) for a in (logits.astype(np.float32), labels, other, share)]
    mine = weights[labels] * each(loss, logits, labels)
    theirs = weights[other] * each(loss, logits, other)
    expected = (share * mine + (1 - share) * theirs).mean()
    assert float(loss(*tensors)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("name", "classes"), BOTH)
@given(seed=st.integers(0, 1000), scale=st.sampled_from([0.0, 1.0, 30.0]))
def test_values_and_gradients_are_finite_and_probabilities_sum_to_one(
    name: str, classes: int, seed: int, scale: float
) -> None:
    logits, labels = batch(seed, classes=classes)
    loss = make(name, classes)
    p = loss.probabilities(torch.tensor(logits * scale)).numpy()
    assert p.shape == (len(labels), classes)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-4)
    assert np.isfinite(value(loss, logits * scale, labels))
    assert np.isfinite(gradient(loss, logits * scale, labels)).all()


@pytest.mark.parametrize(("name", "classes"), BOTH)
def test_going_down_its_gradient_ends_at_the_true_classes(name: str, classes: int) -> None:
    logits, labels = batch(n=20, classes=classes)
    loss = make(name, classes)
    for _ in range(200):
        logits = logits - 20 * gradient(loss, logits, labels)
    p = loss.probabilities(torch.tensor(logits)).numpy()
    assert (p.argmax(1) == labels).all()


@pytest.mark.parametrize("name", sorted(set(NAMES) - SEVERAL_ONLY - {"binary_cross_entropy"}))
def test_one_sigmoid_output_is_two_outputs_of_which_one_stays_zero(name: str) -> None:
    logits, labels = batch(classes=2)
    both = np.concatenate([np.zeros_like(logits), logits], axis=1)
    one, two = make(name, 2), make(name, 2)
    two.kind = "multiclass"
    assert value(one, logits, labels) == pytest.approx(value(two, both, labels), rel=1e-5)
    p = [loss.probabilities(torch.tensor(z)).numpy() for loss, z in ((one, logits), (two, both))]
    np.testing.assert_allclose(*p, rtol=1e-5)


def test_a_checkpoints_state_holds_nothing_of_a_loss() -> None:
    """Weights and priors stand in the checkpoint's plain values: its tensors fit whatever the loss was."""
    for name in NAMES:
        assert not make(name, class_weights=[1.0, 2.0, 3.0, 4.0]).state_dict()


@pytest.mark.parametrize(("name", "classes"), BOTH)
@given(seed=st.integers(0, 99))
def test_soft_labels_cost_what_a_label_drawn_from_them_costs_on_average(name: str, classes: int, seed: int) -> None:
    logits, labels = batch(seed, classes=classes)
    rng = np.random.default_rng(seed)
    soft = rng.dirichlet(np.ones(classes), len(labels)).astype(np.float32)
    weights = np.array([0.5, 1.0, 2.0, 3.0])[:classes]
    loss = make(name, classes, class_weights=weights.tolist())
    every = [weights[k] * each(loss, logits, np.full(len(labels), k)) for k in range(classes)]
    expected = (soft * np.stack(every, axis=1)).sum(1).mean()
    tensors = torch.tensor(logits, dtype=torch.float32), torch.tensor(labels)
    assert float(loss(*tensors, soft=torch.tensor(soft))) == pytest.approx(expected, rel=1e-4)
    one_hot = torch.eye(classes)[tensors[1]]
    assert float(loss(*tensors, soft=one_hot)) == pytest.approx(float(loss(*tensors)), rel=1e-5)


def test_soft_cross_entropy_is_torchs_own() -> None:
    logits, labels = (torch.tensor(a) for a in batch(classes=4))
    soft = torch.softmax(torch.randn(len(labels), 4), dim=1)
    for name in ("cross_entropy", "label_smoothing"):
        smoothing = float(values_of(name).get("label_smoothing", 0))
        expected = torch.nn.functional.cross_entropy(logits.float(), soft, label_smoothing=smoothing)
        assert float(make(name)(logits, labels, soft=soft)) == pytest.approx(float(expected), rel=1e-5)
