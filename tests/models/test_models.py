"""Every model of conf/model, built from its YAML as a run builds it."""

import inspect
import math
from pathlib import Path

import hydra
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from torch import nn

from ferlab.build import build
from ferlab.config import conf_dir
from ferlab.errors import FerlabError
from ferlab.text.cleaning import Cleaning
from ferlab.transforms.log_mel import LogMel
from ferlab.transforms.text import Text

FILES = sorted((conf_dir() / "model").glob("*.yaml"))
# smallest (height, width), as each docstring says
LEAST = {
    "sentiment_cnn": (46, 46),
    "cnn4": (16, 16),
    "cnn10": (6, 6),
    "convnet": (36, 36),
    "mlp": (1, 1),
    "cnn1d": (8, 1),
}
# fewer filters and units, for speed
THIN: dict[str, dict[str, object]] = {
    "sentiment_cnn": {"filters": 4, "units": 8},
    "cnn4": {"filters": [4, 5, 6, 7], "units": [8, 9]},
    "cnn10": {"filters": 4, "units": 8},
    "convnet": {"filters": [4, 5, 6], "units": 8},
    "mlp": {"units": [8, 9, 10]},
    "cnn1d": {"filters": [4, 5, 6], "kernel": 3, "units": 8},
}
# Keras counts: name, (channels, height, width), outputs, total, trainable (None: the document gives none)
GOLDEN = [
    ("sentiment_cnn", (3, 64, 64), 3, 46_563, 46_051),
    ("cnn4", (1, 48, 48), 7, 4_478_727, None),
    ("cnn10", (3, 96, 96), 8, 15_179_784, 15_179_720),
    ("convnet", (3, 96, 96), 8, 9_782_472, 9_781_960),
    ("convnet", (3, 96, 96), 1, 9_775_297, None),
    # ours: no document gives them; they hold the layers fast
    ("mlp", (1, 48, 48), 7, 728_327, 726_791),
    ("cnn1d", (1, 48, 48), 7, 921_735, 919_943),
    ("mobilenetv2", (3, 224, 224), 7, 2_430_663, 2_396_551),
    ("densenet169", (3, 48, 48), 7, 13_860_679, None),
]


def make(name: str, shape: tuple[int, int, int], outputs: int, **options: object) -> nn.Module:
    model = OmegaConf.to_container(OmegaConf.load(conf_dir() / "model" / f"{name}.yaml"), resolve=True)
    net: nn.Module = build(model["net"], shape, outputs, **options)
    return net


def loss_of(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    logits = net(x)
    return (logits * torch.linspace(-1, 2, logits.numel()).view_as(logits)).sum()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_yaml_names_itself_and_spells_out_its_defaults(path: Path):
    loaded = OmegaConf.to_container(OmegaConf.load(path), resolve=True)
    of_timm = loaded["net"]["_target_"] == "ferlab.models.timm_net.TimmNet"
    assert loaded["name"] == (loaded["backbone"] if path.stem.startswith("timm") else path.stem)
    assert of_timm or loaded["net"]["_target_"].startswith(f"ferlab.models.{path.stem}.")
    assert "pretrained" in loaded
    of_backbone = loaded["preprocess"].pop("backbone", None)
    hears = loaded["preprocess"]["_target_"] == "ferlab.transforms.log_mel.LogMel"
    own = set(inspect.signature(LogMel).parameters) - {"raw_shape"}
    sees = {"size", "crop", "channels", "scale", "mean", "std"}
    if loaded["preprocess"]["_target_"] == "ferlab.transforms.text.Text":
        sees = set(inspect.signature(Text).parameters) - {"raw_shape"}
        assert set(loaded["preprocess"]["cleaning"]) == {"_target_", *inspect.signature(Cleaning).parameters}
    assert set(loaded["preprocess"]) == {"_target_", *(own if hears else sees)}
    target = hydra.utils.get_class(loaded["net"]["_target_"])
    options = {k: v for k, v in loaded["net"].items() if k != "_target_"}
    parameters = inspect.signature(target).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    if of_timm:
        assert options["backbone"] == loaded["backbone"] == (options["backbone"] if hears else of_backbone)
        assert set(options) == set(defaults)
    if not of_timm or path.stem == "timm":
        assert {k: v or None for k, v in options.items()} == {
            k: (list(v) if isinstance(v, tuple) else v) or None for k, v in defaults.items()
        }


@pytest.mark.parametrize(("name", "shape", "outputs", "total", "trainable"), GOLDEN)
def test_parameter_counts_equal_the_documents(name, shape, outputs, total, trainable):
    net = make(name, shape, outputs)
    learns = sum(p.numel() for p in net.parameters())
    moving = sum(m.running_mean.numel() * 2 for m in net.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d))
    assert learns + moving == total
    assert trainable is None or learns == trainable


