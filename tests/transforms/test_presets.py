"""Every file of conf/augment: it builds, it runs on grey and RGB batches, and keeps what all of them have to keep."""

import re

import pytest
import torch

from ferlab.build import build
from ferlab.config import compose, conf_dir, plain
from ferlab.transforms.mixing import Mixing
from toy import train

# those of sounds: test_waveform.py
SOUNDS = {"noise", "speech", "clip_mixup"}
NAMES = sorted(path.stem for path in (conf_dir() / "augment").glob("*.yaml") if path.stem not in SOUNDS)
MIXES = {"mixup", "cutmix"}
SIDES = {"crop44": 44, "khaireddin": 40}
STILL = {"none"}


def augment(name, *overrides):
    if name == "albumentations":
        pytest.importorskip("albumentations")
    return build(plain(compose("train", [f"augment={name}", *overrides]))["augment"])


def faces(channels, side, batch=16):
    """Smooth pictures: rounding a random pixel would look like a change."""
    g = torch.Generator().manual_seed(0)
    small = torch.rand(batch, channels, 6, 6, generator=g) * 255
    x = torch.nn.functional.interpolate(small, (side, side), mode="bicubic").clamp(0, 255).round().to(torch.uint8)
    return x.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("channels", "side"), [(1, 48), (3, 96)])
def test_it_runs(name, channels, side):
    module, x = augment(name), faces(channels, side)
    before = x.clone()
    torch.manual_seed(3)
    first, second = module(x), module(x)
    torch.manual_seed(3)
    again = module(x)
    expected = SIDES.get(name, side)
    assert first.shape == (16, channels, expected, expected)
    assert first.dtype in (torch.uint8, torch.float32)
    assert first.min() >= -1e-3 and first.max() <= 255 + 1e-3 and first.float().isfinite().all()
    assert first.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(x, before), "the caller's batch was written to"
    assert torch.equal(first, again), "torch.manual_seed does not repeat it"
    assert torch.equal(first, second) == (name in STILL), "two epochs see the same"
    assert not module.state_dict()
    assert repr(module)


@pytest.mark.parametrize("name", NAMES)
def test_images_of_one_batch_are_treated_apart(name):
    x = faces(1, 48, batch=1).expand(12, -1, -1, -1).contiguous(memory_format=torch.channels_last)
    torch.manual_seed(1)
    out = augment(name)(x)
    distinct = len({row.numpy().tobytes() for row in out})
    # flips alone know two versions, and copies of one image can be mixed only with one another
    assert distinct == 1 if name in STILL else distinct >= 2


@pytest.mark.parametrize("name", [name for name in NAMES if name not in STILL])
def test_a_batch_of_one_and_planar_batches_are_taken(name):
    x = faces(3, 48, batch=1).contiguous()
    assert augment(name)(x).is_contiguous()


@pytest.mark.parametrize("name", NAMES)
def test_which_ones_mix_labels(name):
    module, x, y = augment(name), faces(1, 48), torch.arange(16)
    if not isinstance(module, Mixing):
        assert name not in MIXES
        return
    torch.manual_seed(0)
    mixed = module.mix(x, y)
    assert torch.equal(mixed.y, y)
    assert mixed.share.shape == (16,) and mixed.share.dtype == torch.float32
    assert mixed.share.min() >= 0 and mixed.share.max() <= 1
    assert (mixed.share < 1).any() == (name in MIXES)
    assert mixed.other.dtype == torch.int64


@pytest.mark.parametrize("name", [*sorted(MIXES), "khaireddin", "crop44", "randaugment", "albumentations"])
def test_it_trains(name, tmp_path):
    if name == "albumentations":
        pytest.importorskip("albumentations")
    crop = [f"model.preprocess.crop={SIDES[name]}", "data.size=48"] if name in SIDES else []
    result = train(tmp_path / "run", f"augment={name}", "trainer.fast_dev_run=true", "figures=true", *crop)
    assert 0 <= result["test"]["accuracy"]["value"] <= 1
    assert (tmp_path / "run" / "figures" / "samples.png").is_file()


@pytest.mark.parametrize("name", sorted(SIDES))
def test_the_options_that_a_recipe_names_exist(name):
    comment = (
        (conf_dir() / "augment" / f"{name}.yaml").read_text().partition("Goes with: ")[2].partition("\n_target_")[0]
    )
    options = re.findall(r"[a-z_.]+=\S+", comment)
    assert len(options) > 8
    config = compose("train", [f"augment={name}", *options])
    assert config["model"]["preprocess"]["crop"] == SIDES[name] == config["augment"]["steps"]["crop"]["size"]


def test_the_command_line_reaches_a_step_and_leaves_one_out():
    assert augment("mixup", "augment.steps.mixup.alpha=0.4").steps["mixup"].alpha == 0.4
    assert list(augment("mixup", "~augment.steps.flip").steps) == ["mixup"]
