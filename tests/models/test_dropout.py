import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ferlab.errors import FerlabError
from ferlab.models.dropout import Dropout, _random_int16

RATES = (0.1, 0.25, 0.5, 0.9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rate", RATES)
def test_drops_the_share_and_keeps_the_mean(rate, dtype):
    torch.manual_seed(0)
    x = torch.full((400, 1000), 3.0, dtype=dtype)
    y = Dropout(rate)(x)
    n = x.numel()
    assert (y == 0).float().mean().item() == pytest.approx(rate, abs=5 * (rate * (1 - rate) / n) ** 0.5)
    kept = y[y != 0].unique()
    assert len(kept) == 1
    assert kept.item() == pytest.approx(3 / (1 - rate), rel=2**-8 if dtype == torch.bfloat16 else 1e-4)


def test_in_double_precision_the_scale_belongs_to_the_share_in_use():
    y = Dropout(0.1)(torch.ones(10_000, dtype=torch.float64))
    assert y.max().item() == pytest.approx(1 / (1 - 6554 / 65536), rel=1e-12)


@pytest.mark.parametrize("rate", RATES)
def test_neighbours_drop_independently(rate):
    # Four decisions share one 64-bit word: a mask that repeated within it would show here, at lags 1 to 8.
    torch.manual_seed(1)
    kept = (Dropout(rate)(torch.ones(400_000)) != 0).double()
    centred = kept - kept.mean()
    for lag in range(1, 9):
        correlation = (centred[lag:] * centred[:-lag]).mean() / centred.square().mean()
        assert abs(correlation.item()) < 5 / len(kept) ** 0.5


def test_random_words_use_every_bit():
    torch.manual_seed(2)
    bits = _random_int16(torch.empty(400_000)).to(torch.int32)
    ones = torch.stack([(bits >> i) & 1 for i in range(16)]).double().mean(1)
    assert (ones - 0.5).abs().max() < 5 * 0.5 / 400_000**0.5
    # The sign bit of each 64-bit word, the fourth decision, is the one that PyTorch's default range leaves at zero.
    assert abs((bits[3::4] < 0).double().mean() - 0.5) < 5 * 0.5 / 100_000**0.5


@given(
    shape=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    dtype=st.sampled_from([torch.float32, torch.bfloat16, torch.float64]),
    order=st.randoms(use_true_random=False),
)
def test_shape_type_strides_and_gradient_follow_any_input(shape, dtype, order):
    axes = list(range(len(shape)))
    order.shuffle(axes)
    x = torch.rand(shape, dtype=dtype).add(1).permute(axes).requires_grad_()
    y = Dropout(0.5)(x)
    assert y.shape == x.shape and y.dtype == x.dtype
    assert torch.equal(y, torch.where(y != 0, 2 * x, 0))
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert torch.equal(gradient, torch.where(y != 0, 2.0, 0.0).to(dtype))


def test_channels_last_stays_channels_last():
    x = torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last)
    assert Dropout(0.3)(x).is_contiguous(memory_format=torch.channels_last)


def test_a_view_with_gaps_works():
    x = torch.ones(6, 10)[:, ::2]
    assert set(Dropout(0.5)(x).unique().tolist()) == {0.0, 2.0}


def test_the_seed_decides_the_mask():
    x, layer = torch.ones(1000), Dropout(0.5)
    masks = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        masks.append(layer(x))
    assert torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[0], masks[2])
    assert not torch.equal(masks[2], layer(x))


def test_does_nothing_in_evaluation_or_at_rate_zero():
    x = torch.rand(5, 5)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x


def test_is_known_as_dropout():
    # Whoever switches dropout on at prediction time looks for nn.Dropout.
    assert isinstance(Dropout(0.5), nn.Dropout)
    assert repr(Dropout(0.25)) == "Dropout(p=0.25, inplace=False)"


@pytest.mark.gpu
def test_on_an_accelerator_it_is_pytorchs():
    x = torch.ones(1000, device="cuda")
    torch.manual_seed(0)
    ours = Dropout(0.5)(x)
    torch.manual_seed(0)
    assert torch.equal(ours, nn.Dropout(0.5)(x))


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, float("nan")])
def test_a_rate_that_leaves_nothing_is_refused(rate):
    with pytest.raises(FerlabError, match="expected 0 <= rate < 1"):
        Dropout(rate)
