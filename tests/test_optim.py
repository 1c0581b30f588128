"""KerasPlateau against Keras' own algorithm, written out."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from ferlab.optim import Adam, KerasPlateau


def keras(
    values: list[float], rate: float, factor: float, patience: int, min_delta: float, min_lr: float
) -> list[float]:
    """Keras' `ReduceLROnPlateau.on_epoch_end`, mode min, no cooldown; the rate after each epoch."""
    best, wait, rates = float("inf"), 0, []
    for value in values:
        if value < best - min_delta:
            best, wait = value, 0
        else:
            wait += 1
            if wait >= patience and rate > min_lr:
                rate, wait = max(rate * factor, min_lr), 0
        rates.append(rate)
    return rates


@given(
    values=st.lists(st.floats(0, 2), min_size=1, max_size=30),
    patience=st.integers(1, 5),
    min_lr=st.sampled_from([0.0, 1e-5]),
)
def test_it_cuts_at_the_same_epochs_as_keras(values: list[float], patience: int, min_lr: float) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.01)
    plateau = KerasPlateau(optimizer, factor=0.1, patience=patience, min_delta=1e-4, min_lr=min_lr)
    mine = []
    for value in values:
        plateau.step(value)
        mine.append(optimizer.param_groups[0]["lr"])
    theirs = keras(values, 0.01, 0.1, patience, 1e-4, min_lr)
    torch.testing.assert_close(torch.tensor(mine), torch.tensor(theirs), rtol=1e-6, atol=1e-12)


def test_adam_steps_as_torchs_own_does() -> None:
    states = []
    for make in (Adam, torch.optim.Adam):
        torch.manual_seed(0)
        net = torch.nn.Linear(5, 3)
        optimizer = make(net.parameters(), lr=0.1, eps=1e-7, fused=True)
        for _ in range(5):
            optimizer.zero_grad()
            net(torch.ones(2, 5)).square().sum().backward()
            optimizer.step()
        states.append(torch.cat([p.detach().flatten() for p in net.parameters()]))
    torch.testing.assert_close(*states, rtol=0, atol=0)
