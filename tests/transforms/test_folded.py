"""Spectra of folded frames against a Fourier transform."""

import pytest
import torch

from ferlab.transforms.folded import basis, halves, power


@pytest.mark.parametrize(("window", "n_fft"), [(256, 512), (333, 1024), (512, 512), (2, 4), (3, 3)])
def test_it_equals_a_fourier_transform(window, n_fft):
    signal = torch.randn(3, 5000, generator=torch.Generator().manual_seed(0))
    framed, bins = signal.unfold(1, window, 100), n_fft // 2 + 1
    taper = torch.hamming_window(window, periodic=True, dtype=torch.float64)
    expected = torch.fft.rfft(framed.double() * taper, n=n_fft).abs().square().transpose(1, 2)
    found = power(framed, halves(taper), basis(window, n_fft, bins))[:, :, 0]
    torch.testing.assert_close(found, expected.float(), rtol=1e-3, atol=1e-6 * expected.max().item())


def test_gradients_reach_the_signal():
    signal = torch.randn(1, 40, dtype=torch.float64, requires_grad=True)
    taper = torch.hamming_window(8, periodic=True, dtype=torch.float64)
    tapers, waves = halves(taper).double(), basis(8, 16, 5).double()
    torch.autograd.gradcheck(lambda x: power(x.unfold(1, 8, 4), tapers, waves), signal)
