"""Mixup, CutMix and the chain: what is mixed, how much of it, and that labels follow pixels."""

import pytest
import torch
from scipy import stats

from ferlab.errors import FerlabError
from ferlab.transforms.chain import Chain
from ferlab.transforms.cutmix import CutMix
from ferlab.transforms.cutout import Cutout
from ferlab.transforms.flip import HorizontalFlip
from ferlab.transforms.mixing import Mixing
from ferlab.transforms.mixup import Mixup


def flat(batch, channels=1, height=16, width=16):
    """Image i is all i, so a mixed pixel tells its parents; the label is i too."""
    y = torch.arange(batch)
    x = y.view(-1, 1, 1, 1).expand(-1, channels, height, width)
    return x.to(torch.uint8).contiguous(memory_format=torch.channels_last), y


@pytest.mark.parametrize("last", [True, False])
def test_mixup_is_the_formula_with_the_labels_shares(last):
    x, y = flat(64, channels=3)
    x = x if last else x.contiguous()
    torch.manual_seed(0)
    mixed = Mixup(alpha=1.0).mix(x, y)
    share = mixed.share[:, None, None, None]
    torch.testing.assert_close(mixed.x, share * x.float() + (1 - share) * x[mixed.other].float())
    assert mixed.x.is_contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)
    assert torch.equal(mixed.y, y) and mixed.other.sort().values.tolist() == y.tolist()


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_come_from_beta(alpha):
    torch.manual_seed(0)
    x, y = flat(200, height=1, width=1)
    shares = torch.cat([Mixup(alpha=alpha).mix(x, y).share for _ in range(40)]).double().clamp(1e-12, 1 - 1e-12)
    assert stats.kstest(shares.numpy(), stats.beta(alpha, alpha).cdf).pvalue > 1e-4


def test_cutmix_shares_are_the_pixels_that_stayed():
    torch.manual_seed(0)
    x, y = flat(200, channels=3)
    mixed = CutMix(p=1.0).mix(x, y)
    assert mixed.x.dtype == torch.uint8 and mixed.x.is_contiguous(memory_format=torch.channels_last)
    own = (mixed.x == y.view(-1, 1, 1, 1)).float().mean((1, 2, 3))
    theirs = (mixed.x == mixed.other.view(-1, 1, 1, 1)).float().mean((1, 2, 3))
    apart = mixed.other != y
    torch.testing.assert_close(own[apart], mixed.share[apart])
    torch.testing.assert_close(theirs[apart], 1 - mixed.share[apart])
    assert len(mixed.share.unique()) > 40


def test_cutmix_areas_follow_beta_where_nothing_hangs_over():
    """Cut at the border areas only shrink, so the shares lie at or above the uniform ones."""
    torch.manual_seed(0)
    x, y = flat(250, height=32, width=32)
    share = torch.cat([CutMix(p=1.0).mix(x, y).share for _ in range(20)])
    assert share.mean() > 0.5 and share.min() < 0.1 and share.max() > 0.95


@pytest.mark.parametrize("made", [Mixup, CutMix])
def test_images_that_are_not_chosen_stay_whole(made):
    x, y = flat(100)
    mixed = made(p=0.0).mix(x, y)
    assert torch.equal(mixed.x.to(x.dtype), x) and (mixed.share == 1).all()
    torch.manual_seed(0)
    share = made(alpha=1.0, p=0.5).mix(*flat(250)).share
    assert 0.4 < (share == 1).float().mean() < 0.65


def test_a_mixing_augmentation_is_an_image_augmentation_for_figures():
    x, _ = flat(8)
    torch.manual_seed(0)
    seen = Mixup()(x)
    torch.manual_seed(0)
    assert torch.equal(seen, Mixup().mix(x, torch.zeros(8, dtype=torch.int64)).x)


def test_a_chain_is_its_steps_in_their_order():
    x = torch.randint(0, 256, (8, 3, 9, 9), dtype=torch.uint8)
    torch.manual_seed(4)
    expected = Cutout(3)(HorizontalFlip()(x))
    for steps in ([HorizontalFlip(), Cutout(3)], {"flip": HorizontalFlip(), "cut": Cutout(3)}):
        torch.manual_seed(4)
        assert torch.equal(Chain(steps)(x), expected)
        torch.manual_seed(4)
        mixed = Chain(steps).mix(x, torch.arange(8))
        assert torch.equal(mixed.x, expected)
        assert torch.equal(mixed.other, mixed.y) and (mixed.share == 1).all()


def test_a_chain_mixes_labels_wherever_the_mixing_step_stands():
    x, y = flat(16)
    for steps in ([Mixup(1.0), HorizontalFlip()], [HorizontalFlip(), Chain([Mixup(1.0)]), Chain([HorizontalFlip()])]):
        torch.manual_seed(0)
        mixed = Chain(steps).mix(x, y)
        assert isinstance(Chain(steps), Mixing)
        expected = mixed.share * y + (1 - mixed.share) * mixed.other
        torch.testing.assert_close(mixed.x.mean((1, 2, 3)), expected, atol=1e-3, rtol=0)
        assert not torch.equal(mixed.other, y)


def test_what_cannot_be_chained_is_refused():
    with pytest.raises(FerlabError, match=r"at most one step that mixes labels, found \['0', '1'\]"):
        Chain([Mixup(), Chain([CutMix()])])
    with pytest.raises(FerlabError, match=r"expected one step or more"):
        Chain([])
    with pytest.raises(FerlabError, match=r"augment: Mixup\.alpha: expected a number above 0, found 0"):
        Mixup(alpha=0)
    with pytest.raises(FerlabError, match=r"augment: CutMix\.p"):
        CutMix(p=2)


def test_flips_are_exact_and_half():
    torch.manual_seed(0)
    x = torch.randint(0, 256, (2000, 1, 2, 5), dtype=torch.uint8)
    out = HorizontalFlip()(x)
    mirrored, same = (out == x.flip(3)).flatten(1).all(1), (out == x).flatten(1).all(1)
    assert out.dtype == torch.uint8 and (mirrored | same).all()
    assert abs((mirrored & ~same).float().mean() - 0.5) < 0.04