@pytest.mark.parametrize("name", LEAST)
@pytest.mark.parametrize("outputs", [1, 7])
def test_every_parameter_learns(name, outputs):
    torch.manual_seed(0)
    height, width = LEAST[name]
    net = make(name, (3, height + 5, width + 3), outputs)
    x = torch.rand(6, 3, height + 5, width + 3)
    loss_of(net, x).backward()
    for parameter, value in net.named_parameters():
        assert value.grad is not None, parameter
        assert torch.isfinite(value.grad).all(), parameter
    # A bias before BatchNorm has no effect, and so no gradient but rounding: every other parameter has one.
    idle = [k for k, v in net.named_parameters() if not v.grad.any()]
    assert all(k.endswith("bias") for k in idle), idle


@pytest.mark.parametrize("name", LEAST)
def test_state_dict_round_trip(name):
    shape = (1, *LEAST[name])
    net, other = make(name, shape, 4), make(name, shape, 4)
    net(torch.rand(8, *shape))
    x = torch.rand(2, *shape)
    assert not torch.equal(net.eval()(x), other.eval()(x))
    other.load_state_dict(net.state_dict())
    assert torch.equal(net(x), other(x))


@pytest.mark.parametrize("name", LEAST)
def test_initialisation_is_that_of_keras(name):
    net = make(name, (3, 48, 48), 7)
    for module in net.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
            spatial = math.prod(module.weight.shape[2:])
            bound = math.sqrt(6 / (sum(module.weight.shape[:2]) * spatial))
            assert 0.9 * bound < module.weight.abs().max() <= bound
            assert module.bias is not None and not module.bias.any()
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            assert (module.eps, module.momentum) == (1e-3, 0.01)


@pytest.mark.parametrize("name", LEAST)
def test_least_size_works_and_one_pixel_less_is_refused(name):
    height, width = LEAST[name]
    assert make(name, (1, height, width), 2).eval()(torch.rand(1, 1, height, width)).shape == (1, 2)
    for small in ((height - 1, width), (height, width - 1)):
        with pytest.raises(FerlabError, match=f"model {name}: images of {small[0]}x{small[1]} .*{height}x{width} or"):
            make(name, (1, *small), 2)


@pytest.mark.parametrize("name", LEAST)
def test_the_size_is_checked_before_anything_is_allocated(name, monkeypatch):
    monkeypatch.setattr(torch, "empty", lambda *_, **__: pytest.fail("allocated"))
    with pytest.raises(FerlabError):
        make(name, (3, 0, 10_000), 7)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("cnn10", {"units": 0}),
        ("cnn10", {"filters": -1}),
        ("cnn10", {"dropout_1": 1.0}),
        ("convnet", {"filters": [64, 64]}),
        ("convnet", {"units": 0}),
        ("cnn4", {"kernels": [3, 3, 3, 0]}),
        ("cnn4", {"units": [256]}),
        ("sentiment_cnn", {"filters": 0}),
        ("mlp", {"units": [0]}),
        ("cnn1d", {"kernel": 0}),
        ("cnn1d", {"rate": -0.5}),
    ],
)
def test_options_that_make_no_sense_are_refused(name, options):
    with pytest.raises(FerlabError, match="expected"):
        make(name, (3, 64, 64), 7, **options)


def test_an_mlp_without_hidden_layers_is_a_logistic_regression():
    net = make("mlp", (1, 4, 4), 3, units=[])
    assert sum(p.numel() for p in net.parameters()) == 16 * 3 + 3
    assert net(torch.rand(2, 1, 4, 4)).shape == (2, 3)


@settings(max_examples=20)
@given(name=st.sampled_from(list(LEAST)), more=st.tuples(st.integers(0, 9), st.integers(0, 9)), c=st.integers(1, 4))
def test_odd_sizes_and_memory_orders_give_the_same_logits(name, more, c):
    height, width = LEAST[name][0] + more[0], LEAST[name][1] + more[1]
    net = make(name, (c, height, width), 5, **THIN[name]).eval()
    x = torch.rand(2, c, height, width)
    with torch.no_grad():
        logits = net(x)
        last = net.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))
    assert logits.shape == (2, 5)
    torch.testing.assert_close(last, logits, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", LEAST)
def test_bf16_autocast_trains(name):
    shape = (3, LEAST[name][0] + 1, LEAST[name][1] + 2)
    net = make(name, shape, 3, **THIN[name]).to(memory_format=torch.channels_last)
    x = torch.rand(4, *shape).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        loss = loss_of(net, x)
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters())
