"""Timm backbones with the documents' heads: counts, layers, options, and what is refused."""

import copy
import math

import pytest
import torch
from torch import nn

from ferlab.build import build
from ferlab.config import compose, plain
from ferlab.errors import FerlabError
from ferlab.models.measure import measure
from ferlab.models.timm_net import TimmNet
from ferlab.summarise import summarise
from toy import plain_summary

SMALL = "test_resnet"  # timm's own network for tests
DOCUMENTS = ["mobilenetv2", "resnet50", "resnet50_frozen", "densenet169"]


def net(shape: tuple[int, int, int] = (3, 48, 48), outputs: int = 7, **options: object) -> TimmNet:
    made: TimmNet = build({"_target_": "ferlab.models.timm_net.TimmNet", "backbone": SMALL, **options}, shape, outputs)
    return made


def model(name: str, *overrides: str) -> dict[str, object]:
    values: dict[str, object] = plain(compose("train", [f"model={name}", *overrides]))["model"]
    return values


def of_document(name: str, shape: tuple[int, int, int], outputs: int) -> TimmNet:
    made: TimmNet = build(model(name)["net"], shape, outputs)  # type: ignore[arg-type]
    return made


def test_resnet50_counts_what_keras_counts_less_the_biases_of_its_convolutions() -> None:
    mine = of_document("resnet50", (3, 96, 96), 8)
    summary = measure(mine, (3, 96, 96))
    # in Keras each of these convolutions has a bias a map; the BatchNorm behind takes any constant away again
    convolutions = [m for m in mine.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 53 and all(m.bias is None for m in convolutions)
    biases = sum(m.out_channels for m in convolutions)
    assert biases == 26_560
    assert (summary.total + biases, summary.trainable + biases) == (24_640_904, 24_587_784)


def test_densenet169_learns_what_the_document_counts_while_frozen() -> None:
    overrides = ("model=densenet169", "shape=[48,48,1]", "labels=7", "format=json")
    frozen = summarise(plain_summary(*overrides, "fine_tuning=frozen"))
    assert (frozen["total"], frozen["trainable"]) == (13_860_679, 1_217_799)
    assert summarise(plain_summary(*overrides, "fine_tuning=two_stages"))["trainable"] == 1_217_799
    free = summarise(plain_summary(*overrides))
    assert (free["total"], free["trainable"]) == (13_860_679, 13_702_279)


def test_resnet50_frozen_counts_by_hand() -> None:
    # layer after layer; BatchNorm has 2 values a feature that learn and 2 that do not
    head = 2 * 8192 + (8192 * 32 + 32) + 2 * 32 + 2 * ((32 * 32 + 32) + 2 * 32) + (32 * 7 + 7)
    moving = 2 * 8192 + 3 * 2 * 32
    backbone = 23_587_712 - 26_560  # Keras' ResNet50 without top, less the biases of its convolutions
    last_layers = 512 * 2048 + 2 * 2048  # conv5_block3_3_conv and its BatchNorm; the addition and the ReLU have none
    summary = summarise(plain_summary("model=resnet50_frozen", "shape=[48,48,1]", "labels=7", "format=json"))
    assert (summary["total"], summary["trainable"]) == (backbone + head + moving, last_layers + head)
    assert (summary["total"], summary["trainable"]) == (23_858_823, 1_333_767)
    learning = [layer["name"] for layer in summary["layers"] if layer["trainable"]]
    assert learning[:2] == ["backbone.layer4.2.conv3", "backbone.layer4.2.bn3"]
    assert all(name.startswith("head.") for name in learning[2:])


@pytest.mark.parametrize(
    ("name", "widths", "rates"),
    [
        ("mobilenetv2", [1280, 128, 64, 7], []),
        ("resnet50", [2048, 512, 7], [0.4]),
        ("resnet50_frozen", [8192, 32, 32, 32, 7], [0.5, 0.5, 0.5]),
        ("densenet169", [1664, 256, 1024, 512, 7], [0.3, 0.3, 0.3]),
    ],
)
def test_heads_of_the_documents(name: str, widths: list[int], rates: list[float]) -> None:
    head = of_document(name, (3, 48, 48), 7).head
    dense = [m for m in head.modules() if isinstance(m, nn.Linear)]
    assert [dense[0].in_features, *(m.out_features for m in dense)] == widths
    assert [m.p for m in head.modules() if isinstance(m, nn.Dropout)] == rates
    assert sum(isinstance(m, nn.ReLU) for m in head.modules()) == len(widths) - 2
    norms = [m for m in head.modules() if isinstance(m, nn.BatchNorm1d)]
    assert [m.num_features for m in norms] == ([8192, 32, 32, 32] if name == "resnet50_frozen" else [])
    for number, layer in enumerate(dense):
        he = name == "resnet50_frozen" and number < 3
        bound = math.sqrt(6 / (layer.in_features + (0 if he else layer.out_features)))
        assert 0.9 * bound < layer.weight.abs().max() <= bound and not layer.bias.any()


def test_the_documents_backbones_are_timms() -> None:
    sizes = {"mobilenetv2": 224, "resnet50": 96, "resnet50_frozen": 48, "densenet169": 48}
    for name, side in sizes.items():
        values = model(name)
        preprocess = build(values["preprocess"], [48, 48, 1])  # type: ignore[arg-type]
        assert preprocess.output_shape == (3, side, side) and values["pretrained"] is True


def test_any_backbone_by_its_name() -> None:
    values = model("timm", "model.backbone=test_convnext")
    assert values["name"] == "test_convnext"
    made: TimmNet = build(values["net"], (3, 32, 32), 5)  # type: ignore[arg-type]
    assert type(made.backbone).__name__ == "ConvNeXt" and made(torch.rand(2, 3, 32, 32)).shape == (2, 5)


@pytest.mark.parametrize("backbone", [SMALL, "test_vit", "test_efficientnet", "test_convnext"])
@pytest.mark.parametrize("pool", [None, "flatten"])
def test_every_parameter_learns_in_bf16_and_in_float(backbone: str, pool: str | None) -> None:
    torch.manual_seed(0)
    mine = net(outputs=4, backbone=backbone, pool=pool, units=[8], norm=True, dropout=0.25, norm_features=True)
    again = copy.deepcopy(mine)
    again.load_state_dict(mine.state_dict())
    for one, dtype in ((mine, torch.float32), (again, torch.bfloat16)):
        one.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        with torch.autocast("cpu", dtype, enabled=dtype is not torch.float32):
            logits = one(torch.rand(6, 3, 48, 48).to(memory_format=torch.channels_last))
        (logits.float() * torch.linspace(-1, 2, logits.numel()).view_as(logits)).sum().backward()
        for name, parameter in one.named_parameters():
            assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name


def test_pools() -> None:
    x = torch.rand(2, 3, 64, 64)
    torch.manual_seed(0)
    average = net((3, 64, 64), pool="avg").eval()
    features = average.backbone.forward_features(x)  # type: ignore[operator]
    for pool, expected in (
        (None, features.mean((2, 3))),
        ("avg", features.mean((2, 3))),
        ("max", features.amax((2, 3))),
        ("flatten", features.permute(0, 2, 3, 1).flatten(1)),
    ):
        mine = net((3, 64, 64), pool=pool).eval()
        mine.backbone.load_state_dict(average.backbone.state_dict())
        torch.testing.assert_close(mine.flatten(mine.backbone(x)), expected)
        assert mine.head.out.in_features == expected.shape[1]  # type: ignore[union-attr]


def test_a_vision_transformer_takes_the_size_it_is_given() -> None:
    assert net((3, 48, 48), backbone="test_vit")(torch.rand(1, 3, 48, 48)).shape == (1, 7)
    preprocess = build({**model("timm", "model.backbone=test_vit")["preprocess"]}, [48, 48, 1])  # type: ignore[dict-item]
    assert preprocess.output_shape == (3, 160, 160)


def test_building_leaves_the_random_state_of_its_weights_alone() -> None:
    torch.manual_seed(0)
    expected = net().backbone.state_dict()
    torch.manual_seed(0)
    for name, value in net(pool="avg").backbone.state_dict().items():
        assert torch.equal(value, expected[name])
    assert all(module.training for module in net().modules())


@pytest.mark.parametrize(
    ("shape", "options", "said"),
    [
        ((3, 48, 48), {"backbone": "rsnet50"}, "timm has no 'rsnet50'; nearest: resnet50"),
        ((3, 48, 48), {"backbone": "resnet50.tvin1k"}, "no weights 'tvin1k'.*tv_in1k"),
        ((3, 31, 48), {}, "images of 31x48 pixels .* too small for test_resnet.*model.preprocess.size=32"),
        ((3, 48, 20), {}, "images of 48x20 pixels"),
        ((3, 50, 50), {"backbone": "test_vit"}, "test_vit cannot .*50"),
        ((3, 48, 48), {"options": {"depth_of_field": 3}}, "test_resnet cannot be built.*depth_of_field"),
        ((3, 48, 48), {"pool": "median"}, "net.pool='median'; expected one of None, avg, max, flatten"),
        ((3, 48, 48), {"activation": "softsign"}, "net.activation"),
        ((3, 48, 48), {"init": "zeros"}, "net.init"),
        ((3, 48, 48), {"units": [8, 0]}, "net.units"),
        ((3, 48, 48), {"units": [8, 8], "dropout": [0.5]}, "net.dropout=.*expected one rate, or 2"),
        ((3, 48, 48), {"units": [8], "dropout": 1.0}, "dropout rate of 1.0"),
        ((0, 48, 48), {}, "expected 1 or more channels"),
    ],
)
def test_what_makes_no_sense_is_refused(shape: tuple[int, int, int], options: dict[str, object], said: str) -> None:
    with pytest.raises(FerlabError, match=said):
        net(shape, **options)
