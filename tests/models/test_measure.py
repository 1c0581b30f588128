import io
import json

import pytest
import torch
from rich.console import Console
from torch import Tensor, nn

from ferlab.models.cnn4 import Cnn4
from ferlab.models.cnn10 import Cnn10
from ferlab.models.measure import measure, render

# D4's printed table of cnn10, layer by layer (Keras counts all of BatchNorm's four numbers a channel)
CNN10 = {
    "block1.conv": ((32, 94, 94), 896),
    "block2.conv": ((32, 92, 92), 9_248),
    "block2.leaky": ((32, 92, 92), 0),
    "block2.bn": ((32, 92, 92), 128),
    "block2.pool": ((32, 46, 46), 0),
    "flatten": ((67_712,), 0),
    "dense1.linear": ((224,), 15_167_712),
    "dense1.dropout": ((224,), 0),
    "head": ((8,), 1_800),
}


@pytest.fixture(scope="module")
def cnn10():
    return measure(Cnn10((3, 96, 96), 8), (3, 96, 96))


def test_layers_equal_the_documents_table(cnn10):
    rows = {layer.name: (layer.output, layer.params) for layer in cnn10.layers}
    assert {name: rows[name] for name in CNN10} == CNN10
    assert list(rows)[:2] == ["block1.conv", "block1.relu"]


def test_totals_are_the_sums_of_the_layers(cnn10):
    assert (cnn10.total, cnn10.trainable, cnn10.non_trainable) == (15_179_784, 15_179_720, 64)
    for field in ("trainable", "non_trainable", "multiply_adds"):
        assert getattr(cnn10, field) == sum(getattr(layer, field) for layer in cnn10.layers)
    assert all(layer.params == layer.trainable + layer.non_trainable for layer in cnn10.layers)


def test_multiply_adds_by_hand(cnn10):
    by_hand = 94 * 94 * 32 * 27 + 92 * 92 * 32 * 288 + 67_712 * 224 + 224 * 8
    assert cnn10.multiply_adds == by_hand == 100_807_808


def test_multiply_adds_of_groups_sequences_and_repeated_layers():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(4, 4, 3, padding=1, groups=2)
            self.sequence = nn.Conv1d(4, 6, 5)

        def forward(self, x: Tensor) -> Tensor:
            return self.sequence(self.conv(self.conv(x)).flatten(2))

    summary = measure(Twice(), (4, 5, 5))
    rows = {layer.name: layer for layer in summary.layers}
    assert rows["conv"].multiply_adds == 2 * 25 * 4 * 2 * 9
    assert rows["sequence"].multiply_adds == 21 * 6 * 4 * 5
    assert rows["conv"].params == 4 * 2 * 9 + 4


@pytest.mark.slow  # the import of the counter
def test_multiply_adds_agree_with_pytorchs_counter():
    from torch.utils.flop_counter import FlopCounterMode

    net = Cnn4((1, 48, 48), 7).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(torch.zeros(1, 1, 48, 48))
    assert 2 * measure(net, (1, 48, 48)).multiply_adds == counter.get_total_flops()


def test_frozen_layers_count_as_non_trainable():
    net = Cnn10((3, 12, 12), 2)
    before = measure(net, (3, 12, 12))
    net.block1.requires_grad_(False)
    after = measure(net, (3, 12, 12))
    assert after.total == before.total
    assert after.non_trainable == before.non_trainable + 896


def test_shared_weights_count_once():
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = first.weight
    assert measure(nn.Sequential(first, second), (3,)).total == 9 + 3 + 3


def test_layers_that_hold_weights_themselves_are_rows():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(5))
            self.inner = nn.Linear(5, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.inner(x * self.scale)

    rows = [(layer.name, layer.type, layer.params) for layer in measure(Scaled(), (5,)).layers]
    assert rows == [("Scaled", "Scaled", 5), ("inner", "Linear", 12)]


def test_the_model_stays_as_it_was():
    net = Cnn4((1, 16, 16), 3)
    net.block1.eval()
    modes = [module.training for module in net.modules()]
    state = {name: value.clone() for name, value in net.state_dict().items()}
    torch.manual_seed(0)
    seed = torch.get_rng_state()
    measure(net, (1, 16, 16))
    assert modes == [module.training for module in net.modules()]
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), seed)
    assert not any(module._forward_hooks for module in net.modules())


def test_the_hooks_go_even_when_the_sample_does_not_fit():
    net = Cnn10((3, 12, 12), 2)
    with pytest.raises(RuntimeError):
        measure(net, (3, 20, 20))
    assert not any(module._forward_hooks for module in net.modules())
    assert net.training


def test_dict_is_plain_and_has_the_promised_keys(cnn10):
    values = json.loads(json.dumps(cnn10.to_dict()))
    assert (values["total"], values["trainable"], values["non_trainable"]) == (15_179_784, 15_179_720, 64)
    assert values["multiply_adds"] == 100_807_808
    assert {"name", "type", "output", "params", "multiply_adds"} <= set(values["layers"][0])
    assert values["layers"][0]["output"] == [32, 94, 94]


def test_table_fits_80_columns_and_shows_the_totals(cnn10):
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(render(cnn10, "cnn10"))
    text = console.export_text()
    assert "…" not in text
    for shown in (
        "cnn10",
        "block2.conv",
        "32 x 92 x 92",
        "78,004,224",
        "15,179,784",
        "15,179,720",
        "64",
        "3 x 96 x 96",
    ):
        assert shown in text


def test_a_net_in_another_precision_is_measured_alike() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(2 * 4 * 4, 3))
    single = measure(net, (1, 6, 6))
    assert measure(net.double(), (1, 6, 6)).to_dict() == single.to_dict()
