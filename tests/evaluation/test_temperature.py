"""The temperature: what it does to probabilities, that it is found again, and when none is fitted."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from calibrated_rows import drawn
from ferlab.evaluation.temperature import fit, tempered
from ferlab.losses.cross_entropy import CrossEntropy


@pytest.mark.parametrize("temperature", [0.3, 1, 1.7, 8])
def test_it_is_dividing_the_logits(temperature: float) -> None:
    logits = torch.randn(200, 7, generator=torch.Generator().manual_seed(0)) * 4
    several = CrossEntropy("multiclass")
    expected = several.probabilities(logits / temperature).numpy()
    np.testing.assert_allclose(tempered(several.probabilities(logits).numpy(), temperature), expected, atol=2e-6)
    # far beyond what 1 - p could tell
    one = torch.linspace(-40, 40, 200)[:, None]
    binary = CrossEntropy("binary")
    expected = binary.probabilities(one / temperature).numpy()
    np.testing.assert_allclose(tempered(binary.probabilities(one).numpy(), temperature), expected, atol=2e-6)


@given(
    st.lists(st.floats(0, 1, width=32), min_size=3, max_size=6).filter(lambda p: sum(p) > 0.1),
    st.floats(0.05, 20),
)
def test_it_never_changes_a_prediction(values: list[float], temperature: float) -> None:
    p = np.array([values], dtype=np.float32)
    p /= p.sum()
    after = tempered(p, temperature)
    assert after.argmax() == p.argmax()
    assert after.sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("sharper", [0.6, 1.0, 2.0])
def test_it_is_found_again(sharper: float) -> None:
    found = fit(*drawn(4000, sharper=sharper), resamples=500)
    assert found["value"] == pytest.approx(sharper, rel=0.05)
    assert found["low"] < sharper < found["high"] and found["note"] is None
    assert found["nll_after"] <= found["nll_before"]


def test_its_interval_covers() -> None:
    inside = []
    for seed in range(100):
        found = fit(*drawn(400, sharper=2, seed=seed), resamples=300)
        inside.append(found["low"] <= 2 <= found["high"])
    assert np.mean(inside) > 0.88


def test_it_is_where_torch_would_end() -> None:
    p, labels = drawn(500, sharper=1.8)
    logits, beta = torch.log(torch.tensor(p)), torch.ones((), dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([beta], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        search.zero_grad()
        value = torch.nn.functional.cross_entropy(logits * beta, torch.tensor(labels))
        value.backward()
        return value

    search.step(loss)
    assert fit(p, labels, resamples=10)["value"] == pytest.approx(1 / beta.item(), abs=1e-4)


def test_where_rows_cannot_tell_it_says_so() -> None:
    p, labels = drawn(200)
    few = fit(p[:20], labels[:20])
    assert few["value"] == 1 and "20 validation rows, fewer than 30" in few["note"]
    single = fit(p[labels == 1], labels[labels == 1])
    assert single["value"] == 1 and "a single class" in single["note"]
    assert single["nll_before"] == single["nll_after"]
    right = fit(p, p.argmax(1))
    assert right["value"] == 0.05 and "even surer would fit better" in right["note"] and right["low"] is None
    certain = fit(np.eye(4)[labels], (labels + 1) % 4)
    assert certain["value"] == 20 and "less sure" in certain["note"]
