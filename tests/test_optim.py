"""Optimizers against Keras 3's update rules, and KerasPlateau against its algorithm, both written out."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ferlab.build import build
from ferlab.config import compose, conf_dir, plain
from ferlab.errors import FerlabError
from ferlab.optim import Adam, KerasPlateau, RMSprop, clippable

State = dict[str, Any]


def sgd(w: np.ndarray, g: np.ndarray, s: State, step: int, o: dict[str, Any]) -> np.ndarray:
    v = s["v"] = o["momentum"] * s.get("v", 0) - o["lr"] * g
    return w + (o["momentum"] * v - o["lr"] * g if o["nesterov"] else v)


def adam(w: np.ndarray, g: np.ndarray, s: State, step: int, o: dict[str, Any]) -> np.ndarray:
    one, two = o["betas"]
    w = w - w * o.get("weight_decay", 0) * o["lr"]
    m = s["m"] = s.get("m", 0) + (g - s.get("m", 0)) * (1 - one)
    v = s["v"] = s.get("v", 0) + (g**2 - s.get("v", 0)) * (1 - two)
    alpha = o["lr"] * np.sqrt(1 - two**step) / (1 - one**step)
    return w - m * alpha / (np.sqrt(v) + o["eps"])


def adagrad(w: np.ndarray, g: np.ndarray, s: State, step: int, o: dict[str, Any]) -> np.ndarray:
    a = s["a"] = s.get("a", o["initial_accumulator_value"]) + g**2
    return w - o["lr"] * g / np.sqrt(a + o["eps"])


def adadelta(w: np.ndarray, g: np.ndarray, s: State, step: int, o: dict[str, Any]) -> np.ndarray:
    a = s["a"] = o["rho"] * s.get("a", 0) + (1 - o["rho"]) * g**2
    delta = -np.sqrt(s.get("d", 0) + o["eps"]) * g / np.sqrt(a + o["eps"])
    s["d"] = o["rho"] * s.get("d", 0) + (1 - o["rho"]) * delta**2
    return w + o["lr"] * delta


def rmsprop(w: np.ndarray, g: np.ndarray, s: State, step: int, o: dict[str, Any]) -> np.ndarray:
    v = s["v"] = o["rho"] * s.get("v", 0) + (1 - o["rho"]) * g**2
    denominator = v + o["eps"]
    if o["centered"]:
        a = s["a"] = o["rho"] * s.get("a", 0) + (1 - o["rho"]) * g
        denominator = denominator - a**2
    increment = o["lr"] * g / np.sqrt(denominator)
    m = s["m"] = o["momentum"] * s.get("m", 0) + increment
    return w - m


KERAS: dict[str, Callable[..., np.ndarray]] = {
    "sgd": sgd,
    "momentum": sgd,
    "nesterov": sgd,
    "adam": adam,
    "adamw": adam,
    "adagrad": adagrad,
    "adadelta": adadelta,
    "rmsprop": rmsprop,
}
# Keras 3's defaults, where the documents do not say otherwise; momentum has none but 0
DEFAULTS = {
    "sgd": {"lr": 0.01, "momentum": 0.0, "nesterov": False},
    "adam": {"lr": 0.001, "betas": [0.9, 0.999], "eps": 1e-7},
    "adamw": {"lr": 0.001, "betas": [0.9, 0.999], "eps": 1e-7, "weight_decay": 0.004},
    "adagrad": {"lr": 0.001, "initial_accumulator_value": 0.1, "eps": 1e-7},
    "adadelta": {"lr": 0.001, "rho": 0.95, "eps": 1e-7},
    "rmsprop": {"lr": 0.001, "rho": 0.9, "momentum": 0.0, "eps": 1e-7, "centered": False},
}


def both(name: str, size: float, *overrides: str, steps: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """How far weights moved under gradients of about `size`: by the YAML's optimizer, and by Keras' rule."""
    options = plain(compose("train", [f"optimizer={name}", *overrides]))["optimizer"]
    rng = np.random.default_rng(0)
    start = rng.standard_normal(20)
    gradients = size * rng.standard_normal((steps, 20))
    weight = torch.nn.Parameter(torch.tensor(start))
    optimizer = build(options)([weight])
    expected, state = start.copy(), {}
    for step, g in enumerate(gradients, 1):
        weight.grad = torch.tensor(g)
        optimizer.step()
        expected = KERAS[name](expected, g, state, step, options)
    return weight.detach().numpy() - start, expected - start


def test_every_optimizer_is_checked() -> None:
    assert set(KERAS) == {path.stem for path in (conf_dir() / "optimizer").glob("*.yaml")}


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults_are_keras(name: str) -> None:
    options = plain(compose("train", [f"optimizer={name}"]))["optimizer"]
    assert {key: options[key] for key in DEFAULTS[name]} == DEFAULTS[name]


@pytest.mark.parametrize("name", KERAS)
def test_steps_are_keras(name: str) -> None:
    mine, keras = both(name, size=0.1)
    assert np.abs(keras).min() > 1e-8
    tolerance = 1e-3 if name.startswith("adam") else 1e-6
    np.testing.assert_allclose(mine, keras, rtol=tolerance, atol=tolerance * np.abs(keras).max())


@pytest.mark.parametrize("options", [["+optimizer.x=0"], ["optimizer.momentum=0.5"], ["optimizer.centered=true"]])
@pytest.mark.parametrize("size", [1e-5, 1e-2])
def test_rmsprop_is_keras_for_small_gradients_too(options: list[str], size: float) -> None:
    mine, keras = both("rmsprop", size, *(o for o in options if "x=" not in o))
    np.testing.assert_allclose(mine, keras, rtol=1e-5)
    if size == 1e-5 and "x=" in options[0]:
        # where torch's own would move three times as far
        weight = torch.nn.Parameter(torch.zeros(1))
        weight.grad = torch.full((1,), size)
        torch.optim.RMSprop([weight], lr=1e-3, alpha=0.9, eps=1e-7).step()
        assert abs(float(weight.detach())) > 3 * 1e-3 * size / np.sqrt(0.1 * size**2 + 1e-7)


def test_adam_differs_from_keras_only_where_gradients_are_tiny() -> None:
    """As the module's text says: Keras' epsilon is 1 / sqrt(1 - 0.999^t) times as great."""
    mine, keras = both("adam", 1e-7, steps=1)
    assert np.abs(mine).mean() > 5 * np.abs(keras).mean()


def test_rmsprop_goes_on_from_its_state_and_skips_what_has_no_gradient() -> None:
    def run(halves: bool) -> torch.Tensor:
        torch.manual_seed(0)
        net = torch.nn.Linear(4, 3)
        frozen = torch.nn.Parameter(torch.ones(2))
        optimizer = RMSprop([*net.parameters(), frozen], momentum=0.9, centered=True, weight_decay=0.1)
        for step in range(6):
            if halves and step == 3:
                state = optimizer.state_dict()
                optimizer = RMSprop([*net.parameters(), frozen], momentum=0.9, centered=True, weight_decay=0.1)
                optimizer.load_state_dict(state)
            optimizer.zero_grad()
            optimizer.step(lambda: net(torch.ones(1, 4)).square().sum().backward())
        assert frozen.tolist() == [1, 1]
        return torch.cat([p.detach().flatten() for p in net.parameters()])

    torch.testing.assert_close(run(True), run(False), rtol=0, atol=0)


def test_rmsprop_refuses_values_without_a_meaning() -> None:
    with pytest.raises(FerlabError, match=r"optimizer=rmsprop.*rho=1\.5"):
        RMSprop([torch.nn.Parameter(torch.zeros(1))], rho=1.5)


def test_a_fused_optimizer_can_be_made_to_leave_the_unscaling_to_others() -> None:
    optimizer = Adam([torch.nn.Parameter(torch.zeros(1))], fused=True)
    assert optimizer._step_supports_amp_scaling
    assert clippable(optimizer) is optimizer and not optimizer._step_supports_amp_scaling


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
